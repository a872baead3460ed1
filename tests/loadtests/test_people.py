"""People of load tests: the same for a seed, and no number twice."""

import people
import phonenumbers
import pytest
from faker import Faker
from people import PREFIXES, REGIONS, Crowd, NumbersUsedUp, Phones

from simulators.kernel import segments
from simulators.kernel.codes import extract


def numbers(crowd, count):
    return [crowd.person().number for _ in range(count)]


def test_a_seed_makes_the_same_people_again():
    """Name, number, password and all; a run can be repeated."""
    first, again, other = Crowd("7"), Crowd("7"), Crowd("8")

    assert [first.person() for _ in range(50)] == [again.person() for _ in range(50)]
    assert {first.person() for _ in range(50)}.isdisjoint({other.person() for _ in range(50)})


def test_no_number_is_given_twice_to_the_people_of_a_worker():
    """A small region runs out on the way, and the others carry on."""
    found = numbers(Crowd(regions=("GB", "US")), 5000)

    assert 5000 == len(set(found))
    assert 1000 == sum(number.startswith("+447700900") for number in found)


@pytest.mark.parametrize("region", ["GB", "FR"])
def test_workers_share_out_all_numbers_of_a_region(region):
    """Together they have each number once, whatever else decides about their people."""
    count = len(REGIONS[region])
    shares = [list(Phones(None, region, "7", worker, 4).left) for worker in range(4)]
    together = [number for share in shares for number in share]

    assert [count // 4] * 4 == [len(share) for share in shares]
    assert count == len(together) == len(set(together))


def test_a_worker_does_not_meet_the_people_of_another():
    """Each worker makes its own from seed and index."""
    first, second = (Crowd("7", ("US", "CN"), worker, 2) for worker in range(2))

    assert set(numbers(first, 2000)).isdisjoint(numbers(second, 2000))


@pytest.mark.parametrize("region", REGIONS)
def test_numbers_are_of_their_region(region):
    """By libphonenumber: possible, of the country; and no magic number by chance."""
    for number in numbers(Crowd(regions=(region,)), 500):
        parsed = phonenumbers.parse(number)

        assert phonenumbers.is_possible_number(parsed)
        assert region in phonenumbers.region_codes_for_country_code(parsed.country_code)
        assert phonenumbers.region_code_for_number(parsed) in (region, None)
        assert "999" != number[-7:-4]


@pytest.mark.parametrize("region", ["US", "CA", "CN", "RU"])
def test_numbers_are_valid_where_the_reserved_ones_are_not_outside_the_plan(region):
    """Ofcom's and Arcep's are outside it on purpose; the others are of known ranges."""
    for number in numbers(Crowd(regions=(region,)), 500):
        assert phonenumbers.is_valid_number_for_region(phonenumbers.parse(number), region)


@pytest.mark.parametrize(
    ("region", "first", "last"),
    [
        ("US", "+12015550100", "+15085559999"),
        ("GB", "+447700900000", "+447700900999"),
        ("FR", "+33639980000", "+33639989999"),
        ("CN", "+8613490000000", "+8613498999999"),
        ("RU", "+79430000000", "+79438999999"),
    ],
)
def test_a_region_has_its_whole_range_and_no_more(region, first, last):
    """From the first to the last, without a gap at the seams."""
    numbers = REGIONS[region]

    assert (first, last) == (numbers.number(0), numbers.number(len(numbers) - 1))
    with pytest.raises(IndexError):
        numbers.number(len(numbers))


@pytest.mark.parametrize("region", PREFIXES)
def test_the_prefix_under_attack_is_nobodys(region):
    """Whoever is drawn from the region has another number."""
    attacked = PREFIXES[region]
    own = {attacked.number(index) for index in range(0, len(attacked), 97)}

    assert not any(
        number.startswith(attacked.prefixes[0])
        for number in numbers(Crowd(regions=(region,)), 2000)
    )
    assert all(number.startswith(attacked.prefixes[0]) for number in own)
    assert not any(number[-7:-4] == "999" for number in own)
    assert {len(REGIONS[region].number(0))} == {len(number) for number in own}


def test_directory_assistance_is_nobody():
    """555-1212 is answered by a person in every area code."""
    region = REGIONS["US"]
    lines = {region.number(index)[-4:] for index in range(0, len(region), len(region.prefixes))}

    assert {"0100", "0199", "2000", "9999"} <= lines
    assert 8100 == len(lines)
    assert "1212" not in lines


def test_when_all_numbers_are_used_the_error_says_what_to_do():
    """Rather than a number twice, whose codes would be mixed up."""
    crowd = Crowd(regions=("GB",), worker=3, workers=500)
    numbers(crowd, 2)

    with pytest.raises(NumbersUsedUp, match="name more with --regions"):
        crowd.person()


@pytest.mark.parametrize("region", REGIONS)
def test_a_text_is_in_the_language_of_its_reader(region):
    """With a code that is found in it, in one or two segments."""
    crowd = Crowd("7", (region,))
    person, code = crowd.person(), crowd.code()
    text = person.text(code)

    assert code == extract(text)
    assert person.brand in text
    assert REGIONS[region].language == person.language
    assert 1 <= segments.count(text) <= 2


@pytest.mark.parametrize("wrong", [{"regions": ("XX",)}, {"regions": ()}, {"worker": 2}])
def test_a_crowd_that_cannot_be_is_refused(wrong):
    """With what was expected."""
    with pytest.raises(ValueError, match=r"^expected .*got"):
        Crowd(**wrong)


def test_phones_is_a_provider_for_faker():
    """It can be added to anybody's Faker."""
    faker = Faker()
    faker.add_provider(Phones(faker, "GB", "1", 0, 1))

    assert faker.mobile().startswith("+447700900")


def test_the_six_digits_keep_their_zeros():
    """As Logto's do."""
    crowd = people.Crowd()
    codes = [crowd.code() for _ in range(200)]

    assert {6} == {len(code) for code in codes}
    assert any(code.startswith("0") for code in codes)
