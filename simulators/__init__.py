"""Stands in for SMS providers: answers, refuses and throttles as they do, and sends nothing."""
