"""Warnings: what a request was hardly meant to be, though it breaks no rule of its contract.

A name that is nearly a parameter's, another vendor's name for one, a placeholder that nobody
filled, a text that was encoded twice, bytes that are no UTF-8, and what a provider's advice
(`OPERATION.advice.schema.json`) says against it. A warning fails nothing, unless it is asked to:
then it counts as a violation does.

No request waits for its warnings: they are found when somebody reads them.
"""

import base64
import binascii
import html
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

from simulators.kernel.contracts import contract, shown
from simulators.kernel.provider import Document, Endpoint

MOST_TOLD = 20

_MOST_NAMES = 200  # unknown names that are looked for, each once: nobody slips more often
_MOST_VALUES = 1000
_MOST_MEMBERS = 5000
_MOST_TAGS = 20
_LONGEST = 100  # characters of a name that are compared
_READ = 4000  # characters of a value that are read
_NEAR = 0.85

# What several vendors have, each by a name of its own, without case and separators.
_ALIKE = (
    "from fromnumber sender senderid sendername sign signname signature originator source",
    "to tonumber number numbers phone phones phonenumber phonenumbers phonenumberset mobile mobiles"
    " msisdn recipient recipients destination dest dst",
    "text body message content msg smstext",
    "callback callbackurl callbackuri statuscallback statusurl notifyurl notificationurl webhook"
    " webhookurl dlrurl deliveryurl",
    "clientref clientreference userref reference ref outid sessioncontext",
    "templatecode templateid template tplid contentsid",
    "templateparam templateparams templateparamset params variables contentvariables tplvalue",
    "ttl validity validityperiod",
    "sendat sendtime datesend schedule scheduledat scheduletime",
)
_GROUPS = {name: group for group, names in enumerate(_ALIKE) for name in names.split()}
_TEXT = _GROUPS["text"]
_SEPARATORS = re.compile(r"[^0-9a-z]")


def warnings(provider: str, endpoint: Endpoint | None, document: Document) -> list[str]:
    """The sentences about a request as far as it could be read, at most `MOST_TOLD`; none where it
    is for no operation that has a contract."""
    if endpoint is None or contract(provider, endpoint.operation) is None:
        return []
    found = dict.fromkeys(_found(provider, endpoint, document))
    return list(islice(found, MOST_TOLD))


def _found(provider: str, endpoint: Endpoint, document: Document) -> Iterator[str]:
    advice = contract(provider, f"{endpoint.operation}.advice")
    if advice is not None:
        yield from (str(advised) for advised in advice.validate(document))
    told = set()
    members = list(_members(document))
    values = list(islice(_values(members), _MOST_VALUES))
    # What sends nothing may define a template, whose placeholders belong to it.
    declared = _declared(values) if endpoint.sends else None
    for where, said in (
        *_near_names(document, members, _names(provider, endpoint.operation)),
        *(one for value in values for one in _doubts(value, declared)),
    ):
        part, _, rest = where.partition(".")
        # A query that a provider reads as the body stands in both.
        if part != "query" or (rest, said) not in told:
            told.add((rest, said))
            yield f"{where} {said}"


class _Names(NamedTuple):
    """What a contract speaks of: names of fields at any depth of query and body, in its order, and
    of headers."""

    fields: Mapping[str, None]
    headers: Mapping[str, None]


@cache
def _names(provider: str, operation: str) -> _Names:
    agreed = contract(provider, operation)
    fields: dict[str, None] = {}
    headers: dict[str, None] = {}
    if agreed is not None:
        _gather(agreed.schema, agreed.schema, fields, headers, set(), frame=True)
    return _Names(fields, headers)


def _gather(
    schema: Any,
    root: Mapping[str, Any],
    fields: dict[str, None],
    headers: dict[str, None],
    seen: set[tuple[int, bool]],
    *,
    frame: bool,
) -> None:
    """`frame` says that a schema is of the request document, whose members are no fields."""
    if not isinstance(schema, dict) or (id(schema), frame) in seen:
        return
    seen.add((id(schema), frame))

    def gather(inner: Any, *, frame: bool) -> None:
        _gather(inner, root, fields, headers, seen, frame=frame)

    if "$ref" in schema:
        gather(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], frame=frame)
    for name in ("allOf", "anyOf", "oneOf"):
        for inner in schema.get(name, ()):
            gather(inner, frame=frame)
    for name in ("if", "then", "else", "not", "items", "additionalProperties"):
        gather(schema.get(name), frame=frame)
    properties = schema.get("properties", {})
    if frame:
        head: dict[str, None] = {}
        _gather(properties.get("headers"), root, head, {}, set(), frame=False)
        headers.update(head)
        gather(properties.get("query"), frame=False)
        gather(properties.get("body"), frame=False)
        return
    fields.update(dict.fromkeys(schema.get("required", ())))
    fields.update(dict.fromkeys(properties))
    for inner in properties.values():
        gather(inner, frame=False)


class _Member(NamedTuple):
    """One member of an object or of a list: the place of what it is in, its name or number, its
    value, and the object that it is a member of, empty for a list."""

    where: str
    name: str
    value: Any
    beside: Mapping[str, Any]


_AROUND = "\ufeff\"' \t\r\n"  # a byte order mark, quotes, blanks: what names do not stand in
_NAME = re.compile(r"[\w.\-\[\] ]+")


def _bare(name: str) -> str:
    return _SEPARATORS.sub("", name[:_LONGEST].casefold())


def _near_names(
    document: Document, members: Iterable[_Member], names: _Names
) -> Iterator[tuple[str, str]]:
    """For each field and header with a name that is nearly one of the contract's, or another
    vendor's for it, where that one is not there as well."""
    looked_for: dict[str, list[str]] = {}
    for where, name, beside, known in _unknown(document, members, names):
        if name not in looked_for:
            if len(looked_for) == _MOST_NAMES:
                return
            looked_for[name] = _near(name, known, synonyms=known is names.fields)
        above = where.split(".")
        for near in looked_for[name]:
            if near not in beside and near not in above:
                yield f"{where}.{name}", f"is not known; did you mean {near}?"
                break


def _unknown(
    document: Document, members: Iterable[_Member], names: _Names
) -> Iterator[tuple[str, str, Mapping[str, Any], Mapping[str, None]]]:
    for where, name, _value, beside in members:
        if not beside or name in names.fields:
            continue
        if not _NAME.fullmatch(name[:_LONGEST]) and name.strip(_AROUND) not in names.fields:
            continue  # what is no name is no slip either, but a body that is something else
        # Name.0 and name[] are lists in a form.
        if name.partition(".")[0] not in names.fields and (
            name.partition("[")[0] not in names.fields
        ):
            yield where, name, beside, names.fields
    headers = document.get("headers") or {}
    for name in headers:
        if name not in names.headers:
            yield "headers", name, headers, names.headers


def _members(document: Document) -> Iterator[_Member]:
    """Those of the body and of the query, at any depth, the first `_MOST_MEMBERS`."""
    waiting = [_of(part, document.get(part)) for part in ("query", "body")]
    left = _MOST_MEMBERS
    while waiting and left:
        found = next(waiting[-1], None)
        if found is None:
            waiting.pop()
            continue
        left -= 1
        yield found
        if isinstance(found.value, dict | list):
            waiting.append(_of(f"{found.where}.{found.name}", found.value))


def _of(where: str, value: Any) -> Iterator[_Member]:
    if isinstance(value, dict):
        return (_Member(where, name, inner, value) for name, inner in value.items())
    if isinstance(value, list):
        return (_Member(where, str(n), inner, {}) for n, inner in enumerate(value))
    return iter(())


def _near(name: str, known: Mapping[str, None], *, synonyms: bool) -> list[str]:
    """The known names that this one may have been meant for, the likeliest first."""
    asked = _bare(name)
    bare: dict[str, list[str]] = {}
    for one in known:
        bare.setdefault(_bare(one), []).append(one)
    alike = [*([asked] if asked in bare else []), *(one for one in bare if _slip(asked, one))]
    alike += get_close_matches(asked, bare, n=1, cutoff=_NEAR)
    if synonyms and asked in _GROUPS:
        alike += [one for one in bare if _GROUPS.get(one) == _GROUPS[asked]]
    return [full for one in dict.fromkeys(alike) for full in bare[one]]


def _slip(name: str, other: str) -> bool:
    """Whether two neighbouring letters changed places, which shorter names than the likeness above
    can tell suffer as well."""
    if len(name) != len(other) or len(name) < 3 or name == other:
        return False
    at = next(n for n, (one, two) in enumerate(zip(name, other, strict=True)) if one != two)
    return name[:at] + name[at : at + 2][::-1] + name[at + 2 :] == other


class _Value(NamedTuple):
    """One text of the request, as far as it is read, at its place; `sure` says that its name is one
    that vendors have for what a person reads."""

    where: str
    text: str
    sure: bool


def _values(members: Iterable[_Member]) -> Iterator[_Value]:
    for member in members:
        if isinstance(member.value, str):
            # Of a list the name is that of the list.
            name = member.name if member.beside else member.where.rpartition(".")[2]
            sure = _GROUPS.get(_bare(name)) == _TEXT
            yield _Value(f"{member.where}.{member.name}", member.value[:_READ], sure)


def _doubts(value: _Value, declared: set[str] | None) -> Iterator[tuple[str, str]]:
    """What is wrong with one text; `declared` is None where it may define a template."""
    for doubt in _OF_ANY:
        said = doubt(value.text)
        if said:
            yield value.where, said
            return
    if value.sure:
        said = _form(value.text) or _in_base64(value.text)
        if said:
            yield value.where, said
    if declared is not None:
        said = _unfilled(value.text, declared)
        if said:
            yield value.where, said


def _no_utf8(text: str) -> str:
    if "\ufffd" not in text:
        return ""
    return (
        "has the character U+FFFD, which bytes become that are no UTF-8, as those of GBK or"
        " Latin-1; expected UTF-8"
    )


_TAKEN_FOR_LATIN = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u2013-\u2122\u0152-\u017e\u02c6\u02dc]"
)


def _latin(text: str) -> str:
    """UTF-8 that was read as Latin-1 or Windows-1252, and encoded again."""
    if not _TAKEN_FOR_LATIN.search(text):
        return ""
    for codec in ("latin-1", "cp1252"):
        try:
            meant = text.encode(codec).decode("utf-8")
        except UnicodeError:
            continue
        return (
            f"reads as UTF-8 that was taken for Latin-1 and encoded again; expected {shown(meant)}"
        )
    return ""


_ESCAPE = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_URL = re.compile(r"(?:https?|tel|mailto|sms):\S+", re.ASCII | re.IGNORECASE)


# A form within a field, as Yunpian's tpl_value is, has its names and values encoded.
_FORM = re.compile(r"[^=&\s]+=[^=&\s]*(?:&[^=&\s]+=[^=&\s]*)*")


def _percent(text: str) -> str:
    """Percent-escapes outside of URLs: a blank, what is no ASCII, or two of them and no blank."""
    if "%" not in text or _FORM.fullmatch(text):
        return ""
    plain = _URL.sub("", text)
    runs = _ESCAPE.findall(plain)
    sure = [run for run in runs if run == "%20" or "%20" in run or not _decoded(run).isascii()]
    if not sure and (len(runs) < 2 or " " in plain):
        return ""
    run = (sure or runs)[0][:30]
    return f"has `{run}`, as of percent-encoding it twice; expected the text itself"


def _decoded(run: str) -> str:
    try:
        return unquote(run, errors="strict")
    except UnicodeDecodeError:
        return ""


_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|amp|lt|gt|quot|apos|nbsp);")


def _entities(text: str) -> str:
    found = _ENTITY.search(text) if "&" in text else None
    if found is None:
        return ""
    meant = shown(html.unescape(found[0]))
    return f"has `{found[0]}`, as of HTML; expected the character itself, {meant}"


_JSON_ESCAPE = re.compile(r'\\(?:u[0-9A-Fa-f]{4}|["nrt])')


def _json_text(text: str) -> str:
    """A text written as JSON inside of JSON: in quotes with escapes, or with `\\u` escapes left."""
    found = _JSON_ESCAPE.search(text) if "\\" in text else None
    if found is None:
        return ""
    if not text.startswith('"'):
        if text.lstrip().startswith(("{", "[")) or "\\u" not in text:
            return ""  # JSON by design, such as a template's parameters, has its own escapes
        return f"has `{found[0]}`, as of JSON written twice; expected the character itself"
    try:
        inner = json.loads(text)
    except ValueError:
        return ""
    return "" if not isinstance(inner, str) else "is JSON written twice; expected the text itself"


_OBJECT = re.compile(r"\[object [A-Z][A-Za-z]+\]")
_NOTHING = frozenset({"undefined", "NaN", "None", "null", "nil"})


def _no_value(text: str) -> str:
    """What JavaScript and others make a text of that has no value."""
    if text in _NOTHING:
        return f"is `{text}`, as of a variable without a value"
    found = _OBJECT.search(text) if "[object" in text else None
    if found is not None:
        return f"has `{found[0]}`, as of an object made a text; expected a text"
    if "undefined" in text and re.search(r"\bundefined\b", text):
        return "has `undefined`, as of a variable without a value"
    return ""


_OF_ANY: tuple[Callable[[str], str], ...] = (
    _no_utf8,
    _latin,
    _percent,
    _entities,
    _json_text,
    _no_value,
)

_PLUSES = re.compile(r"[^\s+]*[^\W\d_]{2}[^\s+]*(?:\+[^\s+]+){2,}")


def _form(text: str) -> str:
    """Words with + between them, and no blank."""
    if text.count("+") < 2 or not _PLUSES.fullmatch(text):
        return ""
    return "has + for its blanks, as of a form that was encoded twice; expected the text itself"


_BASE64 = re.compile(r"[A-Za-z0-9+/]{12,}={0,2}")


def _in_base64(text: str) -> str:
    if len(text) % 4 or not _BASE64.fullmatch(text):
        return ""
    try:
        inner = base64.b64decode(text, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return "is Base64 of a text; expected the text itself" if inner.isprintable() else ""


_PLACEHOLDER = re.compile(
    r"\{\{ *[\w.]+ *\}\}|\$\{[\w.]+\}|#\{[\w.]+\}|\{[A-Za-z_]\w*\}|<%=? *\w+ *%>|\[\[\w+\]\]"
    # ##code## is no slip: it is by that that Aliyun is told to make a code.
    r"|%(?![0-9A-Fa-f]{2})[A-Za-z_]\w*%|(?<!#)#[A-Za-z_]\w*#(?!#)|\{[0-9]\}|%\([a-z_]+\)[sd]",
    re.ASCII,
)
_MARKS = ("{", "%", "#", "[[")


def _declared(values: Sequence[_Value]) -> set[str]:
    """The placeholders that a request lists and has in a text, as GatewayAPI's tags are."""
    listed = [one.text for one in values if one.where.rpartition(".")[2].isdigit()]
    named = [text for text in dict.fromkeys(listed) if _PLACEHOLDER.fullmatch(text)]
    return {
        tag
        for tag in named[:_MOST_TAGS]
        if any(tag in one.text and tag != one.text for one in values)
    }


def _unfilled(text: str, declared: set[str]) -> str:
    """A placeholder that is none of those which the request itself declares."""
    if not any(mark in text for mark in _MARKS):
        return ""
    plain = _URL.sub("", text)
    for found in _PLACEHOLDER.finditer(plain):
        if plain[found.end() : found.end() + 1] == "=":
            continue  # it is named, as in Yunpian's tpl_value
        if found[0] not in declared:
            return f"has `{found[0][:40]}` left in it; expected what it stands for"
    return ""
