"""What every provider shares. Start with `pipeline`: it is the path of one request."""
