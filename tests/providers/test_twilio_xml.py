"""The XML that paths without .json are answered with."""

from xml.etree.ElementTree import fromstring

import pytest

TO, BODY = "+14155550167", "Your code is 123456"

NAMES = [
    "Sid",
    "DateCreated",
    "DateUpdated",
    "DateSent",
    "AccountSid",
    "To",
    "From",
    "MessagingServiceSid",
    "Body",
    "Status",
    "NumSegments",
    "NumMedia",
    "Direction",
    "ApiVersion",
    "Price",
    "PriceUnit",
    "ErrorCode",
    "ErrorMessage",
    "Uri",
    "SubresourceUris",
]


def parsed(answer):
    return fromstring(answer.content)  # noqa: S314 - the simulator's own document


@pytest.fixture
def form(sms):
    return {"To": TO, "From": sms.credentials("twilio")["number"], "Body": BODY}


def test_a_message_is_an_element_for_each_field(ask_twilio, form):
    """Names in CamelCase, null as an empty element, URIs without a suffix: as recorded in 2020."""
    answer = ask_twilio("POST", "Messages", form)
    message = parsed(answer)[0]

    assert "application/xml" == answer.headers["Content-Type"]
    assert answer.text.startswith("<?xml version='1.0' encoding='UTF-8'?>\n<TwilioResponse>")
    assert NAMES == [child.tag for child in message]
    assert b"<DateSent />" in answer.content or b"<DateSent/>" in answer.content
    assert message.findtext("Uri").endswith("/Messages/" + message.findtext("Sid"))
    assert message.findtext("SubresourceUris/Media").endswith("/Media")


@pytest.mark.sms_allow_violations
def test_a_refusal_is_a_rest_exception(ask_twilio, form):
    """Code, detail, message, more info and status, as recorded in 2018."""
    wrong = ask_twilio("POST", "Messages", form, auth=("AC" + "0" * 32, "x"))
    bad = ask_twilio("POST", "Messages", {**form, "Body": ""})

    assert 401 == wrong.status_code
    assert "20003" == parsed(wrong).findtext("RestException/Code")
    names = [child.tag for child in parsed(bad)[0]]
    assert ["Code", "Message", "MoreInfo", "Status"] == names


def test_a_page_has_its_place_in_attributes(ask_twilio, form):
    """The records are elements of it."""
    for _twice in range(2):
        ask_twilio("POST", "Messages", form)

    page = parsed(ask_twilio("GET", "Messages?PageSize=1"))[0]

    assert "Messages" == page.tag
    assert ["Message"] == [child.tag for child in page]
    assert ("1", "0") == (page.get("pagesize"), page.get("page"))
    assert "/Messages?PageSize=1&Page=1&PageToken=PASM" in page.get("nextpageuri")
    assert "" == page.get("previouspageuri")


def test_what_xml_cannot_hold_is_replaced(ask_twilio, form, sms):
    """A control character in a text does not break the document."""
    answer = ask_twilio("POST", "Messages", {**form, "Body": "a\x00b<&>"})

    assert "a\ufffdb<&>" == parsed(answer).findtext("Message/Body")


def test_every_read_has_its_xml_form(ask_twilio, form, sms):
    """Messages, media, balance, account, and the alias of old for messages."""
    sid = ask_twilio("POST", "SMS/Messages.json", form).json()["sid"]
    account = sms.credentials("twilio")["account_sid"]

    found = {
        path: parsed(ask_twilio("GET", path))[0].tag
        for path in (f"Messages/{sid}", f"SMS/Messages/{sid}", f"Messages/{sid}/Media", "Balance")
    }

    assert ["Message", "Message", "MediaList", "Balance"] == list(found.values())
    read = ask_twilio("GET", f"/2010-04-01/Accounts/{account}")
    assert account == parsed(read).findtext("Account/Sid")
    assert 1 == len(parsed(ask_twilio("GET", "/2010-04-01/Accounts"))[0])


def test_deleting_answers_with_nothing(ask_twilio, form, sms):
    """204 and no body."""
    sid = ask_twilio("POST", "Messages.json", form).json()["sid"]
    sms.clock.advance(10)

    answer = ask_twilio("DELETE", f"Messages/{sid}.json")

    assert (204, b"") == (answer.status_code, answer.content)
