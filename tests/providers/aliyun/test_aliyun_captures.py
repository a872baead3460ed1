"""Recorded requests, replayed byte for byte over TLS under Aliyun's host name."""

import copy
import re
from datetime import UTC, datetime

import pytest

CLIENTS = (
    "logto-aliyun-sms",
    "aliyun-core-python",
    "aliyun-core-python-common",
    "aliyun-core-python-get",
    "aliyun-dysmsapi-python",
    "aliyun-dysmsapi-python-async",
)

# What those that are not accepted are told, and why.
REFUSED = {
    # A verification code of other than letters and digits.
    "unicode": "isv.INVALID_PARAMETERS",
    # Logto passes the application and the organization of the sign-in on as parameters.
    "payload-context": "isv.INVALID_JSON_PARAM",
    # The template's variable is `code`; the payload has none.
    "payload-link": "isv.TEMPLATE_MISSING_PARAMETERS",
    # +1 555 is no area code, so eleven digits are a number in mainland China.
    "template-11digit-us-looks-cn": "isv.DOMESTIC_NUMBER_NOT_SUPPORTED",
    # A template for the mainland, and numbers in Denmark and Russia.
    "to-dk-noplus": "isv.MOBILE_NUMBER_ILLEGAL",
    "to-ru-noplus": "isv.MOBILE_NUMBER_ILLEGAL",
}


def signed_at(request):
    sent = request["target"] + (request["body"] or "") + str(dict(request["headers"]))
    stamp = re.search(r"(\d{4}-\d\d-\d\dT\d\d)(?:%3A|:)(\d\d)(?:%3A|:)(\d\d)Z", sent)
    hour, minute, second = stamp.groups()
    parsed = datetime.strptime(f"{hour}:{minute}:{second}", "%Y-%m-%dT%H:%M:%S")
    return parsed.replace(tzinfo=UTC).timestamp()


def with_one_byte_changed(request):
    """The same request to another number: its last digit is one that was signed."""
    changed = copy.deepcopy(request)
    for part in ("target", "body"):
        changed[part] = re.sub(r"(PhoneNumbers=[^&]*)\d", r"\g<1>0", changed[part])
    return changed


def at(account, time):
    """Empties the account and stops its clock."""

    def prepare():
        account.world.reset()
        account.world.clock.freeze(time)

    account.simulators.call(prepare)


@pytest.fixture(params=CLIENTS)
def requests(request, captures):
    return [(capture["case"], capture["requests"][0]) for capture in captures(request.param)]


def test_answers_every_recorded_request_as_aliyun_would(requests, default, replay):
    """With the clock at its timestamp each is accepted, but for those refused by a rule."""
    codes = {}
    for case, request in requests:
        at(default, signed_at(request))
        answer = replay(request)
        codes[case] = answer.json()["Code"]

        assert 200 == answer.status
        assert len(default.messages()) == (codes[case] == "OK")

    assert {case: REFUSED.get(case, "OK") for case in codes} == codes


def test_a_changed_byte_breaks_the_signature(requests, default, replay):
    """The refusal tells the string that the server signed."""
    for _case, request in requests:
        at(default, signed_at(request))
        answer = replay(with_one_byte_changed(request))

        assert 400 == answer.status
        assert "SignatureDoesNotMatch" == answer.json()["Code"]
        assert "server string to sign is:" in answer.json()["Message"]
        assert [] == default.messages()


def test_a_recorded_request_is_accepted_once(requests, default, replay):
    """The same nonce again is a replay, and keeps nothing."""
    _case, request = requests[0]
    at(default, signed_at(request))
    first, second = replay(request), replay(request)

    assert "OK" == first.json()["Code"] or REFUSED[requests[0][0]] == first.json()["Code"]
    assert (400, "SignatureNonceUsed") == (second.status, second.json()["Code"])


def test_a_recorded_request_expires(requests, default, replay):
    """Fifteen minutes either way are allowed, and no second more."""
    codes = []
    for offset in (-901, -900, 900, 901):
        at(default, signed_at(requests[-1][1]) + offset)
        codes.append(replay(requests[-1][1]).json()["Code"])

    assert ["InvalidTimeStamp.Expired"] * 2 == [codes[0], codes[3]]
    assert "InvalidTimeStamp.Expired" not in codes[1:3]


def test_the_inbox_holds_what_a_person_would_get(default, replay, captures):
    """The signature in lenticular brackets, then the template with its variable filled in."""
    request = captures("logto-aliyun-sms")[2]["requests"][0]
    at(default, signed_at(request))
    replay(request)
    (message,) = default.messages()

    assert "+8613012345678" == message.to
    assert (
        "【阿里云短信测试】您正在使用阿里云短信测试服务，体验验证码是：654321，"
        "如非本人操作，请忽略本短信！"
    ) == message.text
    assert "654321" == default.wait_for_code("+8613012345678")
