"""What can be set in a world, and that the providers heed it."""

import dataclasses

import pytest

from simulators.catalog import PROVIDERS
from simulators.control import templates
from simulators.kernel.templates import Signature, Template


@pytest.mark.parametrize(
    ("path", "initial", "given", "then"),
    [
        ("regions", {"allowed": None, "blocked": []}, {"allowed": ["CN"]}, None),
        ("regions", {"allowed": None, "blocked": []}, {"blocked": ["US"]}, None),
        ("optouts", {"numbers": []}, {"numbers": ["+15005550010"]}, None),
        ("balance", {"balance": None}, {"balance": 0.5}, None),
        ("suspended", {"suspended": False}, {"suspended": True}, None),
        (
            "optouts",
            {"numbers": []},
            {"numbers": ["1 500-555-0010"]},
            {"numbers": ["+15005550010"]},
        ),
    ],
)
def test_what_is_put_is_what_is_got(control, path, initial, given, then):
    """And a reset undoes it."""
    before = control("GET", f"/_sim/{path}").json
    answered = control("PUT", f"/_sim/{path}", given).json
    after = control("GET", f"/_sim/{path}").json
    control("POST", "/_sim/reset")

    assert initial == before
    assert {**initial, **(then or given)} == answered == after
    assert initial == control("GET", f"/_sim/{path}").json


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("regions", {"allowed": ["CN"]}, "21408"),
        ("regions", {"blocked": ["US"]}, "21408"),
        ("optouts", {"numbers": ["+1 415 555 2671"]}, "21610"),
        ("suspended", {"suspended": True}, "20005"),
    ],
)
def test_a_setting_refuses_what_it_should(control, send, path, body, error):
    """In the provider's words; lifted, the same request is accepted."""
    control("PUT", f"/_sim/{path}", body)
    refused = send(to="+14155552671")
    control("POST", "/_sim/reset")
    accepted = send(to="+14155552671")

    assert (error, 201) == (str(refused.json["code"]), accepted.status)


def test_limits_have_a_mode_and_windows(control, send):
    """The headroom of every window in use, by the provider and its limit."""
    assert {"mode": "provider", "windows": []} == control("GET", "/_sim/limits").json

    send()
    (window,) = control("GET", "/_sim/limits").json["windows"]

    assert "twilio" == window["provider"]
    assert window["limit"] in [limit.name for limit in PROVIDERS["twilio"].limits]
    assert window["permits"] == pytest.approx(window["used"] + window["left"])


def test_a_factor_makes_limits_tight(control, send):
    """A ten-thousandth of Twilio's queue holds three messages."""
    control("POST", "/_sim/clock", {"freeze": True})
    control("PUT", "/_sim/limits", {"mode": 0.0001})

    statuses = [send().status for _ in range(5)]

    assert [201, 201, 201, 429, 429] == statuses


def test_off_switches_limits_off(control, send):
    """Nothing is counted."""
    control("PUT", "/_sim/limits", {"mode": "off"})
    send()

    assert {"mode": "off", "windows": []} == control("GET", "/_sim/limits").json


def test_the_clock_stops_moves_and_runs(control):
    """Each answer tells the time."""
    frozen = control("POST", "/_sim/clock", {"freeze": "2026-01-01T12:00:00Z"}).json
    moved = control("POST", "/_sim/clock", {"advance": -1.5}).json
    run = control("POST", "/_sim/clock", {"run": True}).json
    stopped = control("POST", "/_sim/clock", {"freeze": True}).json

    assert {"now": "2026-01-01T12:00:00.000Z", "frozen": True} == frozen
    assert {"now": "2026-01-01T11:59:58.500Z", "frozen": True} == moved
    assert not run["frozen"]
    assert stopped == control("GET", "/_sim/clock").json


WITH_TEMPLATES = [name for name, provider in PROVIDERS.items() if provider.templates]
WITHOUT = [name for name, provider in PROVIDERS.items() if not provider.templates]


@pytest.mark.parametrize("provider", WITH_TEMPLATES)
def test_templates_can_be_replaced(control, provider):
    """What is left out of one has its usual value."""
    before = control("GET", f"/_sim/templates/{provider}").json["templates"]
    mine = {"code": "42", "content": "{1} is your code", "kind": "promotion"}

    after = control("PUT", f"/_sim/templates/{provider}", {"templates": [mine]}).json["templates"]

    assert before
    assert [{**dataclasses.asdict(Template("", "")), **mine}] == after
    assert after == control("GET", f"/_sim/templates/{provider}").json["templates"]


@pytest.mark.parametrize("provider", [n for n, p in PROVIDERS.items() if p.signatures])
def test_signatures_can_be_replaced(control, provider):
    """The same for the names that messages are signed with."""
    mine = {"name": "示例", "status": "reviewing"}

    after = control("PUT", f"/_sim/signatures/{provider}", {"signatures": [mine]}).json

    assert [{**dataclasses.asdict(Signature("")), **mine}] == after["signatures"]


@pytest.mark.parametrize("provider", WITH_TEMPLATES[:1])
@pytest.mark.parametrize(
    ("templates", "said"),
    [
        ([{"code": "1"}], "missing"),
        ([{"code": "1", "content": "x", "kid": "code"}], "did you mean 'kind'?"),
        ([{"code": "1", "content": "x", "kind": "news"}], "one of: code, notification, promotion"),
        ([{"code": "1", "content": "x"}] * 2, "a code twice"),
    ],
)
def test_a_template_that_cannot_be_is_400(control, refused, provider, templates, said):
    """With the name of the field."""
    answer = control("PUT", f"/_sim/templates/{provider}", {"templates": templates})

    assert said in refused(answer, 400)


@pytest.mark.parametrize("provider", [*WITHOUT, "nobody"])
def test_a_provider_without_templates_is_404(control, refused, provider):
    """Naming those that have them."""
    said = refused(control("GET", f"/_sim/templates/{provider}"), 404)

    assert all(name in said for name in WITH_TEMPLATES)


@pytest.mark.parametrize(
    ("kind", "schema"),
    [(Template, templates.TEMPLATE), (Signature, templates.SIGNATURE)],
)
def test_schemas_have_every_field(kind, schema):
    """A field added to the kernel's record is one that can be put."""
    assert [field.name for field in dataclasses.fields(kind)] == list(schema)


def test_providers_are_listed_with_places_and_credentials(control, sms_server, account):
    """Where each is, and what this account signs in with."""
    listed = {one["name"]: one for one in control("GET", "/_sim/providers").json["providers"]}
    twilio = listed["twilio"]
    ports = sms_server.ports

    assert set(sms_server.providers) == set(listed)
    assert "api.twilio.com" in twilio["hosts"]
    assert {
        "prefix": f"http://127.0.0.1:{ports['http']}/twilio",
        "localhost": f"http://twilio.localhost:{ports['http']}",
        "https": f"https://127.0.0.1:{ports['https']}/twilio",
        "port": None,
    } == twilio["urls"]
    assert dict(sms_server.accounts.world(account).credentials("twilio")) == twilio["credentials"]


@pytest.mark.parametrize(
    ("provider", "settings"),
    [
        ("twilio", {"twilio/trial": {"verified": ["+14155552671"]}}),
        ("vonage", {"vonage": {"test_numbers": ["+14155552671"], "webhook_method": "GET"}}),
        ("tencent", {"tencent": {"strict": True, "variable_length": 12}}),
        ("smsaero", {"smsaero": {"moderation_s": 30}}),
        ("http_sms", {"http_sms": {"to": ["header:X-To"], "answer": {"status": 202, "body": ""}}}),
    ],
)
def test_a_provider_is_bent_by_its_documents(control, provider, settings):
    """What is put is what is got; null takes it away."""
    path, (name,) = f"/_sim/settings/{provider}", settings
    before = control("GET", path).json["settings"]
    put = control("PUT", path, {"settings": settings}).json["settings"]
    gone = control("PUT", path, {"settings": {name: None}}).json["settings"]

    assert (None, settings[name], None) == (before[name], put[name], gone[name])


@pytest.mark.parametrize(
    ("provider", "settings", "status", "told"),
    [
        ("twillio", {}, 404, "did you mean 'twilio'"),
        ("twilio", {"twilio/trail": {}}, 400, "did you mean 'twilio/trial'"),
        ("aliyun", {"vonage": {}}, 400, "no settings document 'vonage'"),
        ("vonage", {"vonage": {"webhook_metod": "GET"}}, 400, "did you mean 'webhook_method'"),
        ("vonage", {"vonage": {"webhook_method": "PUT"}}, 400, "one of GET, POST, POST-JSON"),
        ("http_sms", {"http_sms": {"answer": {"status": 99}}}, 400, "200 to 599"),
    ],
)
def test_a_document_that_cannot_be_is_refused(control, refused, provider, settings, status, told):
    """By what was expected; nothing of the request is then kept."""
    answer = control("PUT", f"/_sim/settings/{provider}", {"settings": settings})

    assert told in refused(answer, status)


def test_a_trial_account_reaches_its_verified_numbers_alone(control, send):
    """As Twilio says: 21608 for any other."""
    settings = {"twilio/trial": {"verified": ["+14155552671"]}}
    control("PUT", "/_sim/settings/twilio", {"settings": settings})

    assert (201, 21608) == (send(to="+14155552671").status, send(to="+14155552672").json["code"])
