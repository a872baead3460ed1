"""Verdicts that a running server has reached already, out of its journal.

Alone because all other checks work without a server.
"""

from typing import Any

from simulators.check.verdict import Verdict
from simulators.control import client
from simulators.kernel import mismatch
from simulators.kernel.contracts import Violation, contract
from simulators.kernel.world import STRANGERS

MOST = 1000


def read(url: str, account: str, token: str) -> list[Verdict]:
    """All journalled requests of an account, oldest first. Raises `ControlError`."""
    return _pages(url, "requests", account, token, "")


def nobody_s(url: str, token: str, *, strict: bool = False) -> list[Verdict]:
    """The requests of no known account that broke their contract. Whose they are cannot be told:
    their credentials could not be read or are none that an account has. Raises `ControlError`."""
    asked = {"strict_warnings": "true"} if strict else {}
    return _pages(url, "violations", STRANGERS, token, f" of {STRANGERS}", **asked)


def _pages(url: str, listed: str, account: str, token: str, of: str, **asked: str) -> list[Verdict]:
    """`MOST` at a time."""
    query = {"account": account, "limit": str(MOST), **asked}
    pages: list[list[Verdict]] = []
    while True:
        page = client.get(url, f"/_sim/{listed}", query, token=token)[listed]
        pages.insert(0, [_verdict(entry, of) for entry in page])
        if len(page) < MOST:
            return [verdict for page in pages for verdict in page]
        query["before"] = str(page[0]["sequence"])


def _signature(entry: dict[str, Any]) -> tuple[str, ...]:
    """A refused signature, explained."""
    return ("\n".join(mismatch.told(entry["mismatch"])),) if entry["mismatch"] else ()


def _verdict(entry: dict[str, Any], of: str = "") -> Verdict:
    path = entry["target"].partition("?")[0]
    violations = tuple(
        Violation(found["pointer"], found["got"], found["expected"], found["source"])
        for found in entry["breaches"]
    )
    return Verdict(
        place=f"request {entry['sequence']}{of}",
        file="",
        line=0,
        provider=entry["provider"],
        operation=entry["operation"],
        method=entry["method"],
        target=path,
        violations=violations,
        warnings=(*entry["warnings"], *_signature(entry)),
        judged=bool(violations) or contract(entry["provider"], entry["operation"]) is not None,
    )
