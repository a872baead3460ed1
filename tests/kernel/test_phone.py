"""Phone numbers: the fast engine against the engine of record, over every region there is."""

import phonenumbers
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simulators.kernel import phone

rphonenumbers = pytest.importorskip("rphonenumbers")

TYPES = (
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.TOLL_FREE,
    phonenumbers.PhoneNumberType.PREMIUM_RATE,
)
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


def both(text, region=None):
    return phone.read(phonenumbers, text, region), phone.read(rphonenumbers, text, region)


def examples():
    for region in REGIONS:
        for kind in TYPES:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                yield region, number


def test_engines_agree_on_an_example_of_every_region():
    """International and national form, one digit short and one too many."""
    differing = []
    for region, number in examples():
        national = str(number.national_number)
        e164 = f"+{number.country_code}{national}"
        for text, home in ((e164, None), (e164[:-1], None), (e164 + "0", None), (national, region)):
            record, fast = both(text, home)
            if record != fast:
                differing.append((text, home, record, fast))

    assert differing == []


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    st.one_of(
        st.text(max_size=45),
        st.text("+0123456789 ()-./x;=#*tel:", max_size=25),
        st.from_regex(r"\A\+[1-9][0-9]{0,16}\Z"),
    ),
    st.sampled_from([None, "US", "CN", "RU", "DE", "ZZ"]),
)
@example("+008613012345678", None)
@example("+1 (555) 123-4567 ext. 12", "US")
@example("１３０１２３４５６７８", "CN")
@example("tel:+15551234567;phone-context=+1", None)
@example("1-800-FLOWERS", "US")
def test_engines_agree_on_anything(text, region):
    """What one reads the other reads alike, and neither raises."""
    record, fast = both(text, region)

    assert record == fast


@pytest.mark.parametrize(
    ("text", "region", "e164", "country", "possible", "valid"),
    [
        ("+8613012345678", "", "+8613012345678", "CN", True, True),
        ("13012345678", "CN", "+8613012345678", "CN", True, True),
        ("+15551234567", "", "+15551234567", "US", True, False),
        ("+4512345678", "", "+4512345678", "DK", True, True),
        ("+79991234567", "", "+79991234567", "RU", True, True),
        ("+16135550123", "", "+16135550123", "CA", True, True),
        ("+39 02 1234 5678", "", "+390212345678", "IT", True, True),
        ("+80012345678", "", "+80012345678", "", True, True),
        ("+1555123", "", "+1555123", "US", False, False),
        ("+15551234", "", "+15551234", "US", False, False),  # dialled by neighbours only
    ],
)
def test_reads_number_and_region(text, region, e164, country, possible, valid):
    """`possible` is about the length, `valid` about the range; an Italian zero stays."""
    number = phone.parse(text, region)

    assert number is not None
    assert (e164, country, possible, valid) == (
        number.e164,
        number.region,
        number.possible,
        number.valid,
    )
    assert number.e164 == f"+{number.country_code}{number.national}"


@pytest.mark.parametrize(
    "text", ["", "+", "abc", "5551234", "+999123456", "1" * 41, "+1" + "0" * 39]
)
def test_what_is_no_number_is_none(text):
    """Nothing to call without a country, and nothing longer than 40 characters is looked at."""
    assert phone.parse(text) is None
