"""A refused signature is explained: what the right one is over, and which mistake theirs is.

The requests are signed here, by the vendors' pages, each with one mistake.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from urllib.parse import quote, urlencode

import pytest

from simulators.catalog import PROVIDERS
from simulators.check import journalled, report
from simulators.kernel import mismatch

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def b64(key, text, digest="sha1"):
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), digest)).decode()


def enc(text):
    return quote(text, safe="~")


@pytest.fixture
def refused(sms, send_raw):
    """Sends a request; returns how its refused signature is explained."""

    def sent(path, headers, body="", method="POST"):
        port = sms.simulators.ports["http"]
        full = {"Host": f"127.0.0.1:{port}", **headers, "Content-Length": len(body.encode())}
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in full.items())]
        send_raw("\r\n".join([*lines, "Connection: close", "", body]).encode())
        return sms.requests()[-1]["mismatch"]

    return sent


def by(safe):
    """An encoder that leaves more as it is than RFC 3986 does."""
    return lambda text: quote(text, safe=f"~{safe}")


def small(text):
    return re.sub("%..", lambda found: found[0].lower(), enc(text))


def rpc_by(spelled):
    """The older scheme all by one encoder: the values, and what is made of them once more."""
    return {"spelled": spelled, "over": lambda pairs: f"POST&{spelled('/')}&{spelled(pairs)}"}


def aliyun_rpc(
    sms,
    *,
    method="POST",
    key="{}&",
    order=sorted,
    spelled=enc,
    over=None,
    digest="sha1",
    added=None,
):
    """A SendSms form by https://help.aliyun.com/zh/sdk/product-overview/rpc-mechanism."""
    known = sms.credentials("aliyun")
    sent = {
        "SignatureNonce": secrets.token_hex(16),
        "Action": "SendSms",
        "Version": "2017-05-25",
        "AccessKeyId": known["access_key_id"],
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "Timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "PhoneNumbers": "13012345678",
        "SignName": known["sign_name"],
        "TemplateCode": known["template_code"],
        "TemplateParam": '{"code": "135790"}',
        "OutId": "what's (this)*!/",
    }
    pairs = "&".join(f"{spelled(name)}={spelled(sent[name])}" for name in order(sent))
    text = over(pairs) if over else f"{method}&%2F&{enc(pairs)}"
    secret = key.format(known["access_key_secret"])
    return (
        "/aliyun/",
        {"Content-Type": FORM},
        urlencode({**sent, **(added or {}), "Signature": b64(secret, text, digest)}),
    )


PUBLISHED = PROVIDERS["aliyun"].published["access_key_secret"]


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"key": "{}"}, "the key was the secret without the & after it"),
        ({"key": f"{PUBLISHED}&"}, "the secret was the published one, not this account's"),
        pytest.param(
            {"digest": "sha256"},
            "the digest was SHA-256, not SHA-1",
            marks=pytest.mark.sms_allow_violations,  # the contract knows how long one is
        ),
        ({"method": "GET"}, "it was signed as a GET, and sent as a POST"),
        ({"order": list}, "the parameters were signed in the order sent, not by name"),
        ({"spelled": str}, "the values were not percent-encoded"),
        (
            {"over": lambda pairs: f"POST&%2F&{pairs}"},
            "the query was percent-encoded once, not twice",
        ),
        ({"over": lambda pairs: f"POST&/&{enc(pairs)}"}, "the path was not percent-encoded"),
        (
            {"over": lambda pairs: f"POST&%2F&{enc(pairs.replace('%20', '+'))}"},
            "a space was signed as +, not %20",
        ),
        ({"key": "nobody's"}, ""),
        ({"key": "{}\n&"}, "the secret had a newline behind it"),
        ({"key": "{} &"}, "the secret had a blank behind it"),
        (rpc_by(by("!'()*")), "!'()* were left as they are, as encodeURIComponent does"),
        ({"spelled": by("!'()*")}, "!'()* were left as they are, as encodeURIComponent does"),
        (rpc_by(by(":")), "a colon was left as it is"),
        ({"spelled": by(":")}, "a colon was left as it is"),
        (rpc_by(by("/")), "a slash was left as it is, as Python's quote does"),
        (rpc_by(small), "the percent-escapes were in lower case"),
        ({"method": "post"}, "the method was signed in lower case, as post"),
        ({"added": {"Format": "JSON"}}, "Format was not signed, or was added afterwards"),
        (
            {"over": lambda pairs: f"POST&%2F&{enc(pairs)}\n"},
            "a newline was signed behind the string",
        ),
    ],
)
def test_aliyuns_older_scheme(changes, mistake, sms, refused):
    """Ours, and theirs wherever the mistake is a known one."""
    found = refused(*aliyun_rpc(sms, **changes))

    assert mistake == found["mistake"]
    assert ("HMAC-SHA1", bool(mistake)) == (found["scheme"], found["theirs"] is not None)
    assert found["ours"]["string_to_sign"].startswith("POST&%2F&AccessKeyId%3D")
    assert found["expected"] != found["got"]


def aliyun_acs3(
    sms,
    *,
    host=None,
    hashed=None,
    path="/",
    key="{}",
    spelled=enc,
    method="POST",
    added="",
    end="",
    shown=bytes.hex,
):
    """The same by v3-request-structure-and-signature, everything in the query."""
    known, port = sms.credentials("aliyun"), sms.simulators.ports["http"]
    query = {
        "PhoneNumbers": "13012345678",
        "SignName": known["sign_name"],
        "TemplateCode": known["template_code"],
        "TemplateParam": '{"code":"135790"}',
        "OutId": "what's (this)*!/",
    }
    headers = {
        "host": host or f"127.0.0.1:{port}",
        "x-acs-action": "SendSms",
        "x-acs-content-sha256": hashed or hashlib.sha256(b"").hexdigest(),
        "x-acs-date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "x-acs-signature-nonce": secrets.token_hex(16),
        "x-acs-version": "2017-05-25",
    }
    line = "&".join(f"{enc(name)}={enc(query[name])}" for name in sorted(query))
    over = "&".join(f"{spelled(name)}={spelled(query[name])}" for name in sorted(query))
    head = "".join(f"{name}:{value}\n" for name, value in headers.items())
    signed = ";".join(headers)
    canonical = "\n".join([method, path, over, head, signed, headers["x-acs-content-sha256"]])
    text = f"ACS3-HMAC-SHA256\n{hashlib.sha256(canonical.encode()).hexdigest()}{end}"
    made = hmac.digest(key.format(known["access_key_secret"]).encode(), text.encode(), "sha256")
    proof = f"Credential={known['access_key_id']},SignedHeaders={signed},Signature={shown(made)}"
    del headers["host"]
    return f"/aliyun/?{line}{added}", {**headers, "Authorization": f"ACS3-HMAC-SHA256 {proof}"}


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"host": "127.0.0.1"}, "the host was signed without its port"),
        ({"host": "dysmsapi.aliyuncs.com"}, "the host was signed as dysmsapi.aliyuncs.com, and *"),
        ({"hashed": "0" * 64}, "another body was hashed than the one that was sent"),
        ({"path": "/aliyun/"}, "the path was signed as /aliyun/, not /"),
        ({"key": "{}&"}, "the key was the secret with a & after it, as in the older scheme"),
        ({"key": "{}\n"}, "the secret had a newline behind it"),
        ({"end": "\n"}, "a newline was signed behind the string"),
        ({"spelled": by("!'()*")}, "!'()* were left as they are, as encodeURIComponent does"),
        ({"spelled": by("/")}, "a slash was left as it is, as Python's quote does"),
        ({"spelled": small}, "the percent-escapes were in lower case"),
        ({"method": "post"}, "the method was signed in lower case, as post"),
        ({"added": "&SmsUpExtendCode=9"}, "SmsUpExtendCode was not signed, or was added*"),
        pytest.param(
            {"shown": lambda made: made.hex().upper()},
            "it was in hexadecimal capitals",
            marks=pytest.mark.sms_allow_violations,  # the contract has it, too
        ),
    ],
)
def test_aliyuns_newer_scheme(changes, mistake, sms, refused):
    """The canonical requests differ in what the mistake names."""
    found = refused(*aliyun_acs3(sms, **changes))

    assert found["mistake"].startswith(mistake.rstrip("*"))
    ours, theirs = (found[whose]["canonical_request"] for whose in ("ours", "theirs"))
    assert ours.startswith("POST\n/\nOutId=")
    assert (ours == theirs) is not {"key", "end", "shown"}.isdisjoint(changes)


def tencent_tc3(
    sms, *, host=None, body=None, kind=JSON, prefix="TC3", day=None, method="POST", end="", after=""
):
    """A SendSms by https://cloud.tencent.com/document/api/382/52071; `body` is what is signed."""
    known, now = sms.credentials("tencent"), int(time.time())
    sent = json.dumps(
        {
            "SmsSdkAppId": known["app_id"],
            "SignName": known["sign_name"],
            "TemplateId": known["template_id"],
            "TemplateParamSet": ["135790"],
            "PhoneNumberSet": ["+8613012345678"],
        },
        ensure_ascii=False,
    )
    date = day or datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d")
    hashed = hashlib.sha256((sent if body is None else body(sent)).encode()).hexdigest()
    host = host or f"127.0.0.1:{sms.simulators.ports['http']}"
    signed = f"content-type:{kind}\nhost:{host}\n\ncontent-type;host\n{hashed}"
    digest = hashlib.sha256(f"{method}\n/\n\n{signed}".encode()).hexdigest()
    scope = f"{date}/sms/tc3_request"
    key = f"{prefix}{known['secret_key']}{after}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    made = hmac.digest(
        key, f"TC3-HMAC-SHA256\n{now}\n{scope}\n{digest}{end}".encode(), "sha256"
    ).hex()
    proof = f"Credential={known['secret_id']}/{scope}, SignedHeaders=content-type;host"
    headers = {
        "Content-Type": JSON,
        "X-TC-Action": "SendSms",
        "X-TC-Version": "2021-01-11",
        "X-TC-Region": "ap-guangzhou",
        "X-TC-Timestamp": str(now),
        "Authorization": f"TC3-HMAC-SHA256 {proof}, Signature={made}",
    }
    return "/tencent/", headers, sent


@pytest.mark.parametrize(
    ("changes", "mistake"),
    [
        ({"host": "127.0.0.1"}, "the host was signed without its port"),
        ({"host": "sms.tencentcloudapi.com"}, "the host was signed as sms.tencentcloudapi.com, an"),
        ({"method": "post"}, "the method was signed in lower case, as post"),
        ({"end": "\n"}, "a newline was signed behind the string"),
        ({"after": "\n"}, "the secret had a newline behind it"),
        ({"prefix": ""}, "the key was derived from the secret without TC3 before it"),
        ({"day": "2020-01-01"}, "the date was 2020-01-01; in UTC that of the timestamp is 20"),
        ({"body": lambda _sent: ""}, "the body was not hashed"),
        (
            {"body": lambda sent: json.dumps(json.loads(sent))},
            "the body was signed as JSON with spaces and \\u escapes, and sent in another spelling",
        ),
        (
            {"kind": f"{JSON}; charset=utf-8"},
            "the content type was signed as application/json; charset=utf-8, and sent as applica",
        ),
    ],
)
def test_tencents_newer_scheme(changes, mistake, sms, refused):
    """With `strict`, as the vendor: without it a host by another name is taken."""
    sms.settings("tencent", {"tencent": {"strict": True}})

    found = refused(*tencent_tc3(sms, **changes))

    assert found["mistake"].startswith(mistake)
    assert found["ours"]["canonical_request"].startswith("POST\n/\n\ncontent-type:application/json")
    assert found["theirs"]["string_to_sign"].startswith("TC3-HMAC-SHA256\n")


@pytest.mark.parametrize(
    ("method", "digest", "order", "mistake"),
    [
        ("POST", "sha1", sorted, "it was signed as a POST, and sent as a GET"),
        ("GET", "sha256", sorted, "it was made by HmacSHA256, and SignatureMethod is HmacSHA1"),
        ("GET", "sha1", list, "the parameters were signed in the order sent, not by name"),
        ("get", "sha1", sorted, "the method was signed in lower case, as get"),
        (
            "GET",
            "sha1",
            lambda sent: sorted(set(sent) - {"Limit"}),
            "Limit was not signed, or was*",
        ),
    ],
)
def test_tencents_older_scheme(method, digest, order, mistake, sms, refused):
    """A signature among the parameters."""
    known = sms.credentials("tencent")
    sent = {
        "Version": "2021-01-11",
        "Action": "PullSmsSendStatus",
        "Nonce": "11886",
        "Timestamp": str(int(time.time())),
        "SecretId": known["secret_id"],
        "Region": "ap-guangzhou",
        "Limit": "10",
        "SmsSdkAppId": known["app_id"],
    }
    joined = "&".join(f"{name}={sent[name]}" for name in order(sent))
    text = f"{method}127.0.0.1:{sms.simulators.ports['http']}/?{joined}"
    sent["Signature"] = b64(known["secret_key"], text, digest)

    found = refused(f"/tencent/?{urlencode(sent)}", {}, method="GET")

    assert "HmacSHA1" == found["scheme"]
    assert found["mistake"].startswith(mistake.rstrip("*"))


@pytest.mark.parametrize(
    ("secret", "joined", "mistake"),
    [
        ("api_secret", "&{}={}", "the secret was the API secret, not the signature secret"),
        ("signature_secret", "{}={}&", ""),
        ("signature_secret", "&{}={}", "& and = in values were not replaced by _"),
        ("signature_secret", "&{}={}\n", "a newline was signed behind the string"),
        ("signature_secret", "&{}={}+", "client-ref was not signed, or was added afterwards"),
    ],
)
def test_vonages_signature(secret, joined, mistake, sms, refused):
    """By md5hash, where the secret follows the string."""
    known = sms.credentials("vonage")
    text = "a&b=c" if mistake.startswith("& and") else "hello"
    now = str(int(time.time()))
    sent = {"api_key": known["api_key"], "from": "AcmeInc", "to": "14155552671", "text": text}
    sent["timestamp"] = now
    ending = joined.partition("&{}={}")[2]
    form = joined.removesuffix(ending) if ending in ("\n", "+") else joined
    string = "".join(form.format(name, sent[name]) for name in sorted(sent))
    string += ending if ending == "\n" else ""
    if ending == "+":
        sent["client-ref"] = "a-1"
    digest = hashlib.md5((string + known[secret]).encode(), usedforsecurity=False)
    sent["sig"] = digest.hexdigest()

    found = refused("/vonage/sms/json", {"Content-Type": FORM}, urlencode(sent))

    assert ("md5hash", mistake) == (found["scheme"], found["mistake"])
    assert found["ours"]["string_to_sign"].startswith(f"&api_key={known['api_key']}&")
    assert known["signature_secret"] not in json.dumps(found)


@pytest.mark.parametrize(
    ("stamp", "said"),
    [
        (lambda now: now - 4000, "the timestamp was 4*"),
        (lambda now: now + 4000, "the timestamp was * seconds ahead; 300 are allowed either way"),
        (lambda now: now * 1000, "the timestamp was in milliseconds, not in seconds"),
        (lambda _now: "", "there was no timestamp"),
    ],
)
def test_a_stale_timestamp_of_vonages_is_told_as_that(stamp, said, sms, refused):
    """Which is answered as any signature that is not the right one."""
    sms.allow_violations()
    sms.clock.freeze(1_795_248_470)
    known = sms.credentials("vonage")
    sent = {"api_key": known["api_key"], "from": "AcmeInc", "to": "14155552671", "text": "hello"}
    sent |= {"timestamp": str(stamp(1_795_248_470)), "sig": "0" * 32}

    found = refused("/vonage/sms/json", {"Content-Type": FORM}, urlencode(sent))

    assert fnmatchcase(found["mistake"], said)
    assert found["theirs"] is None


@pytest.mark.parametrize(
    ("spelled", "end", "mistake"),
    [
        (by("!'()*"), "", "!'()* were left as they are, as encodeURIComponent does"),
        (small, "", "the percent-escapes were in lower case"),
        (enc, "\n", "a newline was signed behind the string"),
    ],
)
def test_gatewayapis_oauth_by_other_encoders(spelled, end, mistake, sms, refused):
    """RFC 5849 has its own percent-encoding, in which nothing but letters, digits and -._~ stay."""
    known, port = sms.credentials("gatewayapi"), sms.simulators.ports["http"]
    oauth = {
        "oauth_consumer_key": known["oauth_key"],
        "oauth_nonce": "what's (this)*!",
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(time.time())),
        "oauth_version": "1.0",
    }
    pairs = "&".join(f"{name}={spelled(value)}" for name, value in sorted(oauth.items()))
    url = f"http://127.0.0.1:{port}/gatewayapi/rest/me"
    text = f"GET&{enc(url)}&{spelled(pairs)}{end}"
    oauth["oauth_signature"] = b64(f"{known['oauth_secret']}&", text)
    header = ", ".join(f'{name}="{enc(value)}"' for name, value in oauth.items())

    found = refused("/gatewayapi/rest/me", {"Authorization": f"OAuth {header}"}, method="GET")

    assert mistake == found["mistake"]


def test_gatewayapis_oauth(sms, refused):
    """Signed for the vendor's address, sent to another."""
    known = sms.credentials("gatewayapi")
    oauth = {
        "oauth_consumer_key": known["oauth_key"],
        "oauth_nonce": secrets.token_hex(8),
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(int(time.time())),
        "oauth_version": "1.0",
    }
    pairs = "&".join(f"{name}={enc(value)}" for name, value in sorted(oauth.items()))
    url = "https://gatewayapi.com/rest/me"
    oauth["oauth_signature"] = b64(f"{known['oauth_secret']}&", f"GET&{enc(url)}&{enc(pairs)}")
    header = ", ".join(f'{name}="{enc(value)}"' for name, value in oauth.items())

    found = refused("/gatewayapi/rest/me", {"Authorization": f"OAuth {header}"}, method="GET")

    assert found["mistake"].startswith("the host was signed as gatewayapi.com, and sent as 127.")
    assert "GET&https%3A%2F%2Fgatewayapi.com" in found["theirs"]["string_to_sign"]


def test_a_right_signature_has_nothing_to_explain(sms, refused):
    """And a wrong secret that nobody knows has no `theirs`."""
    assert refused(*aliyun_rpc(sms)) is None
    assert refused(*tencent_tc3(sms)) is None


def test_the_mistake_is_told_wherever_a_refusal_is(sms, refused):
    """By `check`, ours beside theirs; and where a message is waited for in vain."""
    refused(*aliyun_acs3(sms, host="127.0.0.1"))
    port = sms.simulators.ports["http"]

    verdicts = journalled.read(sms.simulators.url, sms.world.id, "")
    text = report.as_text(verdicts)

    assert "warning: ACS3-HMAC-SHA256 signature\n" in text
    assert "mistake   the host was signed without its port" in text
    assert "canonical request, - ours, + theirs\n        POST\n" in "\n".join(
        text.split("      \n")
    )
    assert f"- host:127.0.0.1:{port}\n" in text
    assert "+ host:127.0.0.1\n" in text
    with pytest.raises(AssertionError, match="in its signature the host was signed without its p"):
        sms.wait_for_message(timeout=0.01)


def test_what_is_shown_is_bounded():
    """A body of any size leaves a short explanation."""
    long = mismatch.Signed("a", "x" * 10**6, "y\ud800" * 10**4)

    found = mismatch.explained("S", "page", "b" * 1000, long, [])

    assert len(json.dumps(found, ensure_ascii=False)) < 15_000
    assert found["ours"]["string_to_sign"].endswith("... (1000000 characters)")
    assert "S signature" == next(mismatch.told(found))


def aws_v4(sms):
    """A request to SNS that says that it is signed, by nothing."""
    at = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    credential = (
        f"{sms.credentials('aws_sns')['access_key_id']}/{at[:8]}/us-east-1/sns/aws4_request"
    )
    proof = f"Credential={credential}, SignedHeaders=host;x-amz-date, Signature={'0' * 64}"
    headers = {"X-Amz-Date": at, "Authorization": f"AWS4-HMAC-SHA256 {proof}"}
    return "/aws_sns/?Action=Publish&Version=2010-03-31", headers


@pytest.mark.sms_allow_violations
@pytest.mark.parametrize("made", [aliyun_acs3, tencent_tc3, aws_v4])
def test_a_header_that_is_named_often_is_signed_once(made, sms, refused):
    """Each of the tries to name the mistake would be megabytes otherwise."""
    path, headers, *body = made(sms)
    proof = re.sub(
        "SignedHeaders=([^,]*)", rf"SignedHeaders=\1{';x-long' * 200}", headers["Authorization"]
    )
    found = refused(path, {**headers, "Authorization": proof, "X-Long": "a" * 100}, *body)

    assert 1 == found["ours"]["canonical_request"].count("a" * 100)
