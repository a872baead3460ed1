"""Figures of a scenario's own among Locust's: `figure("BLOCKED", "sign-in", 1500)`."""

from locust import events


def figure(kind: str, name: str, milliseconds: float = 0.0) -> None:
    """Counts `name` once in the table, with the time it took; workers report it as any request."""
    events.request.fire(
        request_type=kind,
        name=name,
        response_time=milliseconds,
        response_length=0,
        exception=None,
        context={},
    )
