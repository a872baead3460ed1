"""`drift`: each planted difference is found and none is invented, whatever is in between."""

import json
from xml.etree import ElementTree

import pytest

from simulators import data as folders
from simulators.catalog import PROVIDERS
from simulators.data import contracts
from simulators.drift import line
from simulators.drift.report import FORMATS
from simulators.drift.run import DIFFERS, NOT_TRIED, SAME
from simulators.probes import SANDBOX, TEST, probes
from simulators.samples import sample
from simulators.server import tls


def verdicts(report):
    return {one.name: one for one in report.verdicts}


def differing(report):
    """Kind and place of each difference, by probe."""
    return {
        one.name: [(found.kind, found.at) for found in one.differences]
        for one in report.verdicts
        if one.verdict == DIFFERS
    }


@pytest.mark.parametrize("name", PROVIDERS)
def test_nothing_differs_where_the_vendor_is_a_simulator_and_nobody_is_reached(
    name, ask, sms, vendor
):
    """Another account, other ids, other credentials: all probes but those that may cost are the
    same, and those are named. No message is left but what sandbox and test credentials make."""
    kept = []

    def plan(_came, answered):
        kept.append(len(sms.messages()))
        return answered

    vendor.plan = plan

    report = ask(name)

    assert {} == differing(report), [
        str(found) for one in report.verdicts for found in one.differences
    ]
    free = [probe for probe in probes(PROVIDERS[name]).probes if not probe.spend]
    assert [one.name for one in report.verdicts if one.verdict == SAME] == [p.name for p in free]
    assert all("--spend" in one.reason for one in report.verdicts if one.verdict == NOT_TRIED)
    sent = [
        probe.kind
        for probe, before, after in zip(free, [0, *kept], kept, strict=False)
        if after > before
    ]
    assert set(sent) <= {SANDBOX, TEST}


@pytest.mark.parametrize("name", PROVIDERS)
def test_what_may_cost_is_sent_when_asked_for(name, ask, sms):
    """To the number that was named, once; and its answer differs in nothing."""
    to = sample(name).number(77)

    report = ask(name, "good-send", spend=True, to=to)

    assert {"good-send": SAME} == {one.name: one.verdict for one in report.verdicts}
    assert [to] == [message.to for message in sms.messages()]
    assert to.removeprefix("+") not in "".join(report.lines)


def test_without_a_number_nothing_is_sent_to_anybody(ask, sms, vendor):
    """`--spend` alone sends nothing."""
    report = ask("yunpian", "good-send", spend=True)

    assert [NOT_TRIED] == [one.verdict for one in report.verdicts]
    assert ([], []) == (sms.messages(), vendor.came)


@pytest.mark.parametrize("name", ["twilio", "aliyun"])
def test_a_provider_without_a_file_has_what_follows_from_its_sample(
    name, ask, sms, tmp_path, monkeypatch
):
    """One that is brought along: its ids move from answer to answer, which is found out."""
    for file in contracts(name).iterdir():
        if file.name != "probes.json":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(folders, "_BROUGHT", {**folders._BROUGHT, name: tmp_path})

    report = ask(name, spend=True, to=sample(name).number(5))

    assert {SAME} == {one.verdict for one in report.verdicts}, differing(report)
    assert {"no-credentials", "unknown-account", "no-recipient", "good-send"} <= set(
        verdicts(report)
    )
    assert verdicts(report)["good-send"].moved


def without(document, name):
    del document[name]


# What the vendor answers otherwise, by the path and the form of the request.
PLANTED = {
    "test-to-invalid": lambda answered: setattr(answered, "status", 422),
    "test-to-unroutable": lambda answered: answered.with_json(lambda d: d.update(code=21999)),
    "test-to-region": lambda answered: answered.with_json(lambda d: d.update(message="No.")),
    "test-to-blocked": lambda answered: answered.with_json(lambda d: without(d, "more_info")),
    "test-to-landline": lambda answered: answered.with_json(lambda d: d.update(trace="secret-1")),
    "test-from-invalid": lambda answered: answered.with_json(lambda d: d.update(code="21212")),
    "test-from-not-owned": lambda answered: answered.headers.update({"content-type": "text/html"}),
    "test-from-queue-full": lambda answered: answered.headers.update({"retry-after": "1"}),
    "test-from-any-other": lambda answered: setattr(answered, "body", b"<html>oops</html>"),
    "test-accepted": lambda answered: answered.with_json(lambda d: d.update(sid="XX12")),
    "test-no-to": lambda answered: answered.with_json(lambda d: {"errors": [d]}),
    "test-no-body": lambda answered: answered.with_json(lambda d: d.update(status=None)),
    "test-body-too-long": lambda answered: answered.headers.pop("twilio-request-id"),
}
FOUND = {
    "test-to-invalid": [("status", "")],
    "test-to-unroutable": [("code", "/code")],
    "test-to-region": [("text", "/message")],
    "test-to-blocked": [("shape", "/more_info")],
    "test-to-landline": [("shape", "/trace")],
    "test-from-invalid": [("shape", "/code")],
    "test-from-not-owned": [("header", "content-type")],
    "test-from-queue-full": [("header", "retry-after")],
    "test-from-any-other": [("shape", "")],
    "test-accepted": [("shape", "/sid")],
    "test-no-to": [
        ("shape", "/errors"),
        *[("shape", f"/{name}") for name in ("code", "message", "more_info", "status")],
    ],
    "test-no-body": [("shape", "/status")],
    "test-body-too-long": [("header", "twilio-request-id")],
}


def test_each_planted_difference_is_found_and_no_other(ask, vendor):
    """In its kind and its place; all other probes are the same."""
    names = [probe.name for probe in probes(PROVIDERS["twilio"]).probes if not probe.spend]
    waiting = iter(names)

    def plan(_came, answered):
        PLANTED.get(next(waiting), lambda _answered: None)(answered)
        return answered

    vendor.plan = plan

    report = ask("twilio")

    assert FOUND == differing(report)
    assert len(names) - len(FOUND) == report.counts()[SAME]


def test_a_value_of_any_name_is_compared(ask, vendor):
    """Where nothing says that it is bound to differ."""

    def plan(_came, answered):
        return answered.with_json(lambda d: d.update(direction="inbound"))

    vendor.plan = plan

    report = ask("twilio", "test-accepted")

    assert {"test-accepted": [("value", "/direction")]} == differing(report)
    (found,) = report.verdicts[0].differences
    assert 'value at /direction: vendor "inbound", simulator "outbound-api"' == str(found)


def test_which_values_are_bound_to_differ_is_data(ask, vendor):
    """An account of another name, balance and currency is no difference."""

    def plan(came, answered):
        own = {"balance": "-3.5", "currency": "EUR"}
        other = {"friendly_name": "Somebody's", "status": "suspended", "type": "Trial"}
        return answered.with_json(lambda d: d.update(own if "Balance" in came.target else other))

    vendor.plan = plan

    assert {} == differing(ask("twilio", "account", "balance"))


def test_the_table_json_and_junit_say_the_same(ask, vendor):
    """What differs, what does not, and what was not tried."""
    vendor.plan = lambda _came, answered: answered.with_json(lambda d: d.update(code=1))
    report = ask("twilio", "test-no-to", "good-send")

    text = FORMATS["text"](report)
    document = json.loads(FORMATS["json"](report))
    cases = ElementTree.fromstring(FORMATS["junit"](report)).findall(".//testcase")  # noqa: S314 - written just now

    assert "code at /code: vendor 1, simulator 21604" in text
    assert "same: 0, differs: 1, not tried: 1" in text
    assert "may cost one message to the number of --to; --spend sends it" in text
    assert {"same": 0, "differs": 1, "not tried": 1} == document["counts"]
    assert [{"kind": "code", "at": "/code", "vendor": "1", "simulator": "21604"}] == document[
        "probes"
    ][0]["differences"]
    assert {"at": "/balance", "why": "the account's own"} in document["by_shape"]["twilio"]
    assert ["test-no-to", "good-send"] == [case.get("name") for case in cases]
    assert ["failure", "skipped"] == [case[0].tag for case in cases]


def test_rows_that_no_source_settles_are_named_where_both_refuse_alike(ask, vendor):
    """And not where they differ."""
    nobody_can_settle = "http_sms no_credentials"  # there is no vendor

    assert [nobody_can_settle] == ask("http_sms", "no-credentials").settled

    vendor.plan = lambda _came, answered: answered.with_json(lambda d: d.update(error=1))

    assert [] == ask("http_sms", "no-credentials").settled


# --- too fast, too slow, elsewhere


@pytest.mark.parametrize(
    ("given", "slept"),
    [
        ({"retry-after": "7"}, [7.0]),
        ({"retry-after": "Sat, 21 Nov 2026 08:07:59 GMT"}, [9.0]),
        ({"retry-after": "soon"}, [1.0]),
        ({}, [1.0]),
    ],
)
def test_who_asks_to_be_left_alone_is(given, slept, ask, vendor, clock):
    """For as long as it asks, and then the probe is asked again, signed anew."""

    def plan(_came, answered):
        if len(vendor.came) == 1:
            answered.status, answered.headers = 429, given
        return answered

    vendor.plan = plan

    report = ask("aliyun", "to-letters")

    assert [SAME] == [one.verdict for one in report.verdicts], differing(report)
    assert slept == clock.slept
    assert 2 == len({came.body for came in vendor.came})


def test_the_vendor_may_say_in_the_body_that_it_was_too_fast(ask, vendor, clock):
    """By the codes that the data has."""

    def plan(_came, answered):
        if len(vendor.came) < 3:
            answered.with_json(lambda d: d["messages"][0].update(status="1"))
        return answered

    vendor.plan = plan

    report = ask("vonage", "to-letters")

    assert [SAME] == [one.verdict for one in report.verdicts]
    assert [1.0, 2.0] == clock.slept


@pytest.mark.parametrize(
    ("after", "tries", "said"),
    [
        ("5", 3, "throttled: 3 tries, each answered 429"),
        ("3600", 1, "throttled: it asks to be left alone for 3600 s"),
    ],
)
def test_what_stays_throttled_was_not_tried(after, tries, said, ask, vendor):
    """It is no difference, and nobody is asked for ever."""

    def plan(_came, answered):
        answered.status, answered.headers = 429, {"retry-after": after}
        return answered

    vendor.plan = plan

    (one,) = ask("yunpian", "no-text").verdicts

    assert (NOT_TRIED, said, tries) == (one.verdict, one.reason, len(vendor.came))


def test_what_may_cost_is_not_sent_twice(ask, vendor, sms, clock):
    """What was answered 503 may have been sent all the same; what is free is tried again."""

    def plan(_came, answered):
        answered.status = 503
        return answered

    vendor.plan = plan

    (one,) = ask("vonage", "good-send", spend=True, to=sample("vonage").number(9)).verdicts
    ask("vonage", "to-letters")

    assert (DIFFERS, 503, 1) == (one.verdict, one.vendor, len(sms.messages()))
    assert 1 + line.TRIES == len(vendor.came)


def test_a_refusal_that_the_simulator_gives_too_is_no_throttling(ask, clock):
    """Twilio's magic number for a full queue is answered 429."""
    (one,) = ask("twilio", "test-from-queue-full").verdicts

    assert (SAME, 429, []) == (one.verdict, one.vendor, clock.slept)


def test_who_does_not_answer_is_told_and_soon_left_alone(ask, vendor):
    """Three in a row, and the rest is not asked."""

    def plan(_came, answered):
        vendor.released.wait()
        return answered

    vendor.plan = plan

    report = ask("gatewayapi", way={"timeout": 0.05})
    vendor.released.set()

    reasons = [one.reason for one in report.verdicts if "--spend" not in one.reason]
    assert {NOT_TRIED} == {one.verdict for one in report.verdicts}
    assert 3 * ["no answer within 0.05 s"] == reasons[:3]
    assert {"not asked any more"} == set(reasons[3:])


@pytest.mark.parametrize("where", ["http://127.0.0.1:9/elsewhere", "/same-host"])
def test_a_redirect_is_an_answer_and_is_not_followed(where, ask, vendor):
    """Not to another host, which would be given the credentials, and not to the same."""

    def plan(_came, answered):
        answered.status, answered.headers["location"] = 307, where
        return answered

    vendor.plan = plan

    report = ask("vonage", "to-letters")

    assert {"to-letters": [("status", ""), ("header", "location")]} == differing(report)
    assert 1 == len(vendor.came)


def test_a_proxy_in_between_invents_nothing(ask, vendor, sms_server):
    """It is asked with its own credentials, and adds headers of its own."""

    def plan(_came, answered):
        answered.headers.update({"Via": "1.1 proxy", "X-Cache": "MISS", "Age": "0"})
        answered.headers["content-type"] = answered.headers.pop("content-type").upper()
        return answered

    vendor.plan = plan
    proxy = vendor.url.replace("http://", "http://me:proxy-password@")

    report = ask("yunpian", "no-text", "to-letters", at=sms_server.url, way={"proxy": proxy})

    assert {SAME} == {one.verdict for one in report.verdicts}, differing(report)
    assert 2 == len(vendor.came)
    assert all(came.target.startswith(sms_server.url) for came in vendor.came)
    assert all("proxy-authorization" in came.headers for came in vendor.came)
    assert ["proxy-password"] == line.secrets_of(proxy)


def test_a_proxy_that_refuses_is_no_vendor(ask, vendor):
    """Whatever it says."""

    def plan(_came, answered):
        answered.status = 407
        return answered

    vendor.plan = plan

    with pytest.raises(line.NoAnswer, match="the proxy wants credentials of its own"):
        ask("yunpian", "no-text", way={"proxy": vendor.url})
    with pytest.raises(line.NoAnswer, match="the proxy refuses to connect: HTTP 403"):
        ask("yunpian", "no-text", at="https://127.0.0.1:9", way={"proxy": vendor.url})


def test_through_a_proxy_goes_a_tunnel_that_it_cannot_look_into(
    ask, vendor, sms_server, monkeypatch
):
    """TLS is with the vendor, whose certificate has to be trusted."""
    vendor.tunnels = True
    to = {"at": sms_server.secure_url, "way": {"proxy": vendor.url}}

    with pytest.raises(line.NoAnswer, match="the certificate is not trusted"):
        ask("yunpian", "no-text", at=sms_server.secure_url)
    monkeypatch.setenv("SSL_CERT_FILE", str(tls.ca_path(sms_server.options.tls_dir)))
    report = ask("yunpian", "no-text", **to)

    assert {SAME} == {one.verdict for one in report.verdicts}
    assert {("CONNECT", sms_server.secure_url.removeprefix("https://"))} == {
        (came.method, came.target) for came in vendor.came
    }


def test_the_environment_names_the_proxy(monkeypatch):
    """As for any client; this machine needs none."""
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "api.inside.example")

    assert "http://proxy.example:3128" == line.proxy_for("https://api.example.com", "")
    assert "" == line.proxy_for("https://api.inside.example", "")
    assert "" == line.proxy_for("https://127.0.0.1:1", "")
    assert "http://other:1" == line.proxy_for("https://api.example.com", "other:1")
    with pytest.raises(line.BadAddress, match="--proxy: expected a URL"):
        line.proxy_for("https://api.example.com", "http://other:port")


def test_whatever_the_vendor_answers_is_an_answer(ask, vendor):
    """No body, no JSON, half of it, bytes that are no text, nesting without end."""
    bodies = [
        *(b"", b"null", b"[]", b'{"code":', b"\xff\xfe\x00", b'{"code": 1e400}'),
        *(b"[" * 100_000, b"[" * 400 + b"]" * 400, b'{"a":' * 300 + b"1" + b"}" * 300),
        *(b'{"\\ud800": "\\ud800\\u001b[2J"}', b'{"code": ' + b"9" * 5000 + b"}"),
    ]
    waiting = iter(bodies)

    def plan(_came, answered):
        answered.body = next(waiting)
        return answered

    vendor.plan = plan
    names = [probe.name for probe in probes(PROVIDERS["yunpian"]).probes][: len(bodies)]

    report = ask("yunpian", *names)

    assert {DIFFERS} == {one.verdict for one in report.verdicts}
    printed = [FORMATS[shape](report) for shape in FORMATS]
    assert all("\x1b" not in text and text.encode() for text in (*printed, *report.lines))
