"""A class of refusals, and a class at one provider."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from simulators.kernel.catalogue import ErrorRow, Place
from simulators.kernel.provider import Provider
from simulators.kernel.rules import Rule

Notice = Literal["at once", "later"]
Effect = dict[str, Any]


class Unfit(Exception):
    """A choice of refusals cannot be met; the message is a sentence."""


class Absent(Unfit):
    """A provider cannot have the class; the message is the reason, as a sentence."""


@dataclass(frozen=True, slots=True)
class RefusalCase:
    """One refusal by one provider.

    * `id`: the class, and the catalogue key where a row of the catalogue says it; `key` and `code`
      are then those of the row, else "".
    * `status`: of the HTTP answer, 0 where there is none; `text`: the provider's words or "".
    * `sentence`: what happens; `expects`: what a careful client does then.
    * `notice`: whether a client can tell "at once", or "later", by a receipt or by asking.
    * `rule`: the script, for the requests that send to `match.to`.
    """

    id: str
    provider: str
    kind: str
    sentence: str
    expects: str
    notice: Notice
    rule: Rule
    status: int = 0
    key: str = ""
    code: str | int = ""
    text: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Its fields, for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class RefusalClass:
    """One thing that goes wrong. `found` gives its row or effect at a provider, or raises
    `Absent`."""

    id: str
    sentence: str
    expects: str
    found: Callable[[Provider], ErrorRow | Effect]
    notice: Notice = "at once"

    def case(self, provider: Provider) -> RefusalCase:
        """The class at this provider. Raises `Absent`."""
        found = self.found(provider)
        if isinstance(found, ErrorRow):
            return of_row(self, provider, found)
        status = 0 if "socket" in found else found.get("answer", {}).get("status", _sent(provider))
        return RefusalCase(
            id=self.id,
            provider=provider.name,
            kind=self.id,
            sentence=self.sentence,
            expects=self.expects,
            notice=self.notice,
            rule=_rule(self.id, provider, found),
            status=status,
        )


def _rule(name: str, provider: Provider, effect: Effect) -> Rule:
    # With a `to`, a rule meets what sends and nothing else: a client may still ask what became of
    # its message.
    match = {"provider": provider.name, "to": "*"}
    return {"name": f"refusal-{name}", "match": match, "effect": effect}


def of_row(kind: RefusalClass, provider: Provider, row: ErrorRow) -> RefusalCase:
    """A row of the provider's catalogue as a case of this class."""
    name = kind.id if row.key == kind.id else f"{kind.id}-{row.key.replace(' ', '_')}"
    receipt = row.place is Place.RECEIPT
    return RefusalCase(
        id=name,
        provider=provider.name,
        kind=kind.id,
        sentence=kind.sentence,
        expects=kind.expects,
        notice="later" if receipt else kind.notice,
        rule=_rule(name, provider, {"error": row.key}),
        status=_sent(provider) if receipt else row.http_status,
        key=row.key,
        code=row.code,
        text=row.text({}),
    )


def _sent(provider: Provider) -> int:
    """The HTTP status of a message that was taken."""
    rows = [row for row in provider.catalogue if row.place is Place.RECEIPT]
    return rows[0].http_status if rows else 200
