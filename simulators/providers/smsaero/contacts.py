"""Groups and contacts: group/*, contact/*.

Both are settings documents of the account, `smsaero/groups` and `smsaero/contacts`: lists in the
order they were added, at most `MOST` of each. Shapes: the samples of smsaero_api 3.2.0.
"""

from typing import Any

from simulators.kernel import phone
from simulators.kernel.call import Reply
from simulators.kernel.provider import Exchange, Refusal
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
