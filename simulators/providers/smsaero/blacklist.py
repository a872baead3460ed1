"""blacklist/*: the numbers that want no messages (`kernel/optouts.py`).

An id is made from the number, so a number that opted out in another way has one too; and it leads
back to the number, so that none has to be gone through for it.
"""

from collections.abc import Sequence
from typing import Any

from simulators.kernel import optouts
from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.world import World
from simulators.providers.smsaero import contacts, fields, wire

MOST = 10_000
_MASK = 0x5A35A35A3


def add(exchange: Exchange) -> Reply:
    """Adds the numbers; the answer is an array where `numbers` was used."""
    given, wrong = fields.of(exchange), list[str]()
    numbers = fields.numbers(given, wrong)

    fields.hold(wrong)
    if not optouts.add(exchange.world, [number.e164 for number in numbers], MOST):
        raise Refusal("400/numbers")
    people = _people(exchange)
    shown = [_shown(number.e164, people) for number in numbers]
    return wire.success(shown[0] if "number" in given else shown)


def listing(exchange: Exchange) -> Reply:
    """The numbers, all or those asked for; ids are text here."""
    given = fields.of(exchange)
    several = given.get("numbers")
    asked = several[: fields.MAX_NUMBERS] if isinstance(several, list) else []
    asked = [given["number"]] if "number" in given else asked
    wanted = sorted({f"+{number}" for number in asked})
    found: Sequence[str] = _All(exchange.world)
    if wanted:
        found = [number for number in wanted if optouts.contains(exchange.world, number)]
    people = _people(exchange)

    def shown(number: str) -> dict[str, Any]:
        return {**_shown(number, people), "id": str(_id(number))}

    return wire.success(wire.page(exchange, found, "blacklist/list", shown))


def delete(exchange: Exchange) -> Reply:
    """Takes the number with this id out; 400 where there is none."""
    key = fields.identifier(fields.of(exchange))

    if not optouts.remove(exchange.world, f"+{key ^ _MASK}"):
        raise Refusal("400/id")
    return wire.success(None)


class _All(Sequence[str]):
    """All numbers in order, of which no more are asked for than are shown."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __len__(self) -> int:
        return optouts.count(self._world)

    def __getitem__(self, place: Any) -> Any:
        return optouts.listed(self._world, place.start, place.stop - place.start)


def _id(number: str) -> int:
    """Not the number itself, so that who takes one for the other finds out."""
    return int(number.removeprefix("+")) ^ _MASK


def _people(exchange: Exchange) -> dict[str, dict[str, Any]]:
    found = contacts.load(exchange, contacts.CONTACTS)
    return {contact["number"]: contact for contact in found}


def _shown(number: str, people: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What is known of a contact of this number is shown, null for the rest."""
    person = people.get(number, {})
    names = {name: person.get(name) for name in ("sex", "lname", "fname", "sname")}
    more = {"bday": person.get("birthday"), "param": person.get("param1")}
    others = {name: person.get(name) for name in ("param2", "param3")}
    return {"id": _id(number), "number": number.removeprefix("+"), **names, **more, **others}
