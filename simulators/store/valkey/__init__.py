"""Worlds in a Valkey or Redis engine that any number of processes share."""
