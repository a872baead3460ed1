"""Verdicts that a running server has reached already, out of its journal."""

from typing import Any

from simulators.catalog import PROVIDERS
from simulators.check.verdict import Verdict, is_fallback
from simulators.control import client
from simulators.kernel import mismatch
from simulators.kernel.contracts import Breach, contract

MOST = 1000


def read(url: str, account: str, token: str) -> list[Verdict]:
    """The newest `MOST` requests of an account, oldest first. Raises `ControlError`."""
    query = {"account": account, "limit": str(MOST)}
    answer = client.get(url, "/_sim/requests", query, token=token)
    return [_verdict(entry) for entry in answer["requests"]]


def _served(provider: str, operation: str) -> bool:
    return any(
        endpoint.operation == operation and not is_fallback(provider, endpoint)
        for endpoint in PROVIDERS[provider].endpoints
    )


def _verdict(entry: dict[str, Any]) -> Verdict:
    path = entry["target"].partition("?")[0]
    breaches = tuple(
        Breach(found["pointer"], found["got"], found["expected"], found["source"])
        for found in entry["breaches"]
    )
    if not _served(entry["provider"], entry["operation"]):
        got = f"`{entry['method']} {path}`, answered {entry['status']}"
        provider = PROVIDERS[entry["provider"]]
        expected = f"an operation of {provider.title}"
        breaches = (Breach("path", got, expected, provider.reference),)
    return Verdict(
        place=f"request {entry['sequence']}",
        file="",
        line=0,
        provider=entry["provider"],
        operation=entry["operation"],
        method=entry["method"],
        target=path,
        breaches=breaches,
        warnings=("\n".join(mismatch.told(entry["mismatch"])),) if entry["mismatch"] else (),
        judged=bool(breaches) or contract(entry["provider"], entry["operation"]) is not None,
    )
