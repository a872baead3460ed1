"""Warnings: what is told of a request, and above all of which nothing is."""

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel import lint


def warned(provider="twilio", operation="create-message", body=None, query=None, headers=None):
    endpoint = next(e for e in PROVIDERS[provider].endpoints if e.operation == operation)
    document = {"headers": headers or {}, "query": query or {}, "body": body}
    return lint.warnings(provider, endpoint, {"method": "POST", "path": "/", **document})


@pytest.mark.parametrize(
    "text",
    [
        "Your code is 482913",
        "50% off today, 20% tomorrow; 100%!",
        "10%de descuento, 5%ab",
        "https://example.com/verify?code=482913&to=%2B15005550009%20x",
        "Call tel:+1%2D415 or see http://example.com/{id}/a+b+c",
        "1+1=2 and a+b",
        "+1+415+555",
        "C# and #1, #hashtag, item #5#6",
        'She said "hello" \\o/ C:\\new\\table',
        "R&D; AT&T & more; fish &chips;",
        "ABCDEFGHIJKL",
        "QWxhZGRpbjpvcGVu",  # as Base64 it would be a text, and as a word it is one
        "{ code } {482913} $5 {}",
        "验证码 482913, Код 482913, Ünïcödé ÃŸ",
        "naïve café — señor, Ångström, Ärger",
        "None of your business, null and void",
        "\U0001f600 \u200d",
    ],
)
def test_a_text_that_is_meant_so_has_no_warning(text):
    """Whatever looks like something else in it."""
    found = warned(body={"To": "+15005550009", "Body": text})

    assert [] == [said for said in found if not text.startswith(("QWx", "验"))], found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Code {{ user.code }}", "has `{{ user.code }}` left in it"),
        ("Code ${code}", "has `${code}` left in it"),
        ("Code #code#", "has `#code#` left in it"),
        ("Code %code%", "has `%code%` left in it"),
        ("Code%20482913", "has `%20`, as of percent-encoding it twice"),
        ("%E9%AA%8C 482913", "has `%E9%AA%8C`"),
        ("Your+code+is+482913", "has + for its blanks"),
        ("a &lt;b&gt;", "has `&lt;`, as of HTML; expected the character itself, `<`"),
        ("\\u9a8c 482913", "has `\\u9a8c`, as of JSON written twice"),
        ('"a \\"b\\""', "is JSON written twice"),
        ("WW91ciBjb2RlIGlzIDQ4MjkxMw==", "is Base64 of a text"),
        ("Ã©tÃ©", "reads as UTF-8 that was taken for Latin-1 and encoded again; expected `été`"),
        ("â‚¬ 5", "expected `€ 5`"),
        ("\ufffd\ufffd 482913", "has the character U+FFFD"),
        ("Code [object Promise]", "has `[object Promise]`, as of an object made a text"),
        ("None", "is `None`, as of a variable without a value"),
    ],
)
def test_a_text_that_is_not_meant_so_has_one_that_names_it(text, said):
    """With what was expected in its place."""
    (found,) = warned(body={"To": "+15005550009", "Body": text})

    assert found.startswith(f"body.Body {said}") or said in found


@pytest.mark.parametrize(
    ("provider", "operation", "body", "said"),
    [
        ("gatewayapi", "send-sms", {"from": "A"}, "body.from is not known; did you mean sender?"),
        ("gatewayapi", "send-sms", {"callbackUrl": "h"}, "did you mean callback_url?"),
        ("vonage", "send-sms", {"status_report_req": "1"}, "did you mean status-report-req?"),
        ("vonage", "send-sms", {"callbackUrl": "h"}, "did you mean callback?"),
        ("twilio", "create-message", {"form": "A"}, "body.form is not known; did you mean From?"),
        ("smsaero", "send-sms", {"phone": "7"}, "body.phone is not known; did you mean number?"),
        ("yunpian", "single-send", {"to": "1"}, "body.to is not known; did you mean mobile?"),
        ("tencent", "send-sms", {"TemplateParam": "1"}, "did you mean TemplateParamSet?"),
    ],
)
def test_a_name_of_another_vendor_or_by_a_slip_has_the_right_one(provider, operation, body, said):
    """Where that one is not there as well."""
    found = [one for one in warned(provider, operation, body) if "is not known" in one]

    assert 1 == len(found)
    assert said in found[0]


def test_a_name_of_headers_is_compared_with_those_of_headers():
    """And with those that stand there already none is confused."""
    headers = {"x-tc-acton": "SendSms", "x-tc-region": "r", "content_type": "a", "x-trace": "1"}
    found = warned("tencent", "send-sms", {}, headers=headers)

    assert [
        "headers.x-tc-acton is not known; did you mean x-tc-action?",
        "headers.content_type is not known; did you mean content-type?",
    ] == found


def test_a_query_that_is_read_as_the_body_is_told_once():
    """In the words of the body."""
    fields = {"sender": "A", "message": "{{code}}", "recipients.0.msisdn": "4512345678"}
    nested = {"sender": "A", "message": "{{code}}", "recipients": [{"msisdn": "4512345678"}]}
    found = warned("gatewayapi", "send-sms", nested, query=fields)

    assert ["body.message"] == [said.split(" ")[0] for said in found if "{{code}}" in said]


def test_placeholders_that_the_request_declares_and_those_of_templates_are_meant():
    """GatewayAPI's tags, Yunpian's names of values, Aliyun's place of a code that it makes, and
    what defines a template."""
    tagged = {"message": "Hello %NAME%", "tags": ["%NAME%"], "sender": "A", "recipients": []}
    template = {"TemplateContent": "Your code is ${code}", "TemplateName": "Code"}

    assert [] == [
        said
        for said in warned("gatewayapi", "send-sms", tagged)
        if "left in it" in said or "NAME" in said
    ]
    assert [] == warned("aliyun", "add-sms-template", template)
    made = {"TemplateParam": '{"code":"##code##","min":"5"}'}
    assert [] == warned("aliyun_mas", "send-sms-verify-code", made)
    assert [] == [
        said
        for said in warned("yunpian", "single-send", {"text": "x", "tpl_value": "#code#=1"})
        if "left in it" in said
    ]


def test_of_many_warnings_some_are_told():
    """However large the document: nobody reads more, and others wait."""
    body = {"recipients": [{f"msisd{n}": "{{code}}"} for n in range(30_000)]}

    assert lint.MOST_TOLD == len(warned("gatewayapi", "send-sms", body))


def test_nothing_is_told_where_nobody_knows_what_was_asked_for():
    """Nor of what has no contract."""
    document = {"method": "POST", "path": "/", "headers": {}, "query": {}, "body": {"a": "{{b}}"}}
    unknown = next(e for e in PROVIDERS["tencent"].endpoints if e.operation == "unknown-action")

    assert [] == lint.warnings("tencent", None, document)
    assert [] == lint.warnings("tencent", unknown, document)
