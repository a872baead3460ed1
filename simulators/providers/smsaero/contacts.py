"""Whom an account knows: groups and contacts (group/*, contact/*), and who wants no messages
(blacklist/*, which is `kernel/optouts.py`).

Groups and contacts are settings documents of the account, `smsaero/groups` and `smsaero/contacts`:
lists in the order they were added, at most `MOST` of each. Shapes: the samples of smsaero_api
3.2.0. An id of the blacklist is made from the number, so a number that opted out in another way has
one too; and it leads back to the number, so that none has to be gone through for it.
"""

from collections.abc import Sequence
from typing import Any

from simulators.kernel import optouts, phone
from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange, Refusal
from simulators.kernel.world import World
from simulators.providers.smsaero import fields, operators, wire

MOST = 1000
GROUPS, CONTACTS = "smsaero/groups", "smsaero/contacts"
_NAMES = ("lname", "fname", "sname", "param1", "param2", "param3")
_MOST_CHARACTERS = 200

Item = dict[str, Any]


def load(exchange: Exchange, kind: str) -> list[Item]:
    """The account's groups or contacts."""
    return list(exchange.world.load(kind, ()))


def group_add(exchange: Exchange) -> Reply:
    """A new group, empty."""
    name = fields.of(exchange).get("name")
    if name is None:
        raise Refusal("400/name/required")
    if not isinstance(name, str) or len(name) > _MOST_CHARACTERS:
        raise Refusal("400/name")
    group = _added(exchange, GROUPS, {"name": name}, "400/name")
    return wire.success({**group, "count": 0})


def group_list(exchange: Exchange) -> Reply:
    """The groups; ids and counts are text here."""
    members = [contact["groupId"] for contact in load(exchange, CONTACTS)]

    def shown(group: Item) -> Item:
        count = str(members.count(group["id"]))
        return {"id": str(group["id"]), "name": group["name"], "countContacts": count}

    return wire.success(wire.page(exchange, load(exchange, GROUPS), "group/list", shown))


def contact_add(exchange: Exchange) -> Reply:
    """A new contact, in a group or in none."""
    given, wrong = fields.of(exchange), list[str]()
    number = fields.number(given.get("number", ""))
    if number is None:
        wrong.append("400/number" if "number" in given else "400/number/required")
    group = _group(exchange, given, wrong)
    if given.get("sex", "male") not in ("male", "female"):
        wrong.append("400/sex")
    if any(not _short(given[name]) for name in (*_NAMES, "birthday") if name in given):
        wrong.append("400/name")
    fields.hold(wrong)
    made = {name: str(given[name]) for name in ("sex", "birthday", *_NAMES) if name in given}
    known = {**made, "number": number.e164 if number else "", "groupId": group}
    return wire.success(_shown(_added(exchange, CONTACTS, known, "400/number")))


def _group(exchange: Exchange, given: fields.Fields, wrong: list[str]) -> int | None:
    if "groupId" not in given:
        return None
    group = fields.whole(given["groupId"])
    if group not in [known["id"] for known in load(exchange, GROUPS)]:
        wrong.append("400/groupId")
    return group


def _short(value: Any) -> bool:
    return isinstance(value, str | int) and len(str(value)[:300]) <= _MOST_CHARACTERS


def contact_list(exchange: Exchange) -> Reply:
    """The contacts that have all of the values given."""
    given, groups = fields.of(exchange), load(exchange, GROUPS)
    names = {group["id"]: group["name"] for group in groups}

    def shown(contact: Item) -> Item:
        group = contact["groupId"]
        within = [{"id": group, "name": names[group]}] if group in names else []
        state = {"hlrStatus": 1, "extendHlrStatus": "available"}
        return {**_shown(contact), "groups": within, **state}

    found = [contact for contact in load(exchange, CONTACTS) if _fits(contact, given)]
    return wire.success(wire.page(exchange, found, "contact/list", shown))


def _fits(contact: Item, given: fields.Fields) -> bool:
    compared: Item = {**contact, **_shown(contact), "groupId": contact["groupId"]}
    wanted = ("number", "groupId", "birthday", "sex", "operator", *_NAMES[:3])
    return all(str(compared.get(n, "")) == str(given[n]) for n in wanted if n in given)


def _shown(contact: Item) -> Item:
    number = phone.parse(contact["number"])
    names = {name: contact.get(name, "") for name in ("sex", *_NAMES)}
    code = operators.operator(number) if number else operators.OTHER
    operator = operators.operated(number) if number else {"operator": code, "extendOperator": ""}
    return {"id": contact["id"], "number": contact["number"].removeprefix("+"), **names, **operator}


def delete(kind: str) -> Any:
    """The handler that deletes the one with the id asked for; 400 where there is none."""

    def handle(exchange: Exchange) -> Reply:
        key = fields.identifier(fields.of(exchange))

        def left(items: list[Item]) -> list[Item]:
            found = [item for item in items if item["id"] != key]
            if len(found) == len(items):
                raise Refusal("400/id")
            return found

        exchange.world.update(kind, left, [])
        return wire.success(None)

    return handle


def delete_all(kind: str) -> Any:
    """The handler that deletes all of them."""

    def handle(exchange: Exchange) -> Reply:
        exchange.world.save(kind, [])
        return wire.success(None)

    return handle


def _added(exchange: Exchange, kind: str, item: Item, full: str) -> Item:
    if len(load(exchange, kind)) >= MOST:
        raise Refusal(full)
    world = exchange.world
    made = {"id": world.store.count(world.id, kind), **item}

    def added(items: list[Item]) -> list[Item]:
        if len(items) >= MOST:
            raise Refusal(full)
        return [*items, made]

    world.update(kind, added, [])
    return made


MOST_BLACKLISTED = 10_000
_MASK = 0x5A35A35A3


def blacklist_add(exchange: Exchange) -> Reply:
    """Adds the numbers; the answer is an array where `numbers` was used."""
    given, wrong = fields.of(exchange), list[str]()
    numbers = fields.numbers(given, wrong)

    fields.hold(wrong)
    if not optouts.add(exchange.world, [number.e164 for number in numbers], MOST_BLACKLISTED):
        raise Refusal("400/numbers")
    people = _people(exchange)
    shown = [_blacklisted(number.e164, people) for number in numbers]
    return wire.success(shown[0] if "number" in given else shown)


def blacklist_list(exchange: Exchange) -> Reply:
    """The numbers, all or those asked for; ids are text here."""
    given = fields.of(exchange)
    several = given.get("numbers")
    asked = several[: fields.MAX_NUMBERS] if isinstance(several, list) else []
    asked = [given["number"]] if "number" in given else asked
    wanted = sorted({f"+{number}" for number in asked})
    found: Sequence[str] = _Blacklist(exchange.world)
    if wanted:
        found = [number for number in wanted if optouts.contains(exchange.world, number)]
    people = _people(exchange)

    def shown(number: str) -> dict[str, Any]:
        return {**_blacklisted(number, people), "id": str(_blacklist_id(number))}

    return wire.success(wire.page(exchange, found, "blacklist/list", shown))


def blacklist_delete(exchange: Exchange) -> Reply:
    """Takes the number with this id out; 400 where there is none."""
    key = fields.identifier(fields.of(exchange))

    if not optouts.remove(exchange.world, f"+{key ^ _MASK}"):
        raise Refusal("400/id")
    return wire.success(None)


class _Blacklist(Sequence[str]):
    """All numbers in order, of which no more are asked for than are shown."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __len__(self) -> int:
        return optouts.count(self._world)

    def __getitem__(self, place: Any) -> Any:
        return optouts.listed(self._world, place.start, place.stop - place.start)


def _blacklist_id(number: str) -> int:
    """Not the number itself, so that who takes one for the other finds out."""
    return int(number.removeprefix("+")) ^ _MASK


def _people(exchange: Exchange) -> dict[str, dict[str, Any]]:
    found = load(exchange, CONTACTS)
    return {contact["number"]: contact for contact in found}


def _blacklisted(number: str, people: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What is known of a contact of this number is shown, null for the rest."""
    person = people.get(number, {})
    names = {name: person.get(name) for name in ("sex", "lname", "fname", "sname")}
    more = {"bday": person.get("birthday"), "param": person.get("param1")}
    others = {name: person.get(name) for name in ("param2", "param3")}
    return {
        "id": _blacklist_id(number),
        "number": number.removeprefix("+"),
        **names,
        **more,
        **others,
    }
