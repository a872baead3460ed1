"""blacklist/*: the numbers that want no messages, which are the world's settings `optouts`.

An id is made from the number, so a number that opted out in another way has one too.
"""

import zlib
from typing import Any

from simulators.kernel.call import Reply
from simulators.kernel.catalogue import Problem
from simulators.kernel.provider import Exchange, Refusal
from simulators.providers.smsaero import contacts, fields, wire

MOST = 10_000


def add(exchange: Exchange) -> Reply:
    """Adds the numbers; the answer is an array where `numbers` was used."""
    given, wrong = fields.of(exchange), list[str]()
    numbers = fields.numbers(given, wrong)

    def added(optouts: list[str]) -> list[str]:
        known = sorted({*optouts, *(number.e164 for number in numbers)})
        fields.hold([*wrong, "400/numbers"] if len(known) > max(MOST, len(optouts)) else wrong)
        return known

    exchange.world.update("optouts", added, [])
    people = _people(exchange)
    shown = [_shown(number.e164, people) for number in numbers]
    return wire.success(shown[0] if "number" in given else shown)


def listing(exchange: Exchange) -> Reply:
    """The numbers, all or those asked for; ids are text here."""
    given = fields.of(exchange)
    several = given.get("numbers", [])
    asked = [given["number"]] if "number" in given else several if isinstance(several, list) else []
    wanted = {f"+{number}" for number in asked}
    optouts = exchange.world.load("optouts", ())
    found = [number for number in optouts if not wanted or number in wanted]
    people = _people(exchange)

    def shown(number: str) -> dict[str, Any]:
        return {**_shown(number, people), "id": str(_id(number))}

    return wire.success(wire.page(exchange, found, "blacklist/list", shown))


def delete(exchange: Exchange) -> Reply:
    """Takes the number with this id out; 404 where there is none."""
    key = fields.identifier(fields.of(exchange))

    def left(optouts: list[str]) -> list[str]:
        found = [number for number in optouts if _id(number) != key]
        if len(found) == len(optouts):
            raise Refusal(Problem.NOT_FOUND)
        return found

    exchange.world.update("optouts", left, [])
    return wire.success(None)


def _id(number: str) -> int:
    return zlib.crc32(number.encode())


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
