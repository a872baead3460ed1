"""One page a connector: its request, and what it makes of the answer."""
