"""Sockets to Flask apps: one event loop, several listeners, one shared state."""
