"""One verdict on a request, wherever it is asked for: in a file, in the journal of a running
server, by strict mode's refusal, and by `contract_server`."""

import base64
import gzip
import json
from contextlib import ExitStack, closing
from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import quote, urlencode

import pytest
from click.testing import CliRunner

from simulators.app import Options, in_thread
from simulators.catalog import PROVIDERS
from simulators.check.examples import read
from simulators.cli import commands
from simulators.data import data
from simulators.kernel import views
from simulators.kernel.accounts import DEFAULT
from simulators.kernel.call import MAX_BODY
from simulators.kernel.pipeline import Settings
from simulators.samples import sample
from simulators.testing.contract_server import exchange

FORM = "application/x-www-form-urlencoded"
CODE = b"123456"  # of a send


@dataclass(frozen=True)
class Sent:
    """One request of the corpus; `good` says that its example keeps the contract."""

    provider: str
    method: str
    target: str
    headers: dict
    body: bytes = b""
    good: bool = False


def spelled(provider, document, good=False):
    """The request of an example; some examples can be spelled only in ways that mean another."""
    headers = {name: str(value) for name, value in document["headers"].items()}
    headers.setdefault("host", provider.hosts[0])
    kind, body = headers.get("content-type", ""), document["body"]
    if body is None or document["method"] == "GET":
        raw = b""
    elif kind.startswith(FORM) and isinstance(body, dict):
        raw = urlencode(body, doseq=True).encode()
        good = good and all(isinstance(value, str) for value in body.values())
    else:
        raw = json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
        good = good and "json" in kind
    target = quote(str(document["path"]), safe="/:@,;=+$!*'()~")
    if isinstance(document["query"], dict) and document["query"]:
        target += "?" + urlencode(document["query"], doseq=True, errors="replace")
    return Sent(provider.name, document["method"], target, headers, raw, good)


def examples(provider):
    """Of each operation one that keeps its contract and two that break it."""
    for operation in sorted({endpoint.operation for endpoint in provider.endpoints}):
        path = data("contracts") / provider.name / f"{operation}.examples.json"
        if path.is_file():
            keeps, breaks = read(path.read_text(), path.name)
            yield spelled(provider, keeps[0], good=True)
            for broken in breaks[:1] + breaks[1:][-1:]:
                document = {"body": None, "method": "POST", "path": "/"} | broken.document
                named = [isinstance(document.get(part), dict) for part in ("headers", "query")]
                if all(named) and str(document["method"]).isalpha():  # else it is no HTTP
                    yield spelled(provider, document)


def spoilt(one):
    """A good send in every way that is no matter of a contract's."""
    path, _, query = one.target.partition("?")
    query = f"?{query}" if query else ""
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"):
        yield {"method": method}
    for wrong in (
        f"{path}x",
        f"{path.rstrip('/')}/z/",
        f"{path.upper()}/Z",
        "/",
        "//",
        f"/{path}",
        "/nowhere",
        "/%ff%00",
    ):
        yield {"target": wrong + query}
    many = "&".join(f"f{n}=1" for n in range(1001)).encode()
    for body in (b"", b"{", b"[]", b"1", b"\xff\xfe\x00", b"[" * 200 + b"]" * 200, many):
        yield {"body": body}
    yield {"body": b" " * (MAX_BODY + 1)}
    yield {"body": one.body.decode().encode("utf-16")}
    zipped = {"headers": {**one.headers, "content-encoding": "gzip"}}
    yield {**zipped, "body": gzip.compress(one.body, mtime=0)}
    for kind in ("text/plain", "application/xml", "application/json", FORM, "multipart/form-data"):
        yield {"headers": {**one.headers, "content-type": kind}}
        yield {"headers": {**one.headers, "content-type": kind}, "body": b'{"a":1}'}
    bare = {name: value for name, value in one.headers.items() if name != "content-type"}
    yield {"headers": bare}
    yield {"headers": bare, "body": b"hello"}
    if one.method == "GET":
        told = doubtful(query.removeprefix("?").encode())
        yield from ({"target": f"{path}?{quote(fields, safe='%&=+')}"} for fields in told)
    else:
        yield from ({"body": body} for body in doubtful(one.body))


def doubtful(body):
    """The fields of a good send with what only deserves a warning: a placeholder, bytes of another
    encoding, a text encoded twice, a near name, and more of all that than the journal keeps."""
    if body.startswith(b"{"):
        for new in (b"{{code}}", "[object Object]\ufffd".encode(), b"%20"):
            yield body.replace(CODE, new)
        yield body.replace(b"{", b'{"callbackUrll":"%20",', 1)
        yield body.replace(b"{", b'{"x":"' + b"y" * 17_000 + b'","callbackUrll":"%20",', 1)
    else:
        for new in (b"%7B%7Bcode%7D%7D", b"\xe4\xbd", b"%C4%E3", b"%2520"):
            yield body.replace(CODE, new)
        yield body + b"&callbackUrll=%2520"
        yield body + b"&x=" + b"y" * 17_000 + b"&callbackUrll=%2520"


def send_of(provider, default, one_send):
    """A send that is right in every way, with the credentials of the default account."""
    record = sample(provider.name)
    number = record.written(record.number(1))
    method, path, headers, body = one_send(default, provider.name, number)
    target = path.removeprefix(f"/{provider.name}")
    headers = {name.lower(): value for name, value in headers.items()}
    headers["host"] = provider.hosts[0]
    return Sent(provider.name, method, target, headers, body.encode(), good=True)


@pytest.fixture
def corpus(default, one_send):
    """Good and faulty requests to one provider, each with its number in a header."""

    def made(provider):
        one = send_of(provider, default, one_send)
        found = [one, *(Sent(**{**vars(one), "good": False, **s}) for s in spoilt(one))]
        found += examples(provider)
        return [
            Sent(**{**vars(sent), "headers": {**sent.headers, "x-case": str(number)}})
            for number, sent in enumerate(found)
        ]

    return made


def said(violations, warnings):
    """What a verdict is compared by; what came is masked in ways of their own."""
    return [(v["pointer"], v["expected"], v["source"]) for v in violations], list(warnings)


def by_file(corpus, folder):
    """`check` on a HAR of them all."""
    entries = [
        {
            "request": {
                "method": sent.method,
                "url": f"http://{PROVIDERS[sent.provider].hosts[0]}{sent.target}",
                "headers": [{"name": k, "value": v} for k, v in sent.headers.items()],
                "postData": {
                    "mimeType": "",
                    "text": base64.b64encode(sent.body).decode(),
                    "encoding": "base64",
                },
            }
        }
        for sent in corpus
    ]
    file = folder / "sent.har"
    file.write_text(json.dumps({"log": {"entries": entries}}))
    done = CliRunner().invoke(commands, ["check", str(file), "--format", "json"])
    assert done.stdout, done.stderr or done.exception
    return [
        said(verdict["breaches"], verdict["warnings"])
        for verdict in json.loads(done.stdout)["verdicts"]
    ]


def over_http(corpus, port):
    """Sends them all; the headers of the answers."""
    answers = []
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        for sent in corpus:
            connection.putrequest(
                sent.method, sent.target, skip_host=True, skip_accept_encoding=True
            )
            for name, value in {**sent.headers, "content-length": str(len(sent.body))}.items():
                connection.putheader(name, value.encode("utf-8"))
            connection.endheaders(sent.body)
            response = connection.getresponse()
            response.read()
            answers.append({name.lower(): value for name, value in response.getheaders()})
    return answers


def by_journal(corpus, server):
    """A running server's, wherever the request was journalled."""
    over_http(corpus, server.ports["http"])
    accounts = server.accounts

    def entries(world):
        return views.entries(accounts, world, limit=1000)

    worlds = (accounts.strangers, accounts.world(DEFAULT))
    found = [entry for world in worlds for entry in server.call(lambda w=world: entries(w))]
    verdicts = {
        entry["headers"].get("x-case"): said(entry["breaches"], entry["warnings"])
        for entry in found
    }
    return [verdicts[sent.headers["x-case"]] for sent in corpus]


def by_contract_server(corpus, made):
    """The verdicts that the fixture's server reaches."""
    found = []

    def seen(request):
        asked = exchange.read(request, ())
        found.append(said((b.as_dict() for b in asked.violations), asked.warnings))
        return ""

    made.httpserver.unexpected = seen
    over_http(corpus, made.httpserver.port)
    return found


@pytest.fixture(scope="module")
def strict(tmp_path_factory):
    """Two strict servers: of violations alone, and of warnings too."""
    folder = tmp_path_factory.mktemp("strict")
    with ExitStack() as running:
        yield [
            running.enter_context(
                in_thread(Options(port=0, tls_port=None, tls_dir=folder, settings=settings))
            )
            for settings in (Settings(strict=True), Settings(strict_warnings=True))
        ]


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda p: p.name)
def test_all_surfaces_reach_one_verdict(
    provider, corpus, default, sms_server, strict, contract_server, tmp_path
):
    """On good requests and on faulty ones, word by word but for what came; strict mode refuses
    those with a violation and no others, or those with a warning as well."""
    requests = corpus(provider)

    file = by_file(requests, tmp_path)
    journal = by_journal(requests, sms_server)
    fixture = by_contract_server(requests, contract_server)
    refused, refused_for_warnings = (
        [
            answer.get("x-simulator-rule") == "contract"
            for answer in over_http(requests, server.ports["http"])
        ]
        for server in strict
    )

    told = [f"{sent.method} {sent.target} {sent.body[:60]!r}" for sent in requests]
    assert dict(zip(told, file, strict=True)) == dict(zip(told, journal, strict=True))
    assert dict(zip(told, file, strict=True)) == dict(zip(told, fixture, strict=True))
    assert [t for t, f, r in zip(told, file, refused, strict=True) if bool(f[0]) is not r] == []
    both = zip(told, file, refused_for_warnings, strict=True)
    assert [t for t, f, r in both if any(f) is not r] == []
    good = [(t, f) for t, f, s in zip(told, file, requests, strict=True) if s.good and any(f)]
    assert [] == good
    assert sum(bool(violations) for violations, _warnings in file) > 12
    assert sum(bool(warnings) for _violations, warnings in file) > 3


@pytest.mark.parametrize("provider", PROVIDERS.values(), ids=lambda p: p.name)
def test_a_request_that_cannot_be_read_is_in_the_journal_of_who_sent_it(
    provider, default, sms_server, one_send
):
    """By wrong method and wrong path, wherever the credentials are, and by an unreadable body where
    they are not in it: `check --url` of an account is not green for what it could not read."""
    one = send_of(provider, default, one_send)
    many = "&".join(f"f{n}=1" for n in range(1001)).encode()
    kind = {"headers": {**one.headers, "content-type": FORM}}
    faults = [{"method": "PUT"}]
    if provider.name != "http_sms":  # any path of it is served
        path, mark, query = one.target.partition("?")
        faults.append({"target": f"{path.rstrip('/')}/nowhere/at/all{mark}{query}"})
    ids = [provider.published[row.name] for row in provider.credentials if row.identifies]
    in_body = any(known.encode() in one.body for known in ids)
    if one.method != "GET" and not in_body:  # a GET's is not read, and that one has nobody's name
        faults.append({**kind, "body": many})
    sent = [Sent(**{**vars(one), **fault}) for fault in faults]

    over_http(sent, sms_server.ports["http"])

    assert len(faults) == len(default.violations())
    assert len({entry["breaches"][0]["pointer"] for entry in default.violations()}) == len(faults)
