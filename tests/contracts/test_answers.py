"""Every operation of five providers is made to answer that all is well; those of Aliyun and
Tencent, which want signed requests, have theirs beside their other tests.

All answers that any test gets are held to their contracts in tests/conftest.py: here no operation
is forgotten.
"""

import pytest
import requests

from simulators.catalog import PROVIDERS
from simulators.check.examples import examples
from simulators.providers.http_sms.profiles import SYSTEMS

RUSSIAN, DANISH, BRITISH, AMERICAN = "79031234567", 4512345678, "447700900001", "+15005550009"
HELLO = "Your code is 135790"
# Operations that refuse whoever asks, as FIDELITY.md says of them.
REFUSING = {"number-insight"}
LATER = 4_102_444_800  # in 2100


@pytest.fixture
def ask(sms, request):
    """Asks the provider that the test is about, five seconds after it was asked before; gives the
    JSON of an answer that says that all is well. In the end each
    operation that knows the account has answered."""
    provider = PROVIDERS[request.function.__name__.removeprefix("test_")]

    def send(method, path, **options):
        sms.simulators.call(lambda: sms.world.clock.advance(5))
        url = sms.base_url(provider.name) + path
        answer = requests.request(method, url, timeout=10, **options)
        (entry,) = sms.requests(provider.name)[:1]

        assert ("", []) == (entry["error"], entry["breaches"]), answer.text
        return answer.json() if answer.content else None

    yield send
    asked = {entry["operation"] for entry in sms.requests(provider.name)}
    assert {e.operation for e in provider.endpoints if not e.public} - REFUSING <= asked


def test_smsaero(ask, sms):
    """Ids come from the answers before; several numbers are answered with a list."""
    known = sms.credentials("smsaero")
    user = (known["email"], known["api_key"])

    def aero(selector, **given):
        return ask("POST", f"/v2/{selector}", json=given, auth=user)["data"]

    message = {"number": RUSSIAN, "text": HELLO, "sign": "SMS Aero"}
    aero("auth")
    aero("sms/status", id=aero("sms/send", **message)["id"])
    aero("sms/list")
    aero("sms/teststatus", id=aero("sms/testsend", **message)["id"])
    aero("sms/testlist")
    for selector in ("balance", "cards", "tariffs", "sign/list", "viber/sign/list"):
        aero(selector)
    aero("balance/add", sum=100, cardId=12345)
    aero("sign/add", name="Example")
    aero("hlr/status", id=aero("hlr/check", number=RUSSIAN)["id"])
    aero("hlr/check", numbers=[RUSSIAN, DANISH])
    aero("number/operator", number=RUSSIAN)
    aero("number/operator", numbers=[RUSSIAN, DANISH])
    aero("viber/statistic", sendingId=aero("viber/send", **message)["id"])
    aero("viber/list")
    group = aero("group/add", name="Friends")["id"]
    contact = aero("contact/add", number=RUSSIAN, groupId=group, sex="male", fname="Ivan")["id"]
    aero("group/list")
    aero("contact/list", number=RUSSIAN)
    aero("blacklist/add", numbers=[DANISH])
    entry = aero("blacklist/add", number=RUSSIAN)["id"]
    aero("blacklist/list")
    aero("blacklist/delete", id=entry)
    aero("contact/delete", id=contact)
    aero("group/delete", id=group)
    aero("contact/delete-all")
    aero("group/delete-all")


def test_twilio(ask, sms):
    """A message with its media, and a service with a sender, from their making to their end."""
    known = sms.credentials("twilio")
    account = f"/2010-04-01/Accounts/{known['account_sid']}"
    user = {"auth": (known["account_sid"], known["auth_token"])}
    form = {"To": AMERICAN, "From": known["number"], "Body": HELLO}

    made = ask("POST", f"{account}/Messages.json", data=form, **user)
    ask("POST", f"{account}/Messages/{made['sid']}.json", data={"Body": ""}, **user)
    ask("DELETE", f"{account}/Messages/{made['sid']}.json", **user)
    form["MediaUrl"] = "https://example.com/code.png"
    made = ask("POST", f"{account}/Messages.json", data=form, **user)
    message = f"{account}/Messages/{made['sid']}"
    ask("GET", f"{message}.json", **user)
    ask("GET", f"{account}/Messages.json", **user)
    ask("POST", f"{message}/Feedback.json", data={"Outcome": "confirmed"}, **user)
    (medium,) = ask("GET", f"{message}/Media.json", **user)["media_list"]
    ask("GET", f"{message}/Media/{medium['sid']}.json", **user)
    ask("DELETE", f"{message}/Media/{medium['sid']}.json", **user)
    for path in (f"{account}/Balance", account, "/2010-04-01/Accounts"):
        ask("GET", f"{path}.json", **user)
    made = ask("POST", "/v1/Services", data={"FriendlyName": "Codes"}, **user)
    service = f"/v1/Services/{made['sid']}"
    ask("GET", service, **user)
    ask("GET", "/v1/Services", **user)
    ask("POST", service, data={"StickySender": "false"}, **user)
    sender = ask("POST", f"{service}/AlphaSenders", data={"AlphaSender": "AcmeInc"}, **user)
    ask("GET", f"{service}/AlphaSenders", **user)
    ask("GET", f"{service}/AlphaSenders/{sender['sid']}", **user)
    ask("DELETE", f"{service}/AlphaSenders/{sender['sid']}", **user)
    ask("DELETE", service, **user)


def test_vonage(ask, sms):
    """A message, what became of it, and the account."""
    known = sms.credentials("vonage")
    user = {"api_key": known["api_key"], "api_secret": known["api_secret"]}
    text = {"from": "AcmeInc", "to": BRITISH, "text": HELLO}

    sent = ask("POST", "/sms/json", data={**user, **text})["messages"][0]["message-id"]
    ask("GET", "/search/message", params={**user, "id": sent})
    ask("GET", "/search/messages", params={**user, "ids": sent})
    told = {"message-id": sent, "delivered": "true", "timestamp": "2026-11-21 12:00:00"}
    ask("POST", "/conversions/sms", data={**user, **told})
    ask("GET", "/account/get-balance", params=user)
    ask("GET", "/search/rejections", params={**user, "date": "2026-11-21"})
    ask("GET", "/account/get-pricing/outbound/sms", params={**user, "country": "GB"})
    ask("GET", "/account/get-phone-pricing/outbound/sms", params={**user, "phone": BRITISH})
    ask("GET", "/account/get-full-pricing/outbound/sms", params=user)
    ask("GET", "/account/get-prefix-pricing/outbound/sms", params={**user, "prefix": "44"})
    sms.settings("vonage", {"vonage": {"auto_reload": 10}})
    ask("POST", "/account/top-up", data={**user, "trx": "8ef2447e69604f642ae59363aa5f781b"})
    ask("POST", "/account/settings", data={**user, "drCallBackUrl": "https://example.com/dr"})


def test_gatewayapi(ask, sms):
    """A message that is sent, one that is deleted before, a reply, and the account."""
    user = {"auth": (sms.credentials("gatewayapi")["token"], "")}
    text = {"message": HELLO, "recipients": [{"msisdn": DANISH}]}
    days = {"from": "2026-01-01", "to": "2099-12-31"}

    (sent,) = ask("POST", "/rest/mtsms", json=text, **user)["ids"]
    ask("GET", f"/rest/mtsms/{sent}", **user)
    (waits,) = ask("POST", "/rest/mtsms", json={**text, "sendtime": LATER}, **user)["ids"]
    ask("DELETE", f"/rest/mtsms/{waits}", **user)
    ask("GET", "/rest/me", **user)
    sms.reply("gatewayapi", f"+{DANISH}", "Yes")
    ask("GET", "/rest/mosms", params=days, **user)
    ask("POST", "/api/usage/labels", json=days, **user)
    prices = requests.get(sms.base_url("gatewayapi") + "/api/prices/list/sms/json", timeout=10)

    assert {"standard", "premium"} == set(prices.json())


def test_http_sms(ask, sms):
    """What Logto posts, and what others do; of each system that has a profile, its examples."""
    header = {"Authorization": sms.credentials("http_sms")["authorization"]}
    code = {"to": AMERICAN, "type": "SignIn", "payload": {"code": "135790"}}

    ask("POST", "/sms", json=code, headers=header)
    ask("GET", "/sms", params={"to": AMERICAN, "message": HELLO}, headers=header)
    for profile in SYSTEMS:
        if not profile.names:  # nobody's own form: taken for that where the account says so
            sms.settings("http_sms", {"http_sms": {"profile": profile.name}})
        for kept in examples("http_sms", f"send-{profile.name}").keeps:
            as_json = kept["headers"].get("content-type") == "application/json"
            body = {"json" if as_json else "data": kept["body"]}
            headers = {**kept["headers"], **header}
            ask(kept["method"], kept["path"], params=kept["query"], headers=headers, **body)
