"""Where all that changes of a world is kept: what implements the protocol of `kernel/store.py`."""
