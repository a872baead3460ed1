"""Logto's choice of a template, and its handlebars."""

import pytest

from simulators.otp.connector import ConnectorError, Message, Moment, choose, fill, spelled
from simulators.otp.factories import CONNECTORS

CONFIG = {
    "templates": [
        {"usageType": "SignIn", "content": "first"},
        {"usageType": "SignIn", "content": "second"},
        {"usageType": "Generic", "content": "generic"},
    ]
}


def test_the_first_template_of_a_use_is_taken():
    """A second one is never reached."""
    assert "first" == choose(CONFIG, "SignIn")["content"]


def test_generic_stands_in_for_a_use_without_a_template():
    """Unless the connector asks for the very one, as Tencent's and SMS Aero's do."""
    assert "generic" == choose(CONFIG, "BindMfa")["content"]

    with pytest.raises(ConnectorError) as caught:
        choose(CONFIG, "BindMfa", exactly=True)

    said = "Cannot find template for type: BindMfa"
    assert ("template_not_found", said) == (caught.value.code, caught.value.data)


@pytest.mark.parametrize("config", [{}, {"templates": []}])
def test_a_configuration_without_templates_is_refused_with_the_use(config):
    """As when a connector was made without a configuration."""
    with pytest.raises(ConnectorError, match="Cannot find template for type: SignIn"):
        choose(config, "SignIn")


@pytest.mark.parametrize(
    ("factory", "refuses"),
    [
        ("tencent-short-message-service", True),
        ("smsaero-short-message-service", True),
        ("twilio-short-message-service", False),
        ("aliyun-short-message-service", False),
    ],
)
def test_two_connectors_refuse_a_use_without_a_template_before_they_send(factory, refuses):
    """UserPermissionValidation with the four that Logto asks for."""
    texts = {"content": "{{code}}", "templateCode": "1"}
    templates = [{"usageType": use, **texts} for use in ("Register", "SignIn", "Generic")]
    names = "accountSID authToken fromMessagingServiceSID email apiKey senderName accessKeyId"
    names += " accessKeySecret signName sdkAppId region"
    config = {**dict.fromkeys(names.split(), "x"), "templates": templates}
    message = Message(to="1", usage="UserPermissionValidation", payload={"code": "1"})

    try:
        made = CONNECTORS[factory].request(config, message, Moment(0, "n"))
    except ConnectorError as refused:
        made = refused.code

    assert refuses == (made == "template_not_found")


PAYLOAD = {
    "code": "043527",
    "uiLocales": "fr-CA fr",
    "application": {"name": "Acme", "custom": None, "n": {"deep": 1}},
    "nothing": None,
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{{code}} and {{code}}", "043527 and 043527"),
        ("{{ code }} {{\tcode\n}}", "043527 043527"),
        ("{code} {{ co de }} {{}} {{.}} {{code}", "{code} {{ co de }} {{}} {{.}} {{code}"),
        ("{{locale}} {{organization.name}}", "{{locale}} {{organization.name}}"),
        ("{{application.name}}/{{uiLocales}}", "Acme/fr-CA fr"),
        ("<{{application.absent}}><{{application.custom}}><{{nothing}}>", "<><><>"),
        ("<{{code.length}}><{{application.n.deep.er}}>", "<><>"),
        ("{{application}} {{application.n.deep}}", "[object Object] 1"),
        ("{{{code}}}", "{043527}"),
        ("{{Code}} {{кода}}", "{{Code}} {{кода}}"),
    ],
)
def test_handlebars_are_filled_as_logto_fills_them(text, filled):
    """What the payload has no word of is left as it is; what it has nothing under is emptied."""
    assert filled == fill(text, PAYLOAD)


def test_a_value_is_not_filled_again():
    """A payload that looks like a handlebar is a text like any other."""
    assert "{{code}}" == fill("{{a}}", {"a": "{{code}}", "code": "1"})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (12, "12"),
        (1.0, "1"),
        (1.5, "1.5"),
        (["a", 1, None, {}], "a,1,,[object Object]"),
        (None, ""),
    ],
)
def test_values_are_spelled_as_javascript_spells_them(value, text):
    """String(value)."""
    assert text == spelled(value)


def test_yunpian_sends_abroad_where_that_is_enabled():
    """Else it sends nothing and says nothing, or what the configuration has to say."""
    connector = CONNECTORS["yunpian-sms"]
    config = {"apikey": "x", "templates": [{"usageType": "Generic", "content": "{{code}}"}]}
    message = Message(to="447700900123", usage="SignIn", payload={"code": "1"})

    def made(**more):
        return connector.request({**config, **more}, message, Moment(0, "n"))

    assert made() is None
    assert b"mobile=%2B447700900123" in made(enableInternational=True).body
    with pytest.raises(ConnectorError, match="Not there"):
        made(unsupportedCountriesMsg="Not there")
    with pytest.raises(ConnectorError, match="No SMS template found for type SignIn"):
        made(templates=[])
