"""Twilio Verify as Supabase Auth, Zitadel and Nhost call it: the bytes that their clients write,
and what they make of the answer, by their own code.

* Supabase: supabase/auth, internal/api/sms_provider/twilio_verify.go, by Go's net/http;
* Zitadel: zitadel/zitadel, internal/notification/channels/twilio, by twilio-go;
* Nhost: nhost/nhost, services/auth/go/notifications/sms/twilio_verification.go, by twilio-go.
"""

import base64
from urllib.parse import urlencode

import pytest

TO, HOST = "+14155550101", "verify.twilio.com"
GO = "Go-http-client/1.1"
TWILIO_GO = "twilio-go/1.28.0 (linux amd64) go/go1.24.1"


@pytest.fixture
def post(default, replay):
    """Posts a form as Go does: fields in order of their names, headers in the order in which
    net/http writes them."""
    known = default.credentials("twilio_verify")
    pair = f"{known['account_sid']}:{known['auth_token']}".encode()

    def send(path, fields, agent):
        body = urlencode(sorted(fields.items()))
        lines = [
            f"POST /v2/Services/{known['verify_service_sid']}/{path} HTTP/1.1",
            f"Host: {HOST}",
            f"User-Agent: {agent}",
            f"Content-Length: {len(body)}",
            *(["Accept: application/json"] if agent == TWILIO_GO else []),
            f"Authorization: Basic {base64.b64encode(pair).decode()}",
            "Content-Type: application/x-www-form-urlencoded",
            "Accept-Encoding: gzip",
        ]
        return replay("\r\n".join([*lines, "", body]).encode(), HOST)

    return send


# The fields that their structs declare, each of which may be null or left out.
ERROR = {"code": int, "message": str, "more_info": str, "status": int}
SUPABASE = {"to": str, "status": str, "channel": str, "valid": bool, "sid": str}
SUPABASE |= {"error_code": str, "error_message": str}
_BOTH = {"sid": str, "service_sid": str, "account_sid": str, "to": str, "channel": str}
_BOTH |= {"status": str, "valid": bool, "amount": str, "payee": str, "date_created": str}
VERIFICATION = {**_BOTH, "send_code_attempts": list, "lookup": dict, "url": str}
CHECK = {**_BOTH, "sna_attempts_error_codes": list}
ZITADEL = {
    "expired": "Errors.User.Code.Expired",
    "max_attempts_reached": "Errors.User.Code.NotFound",
}


class Refused(Exception):
    """What a system tells its user."""


def decoded(answer, **types):
    """As encoding/json reads into a struct: fields that are there have the type of the struct or
    are null, which leaves them empty; anything else is an error."""
    body = answer.json()
    found = {}
    for name, kind in types.items():
        value = body.get(name)
        if value is not None and type(value) is not kind:
            raise Refused(f"json: cannot unmarshal {name}")
        found[name] = kind() if value is None else value
    return found


class Supabase:
    """It puts the plus before the stored number, and takes 200 and 201."""

    def __init__(self, post):
        self.post = post

    def asked(self, path, **fields):
        answer = self.post(path, {"To": "+" + TO.removeprefix("+"), **fields}, GO)
        if answer.status not in (200, 201):
            error = decoded(answer, **ERROR)
            raise Refused(f"{error['message']} More information: {error['more_info']}")
        return decoded(answer, **SUPABASE)

    def send(self, channel="sms"):
        return self.asked("Verifications", Channel=channel)["sid"]

    def verify(self, code, _sid):
        found = self.asked("VerificationCheck", Code=code)
        if found["status"] != "approved" or not found["valid"]:
            raise Refused(f"twilio verification error: {found['error_message']} {found['status']}")


class TwilioGo:
    """What both of the others do by twilio-go, whose structs hold any of these null."""

    def __init__(self, post):
        self.post = post

    def asked(self, path, fields, types):
        answer = self.post(path, fields, TWILIO_GO)
        if not 200 <= answer.status < 400:
            error = decoded(answer, **ERROR)
            raise Refused(
                f"Status: {error['status']} - ApiError {error['code']}: {error['message']}"
            )
        return decoded(answer, **types)


class Zitadel(TwilioGo):
    """It keeps the SID, and checks by that."""

    def send(self):
        return self.asked("Verifications", {"To": TO, "Channel": "sms"}, VERIFICATION)["sid"]

    def verify(self, code, sid):
        fields = {"VerificationSid": sid, "Code": code}
        status = self.asked("VerificationCheck", fields, CHECK)["status"]
        if status != "approved":
            raise Refused(ZITADEL.get(status, "Errors.User.Code.Invalid"))


class Nhost(TwilioGo):
    """It names the user's language, and checks by the number."""

    def send(self):
        fields = {"To": TO, "Channel": "sms", "Locale": "en"}
        self.asked("Verifications", fields, VERIFICATION)

    def verify(self, code, _sid):
        found = self.asked("VerificationCheck", {"To": TO, "Code": code}, CHECK)
        if found["status"] != "approved":
            raise Refused("invalid OTP")


# How each tells of a wrong code, of one that is not there any more, and of one send too many.
SYSTEMS = {
    Supabase: (
        "twilio verification error:  pending",
        "was not found More information: https://www.twilio.com/docs/errors/20404",
        "Max send attempts reached More information: https://www.twilio.com/docs/errors/60203",
    ),
    Zitadel: ("Errors.User.Code.Invalid", "ApiError 20404: The requested", "ApiError 60203: Max"),
    Nhost: ("invalid OTP", "ApiError 20404: The requested", "ApiError 60203: Max send"),
}


@pytest.mark.parametrize("kind", SYSTEMS, ids=lambda kind: kind.__name__)
def test_a_whole_sign_in(kind, post, default):
    """A code that is wrong, the right one, the same again, and one send too many; each told as the
    system tells it of Twilio."""
    system, (wrong, gone, too_many) = kind(post), SYSTEMS[kind]
    sid = system.send()
    (message,) = default.messages()
    assert TO == message.to

    with pytest.raises(Refused, match=wrong):
        system.verify("000000" if message.code != "000000" else "111111", sid)
    system.verify(message.code, sid)
    with pytest.raises(Refused, match=gone):
        system.verify(message.code, sid)
    for _ in range(5):
        system.send()
    with pytest.raises(Refused, match=too_many):
        system.send()


def test_supabase_sends_by_whatsapp(post, default):
    """Without a prefix before the number."""
    assert Supabase(post).send("whatsapp").startswith("VE")
    assert [TO] == [message.to for message in default.messages()]
