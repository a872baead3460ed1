"""`sms-simulators check`: recorded requests held to the providers' contracts, without a server."""
