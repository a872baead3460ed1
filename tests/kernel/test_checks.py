"""What people write, and what they are told when it cannot be."""

from simulators.kernel.checks import MOST_NAMED, unknown


def test_of_ten_thousand_names_some_are_told_and_the_rest_not_gone_through():
    """A slip in the name of an account holds up nobody, however many accounts there are."""
    gone_through = []

    def names():
        for number in range(10_000):
            gone_through.append(number)
            yield f"account-{number}"

    told = unknown("account", "acount-7", names())

    assert len(gone_through) == MOST_NAMED + 1
    assert "did you mean 'account-7'?" in str(told)
    assert told.expected.endswith(", and more")
    assert len(told.expected.split(", ")) == MOST_NAMED + 1
