"""Which numbers Twilio sends to: those of a numbering plan, its own, and those kept for fiction."""

import pytest

from simulators.kernel import phone

# The bad numbers of everybody's tests, and what people write that is no number of the USA.
# https://github.com/codeforamerica/vita-min/pull/2028 says so of 555-555-5555; 5551234567 is the
# example of https://www.twilio.com/docs/usage/troubleshooting/debugging-your-application
NOWHERE = (
    *("+15555555555", "5555555555", "+15551234567", "5551234567", "1234567890", "+10000000000"),
    *(
        "+11111111111",
        "+440000000000",
        "+083225123456",
        "0612345678",
        "+999123456",
    ),
)

# Twilio's magic numbers and its pages' examples, and what is kept for fiction: by Ofcom (mobile,
# towns, a town that is none), NANPA, ACMA, ARCEP, BNetzA, PTS and ComReg.
KEPT = (
    *("+15005550009", "+15005550010", "+15558675310", "+14155552671", "+15017122661"),
    *("+447700900123", "+441632960123", "+441134960123", "+442079460123", "+448081570123"),
    *("+14155550100", "+12125550199", "+15555550123", "2125550123"),
    *("+61491570006", "+61491570156", "+61255501234", "+611800975707"),
    *("+33639981234", "+33199001234", "+33465711234"),
    *("+493023125123", "+4915228817386", "+491713920012", "+4917604069012"),
    *("+46701740612", "+46313900612", "+353209101234"),
)


pytestmark = pytest.mark.sms_allow_violations


@pytest.fixture
def send(ask_twilio, sms):
    """What becomes of a message to a number: 201, or the code of its refusal."""

    def create(to):
        form = {"To": to, "From": sms.credentials("twilio")["number"], "Body": "hi"}
        answer = ask_twilio("POST", "Messages.json", form)
        return 201 if answer.status_code == 201 else answer.json()["code"]

    return create


@pytest.mark.parametrize("to", NOWHERE)
def test_a_number_of_no_plan_is_refused(to, send):
    """However well its length fits."""
    assert 21211 == send(to)


@pytest.mark.parametrize("to", KEPT)
def test_twilio_s_own_and_the_numbers_of_fiction_are_taken(to, send, sms):
    """Tests rightly use them, though a numbering library calls some of them invalid."""
    found = phone.parse(to, "US")

    assert 201 == send(to)
    assert [found.e164] == [message.to for message in sms.messages()]
