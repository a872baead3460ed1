"""How many wrong requests are noticed: by `check`, and by anybody, the provider's refusal included.

`wrong/PROVIDER.json` has the ways in which a provider's clients send (`surfaces`), and what only a
person would get wrong; `wrong/kinds.json` is what goes wrong everywhere. Each request has one thing
wrong with it. Which of them `check` does not notice is listed with the reason (`unnoticed`), so
whatever is noticed better or worse than before is a line in the change that did it.
"""

import base64
import copy
import gzip
import json
import pkgutil
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

import jsonpatch
import pytest

from simulators.catalog import PROVIDERS
from simulators.check.verdict import held
from simulators.data import contracts, data
from simulators.kernel import views
from simulators.kernel.accounts import DEFAULT, Accounts
from simulators.kernel.call import MAX_BODY, Call
from simulators.kernel.pipeline import Pipeline, Settings
from simulators.samples import FORM, JSON, sample
from simulators.server import routes
from simulators.store.memory import MemoryStore

FOLDER = Path(__file__).parent / "wrong"
KINDS = json.loads((FOLDER / "kinds.json").read_text())
CORPUS = {
    path.stem: json.loads(path.read_text())
    for path in sorted(FOLDER.glob("*.json"))
    if path.stem != "kinds"
}
NOW = 1_795_248_470.0


@dataclass(frozen=True)
class Wrong:
    """One wrong request; `name` is where it is sent and why it is wrong."""

    name: str
    call: Call


class Surface:
    """One way in which a client of a provider sends, and where it has its fields."""

    def __init__(self, provider, name):
        self.provider, self.name = PROVIDERS[provider], name
        self.told = CORPUS[provider]["surfaces"][name]
        own = json.loads((contracts(provider) / "sample.json").read_text())["send"]
        self.template = {**own, "headers": {}, **self.told["send"]} if "send" in self.told else own
        if "send" in self.told:
            left = {"form", "json", "query", "basic", "sign"} - set(self.told["send"])
            self.template = {k: v for k, v in self.template.items() if k not in left}
        self.fields = next(part for part in ("json", "form", "query") if part in self.template)
        record = sample(provider)
        self.values = {
            **self.provider.published,
            "to": record.written(record.number(1)),
            "code": "482913",
            **{str(n): "x" * n for n in (801, 1601, 3201)},
        }

    def good(self):
        return self.call(self.filled(self.template))

    def filled(self, value):
        if isinstance(value, str):
            return re.sub(r"\{(\w+)\}", lambda m: self.values.get(m[1], m[0]), value)
        if isinstance(value, dict):
            return {name: self.filled(inner) for name, inner in value.items()}
        return [self.filled(inner) for inner in value] if isinstance(value, list) else value

    def call(self, made):
        """The request of a template that is filled, signed as its client signs."""
        headers, body = {"host": self.provider.hosts[0]}, b""
        if "form" in made:
            headers["content-type"] = FORM
            body = urlencode(made["form"], doseq=True).encode()
        elif "json" in made:
            headers["content-type"] = JSON
            body = json.dumps(made["json"], ensure_ascii=False).encode()
        if "basic" in made:
            headers["authorization"] = f"Basic {base64.b64encode(made['basic'].encode()).decode()}"
        headers |= made.get("headers", {})
        path, query = made["path"], urlencode(made.get("query", {}), doseq=True)
        call = Call(made["method"], path, query, headers, body, raw_path=quote(path))
        if "sign" in made:
            sign = pkgutil.resolve_name(made["sign"])
            call = sign(call, self.provider.published, NOW, "n" * 32)
        return call

    def changed(self, why, *operations):
        """With a JSON Patch on its template, before the placeholders are filled; `text` has no
        placeholders to fill."""
        patch = [
            {name: self._placed(name, value) for name, value in operation.items()}
            for operation in operations
        ]
        made = jsonpatch.apply_patch(copy.deepcopy(self.template), patch)
        return Wrong(f"{self.name}: {why}", self.call(self.filled(made)))

    def _placed(self, name, value):
        return value.replace("{fields}", self.fields) if name in ("path", "from") else value

    def holding(self, why, place, text):
        """With this text in a field, just as it is."""
        made = self.filled(self.template)
        *way, last = [self.fields, *place.split("/")]
        node = made
        for part in way:
            node = node[int(part) if part.isdigit() and isinstance(node, list) else part]
        if isinstance(node, list):
            last = int(last)
        was = node[last]
        node[last] = (
            text if not str(was).startswith("{") else json.dumps({"code": text}, ensure_ascii=False)
        )
        return Wrong(f"{self.name}: {why}", self.call(made))


def other(call, kind):
    """The same fields as JSON or as a form."""
    if call.content_type == FORM:
        return json.dumps(dict(parse_qsl(call.body.decode()))).encode()
    fields = json.loads(call.body)
    return urlencode({k: v if isinstance(v, str) else json.dumps(v) for k, v in fields.items()})


def parts(call):
    fields = (
        parse_qsl(call.body.decode())
        if call.content_type == FORM
        else [(k, v) for k, v in json.loads(call.body).items() if isinstance(v, str)]
    )
    made = "".join(
        f'--XX\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields
    )
    return f"{made}--XX--\r\n"


SPELLED = {
    "other": lambda call: other(call, None),
    "parts": parts,
    "json text": lambda call: json.dumps(call.body.decode()),
    "percent": lambda call: quote(call.body, safe=""),
    "base64": lambda call: base64.b64encode(call.body),
    "gzip": lambda call: gzip.compress(call.body, mtime=0),
    "bom": lambda call: b"\xef\xbb\xbf" + call.body,
    "utf-16": lambda call: call.body.decode().encode("utf-16"),
    "latin": lambda call: call.body.replace(b"482913", b"482\xe4913"),
    "half": lambda call: call.body[: len(call.body) // 2],
    "nothing": lambda _call: b"",
    "huge": lambda call: call.body + b" " * MAX_BODY,
}


def bodies(surface):
    good = surface.good()
    bare = {name: value for name, value in good.headers.items() if name != "content-type"}
    otherwise = JSON if good.content_type == FORM else FORM
    for kind in KINDS["bodies"]:
        if kind["why"] in CORPUS[surface.provider.name].get("right", ()):
            continue
        body = SPELLED[kind["as"]](good) if "as" in kind else good.body
        said = kind.get("type", otherwise if kind.get("as") == "other" else "same")
        said = {"same": good.content_type, "other": otherwise}.get(said, said)
        headers = {**bare, "content-type": said} if said else bare
        body = body.encode() if isinstance(body, str) else body
        yield Wrong(f"{surface.name}: {kind['why']}", replace(good, headers=headers, body=body))


def names(surface):
    """Fields that are left out, and those that go by another name."""
    at = f"/{surface.fields}/"
    for field in surface.told["needs"]:
        yield surface.changed(f"{field} is left out", {"op": "remove", "path": at + field})
    for field, others in CORPUS[surface.provider.name]["names"].items():
        for near in others if field in surface.template[surface.fields] else ():
            move = {"op": "move", "from": at + field, "path": at + near}
            yield surface.changed(f"{near} for {field}", move)


def lines(surface):
    good = surface.good()
    for kind in KINDS["lines"]:
        if kind["why"] in CORPUS[surface.provider.name].get("right", ()):
            continue
        path = kind.get("path", good.path).format(path=good.path, upper=good.path.upper())
        method = kind.get("method", good.method)
        if (method, path) != (good.method, good.path):
            made = replace(good, method=method, path=path, raw_path=quote(path))
            yield Wrong(f"{surface.name}: {kind['why']}", made)


def derived(provider, name):
    """All wrong requests of one surface."""
    surface, told = Surface(provider, name), CORPUS[provider]
    for number in told["numbers"]:
        yield surface.holding(f"to {number!r}", surface.told["to"], number)
    for kind, place in (("texts", "text"), ("values", "value")):
        for one in KINDS[kind] if place in surface.told else ():
            yield surface.holding(one["why"], surface.told[place], one["text"])
    yield from names(surface)
    for one in told["more"]:
        if one.get("surface", name) == name:
            try:
                yield surface.changed(one["why"], *one["patch"])
            except jsonpatch.JsonPatchException:  # it has no such field
                continue
    if surface.fields != "query":
        yield from bodies(surface)
    yield from lines(surface)


SURFACES = [(provider, name) for provider, told in CORPUS.items() for name in told["surfaces"]]


@pytest.fixture(scope="module")
def journalled():
    """The journal's entry of a request, and whether the provider refused it, or any of its
    recipients; a server of its own without flow control, in this process."""
    accounts = Accounts(MemoryStore(), PROVIDERS.values(), system=lambda: NOW)
    pipeline = Pipeline(accounts, Settings(limits="off"))

    def asked(provider, call):
        for world in (accounts.world(DEFAULT), accounts.strangers):
            world.reset()
        candidates, params = routes.match(provider, call)
        pipeline.respond(provider, candidates, call, params)
        for world in (accounts.world(DEFAULT), accounts.strangers):
            for entry in views.entries(accounts, world, limit=1):
                return entry, bool(entry["error"] or not entry["messages"])
        raise AssertionError("no journal has it")

    return asked


def test_every_provider_has_its_wrong_requests():
    """Those that came from elsewhere have their tests there."""
    ours = {name for name in PROVIDERS if contracts(name).parent == data("contracts")}

    assert ours == set(CORPUS), f"expected {FOLDER}/NAME.json, of the form that its neighbours have"


@pytest.mark.parametrize(("provider", "name"), SURFACES, ids="/".join)
def test_a_good_request_of_each_surface_is_good(provider, name, journalled):
    """Nothing is said of it, and it is taken: what is said of a wrong one is for what is wrong."""
    good = Surface(provider, name).good()
    _, violations, warnings = held(PROVIDERS[provider], good)

    assert ([], []) == (violations, warnings)
    assert not journalled(PROVIDERS[provider], good)[1]


@pytest.mark.parametrize("provider", CORPUS)
def test_wrong_requests_are_noticed(provider, journalled):
    """By `check` in a violation or a warning, but for those listed; of these the ones that not
    even the provider refuses say so. How many there are is held, by surface. And the journal says
    of each what `check` says."""
    told, found, counted = CORPUS[provider], {}, {}
    for name in told["surfaces"]:
        wrong = list(derived(provider, name))
        assert [] == [n for n, k in Counter(one.name for one in wrong).items() if k > 1]
        checked, missed, nobody = [], [], []
        for one in wrong:
            _, violations, warnings = held(PROVIDERS[provider], one.call)
            entry, refused = journalled(PROVIDERS[provider], one.call)
            checked.append(bool(violations or warnings))
            missed += [] if checked[-1] else [one]
            nobody += [] if checked[-1] or refused else [one]
            said = [(v["pointer"], v["expected"]) for v in entry["breaches"]]
            assert said == [(v.pointer, v.expected) for v in violations], one.name
            assert entry["warnings"] == warnings, one.name
        found |= {one.name: "nobody" if one in nobody else "the provider" for one in missed}
        anywhere = len(wrong) - len(nobody)
        counted[name] = {"wrong": len(wrong), "check": sum(checked), "anywhere": anywhere}

    listed = {name: by for by, names in told["unnoticed"].items() for name in names}
    assert listed == found
    assert all(reason for names in told["unnoticed"].values() for reason in names.values())
    assert told["counted"] == counted, f'if this is meant: "counted": {json.dumps(counted)}'
