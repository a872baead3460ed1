"""Providers of one family: two products of a vendor, one account."""

import dataclasses

import pytest

from simulators.catalog import PROVIDERS, BadProvider, collect
from simulators.kernel.accounts import Accounts, BadAccount
from simulators.kernel.credentials import Credential
from simulators.store.memory import MemoryStore

OWNER = PROVIDERS["twilio"]
MEMBER = dataclasses.replace(
    OWNER, name="member", hosts=("member.example",), credentials=(), account_of=OWNER
)
FAMILY = (MEMBER, OWNER)


@pytest.fixture
def accounts():
    return Accounts(MemoryStore(), FAMILY)


def test_an_account_of_one_is_found_by_the_other(accounts):
    """By the same credentials, which were generated once: it is one account with one secret."""
    world = accounts.create("x", seed="7")
    known = world.credentials("twilio")

    assert known == world.credentials("member")
    assert accounts.of("twilio", known["account_sid"]) is world
    assert accounts.of("member", known["account_sid"]) is world
    assert accounts.of("member", "AC0") is None
    assert {"twilio": known, "member": known} == world.account.credentials
    assert ["twilio"] == list(accounts.store.account("x")["credentials"])


def test_the_secrets_of_a_family_are_hidden_until_the_account_is_gone(accounts):
    """In what is shown of either provider's requests, and by no count that one of them is left
    over in."""
    secret = accounts.create("x").credentials("member")["auth_token"]
    shown = [accounts.mask(name).text(f"it is {secret}") for name in ("twilio", "member")]
    accounts.drop("x")

    assert ["it is ***", "it is ***"] == shown
    assert secret in accounts.mask("member").text(f"it is {secret}")
    assert accounts.of("member", secret) is None


@pytest.mark.parametrize("order", [FAMILY, FAMILY[::-1], (MEMBER,), (OWNER,)])
def test_what_is_generated_depends_on_nobody_beside(order):
    """Whichever of the family there are, and in whichever order."""
    alone = Accounts(MemoryStore(), [OWNER]).create("x", seed="7").credentials("twilio")
    world = Accounts(MemoryStore(), order).create("x", seed="7")

    assert {provider.name: alone for provider in order} == world.account.credentials


@pytest.mark.parametrize("given", ["twilio", "member"])
def test_credentials_given_to_one_are_those_of_the_other(accounts, given):
    """The rest is generated, for both alike."""
    world = accounts.create("x", {given: {"auth_token": "mine"}})

    assert "mine" == world.credentials("twilio")["auth_token"]
    assert world.credentials("member") == world.credentials("twilio")


def test_an_account_is_made_of_what_another_is_shown_with(accounts):
    """What the control API lists of a family is no contradiction."""
    shown = accounts.create("x").account.credentials
    accounts.drop("x")

    assert shown == accounts.create("y", shown).account.credentials


def test_two_of_a_family_cannot_be_given_two_values(accounts):
    """The account would have two secrets; nothing is kept of it."""
    two = {"twilio": {"auth_token": "one"}, "member": {"auth_token": "two"}}
    with pytest.raises(BadAccount, match=r"member\.auth_token: expected the value that") as caught:
        accounts.create("x", two)

    assert ("credentials", "member", "auth_token") == caught.value.where
    assert accounts.store.account("x") is None


def test_a_provider_of_a_family_has_no_credentials_of_its_own():
    """It takes those of the other, whatever is the case there; another table is refused."""
    assert MEMBER.credentials == OWNER.credentials
    assert ("twilio", "twilio") == (MEMBER.account, OWNER.account)
    assert MEMBER == dataclasses.replace(MEMBER)

    own = Credential("key", "abc", make=lambda c: c.hex(8), at=("query.key",), identifies=True)
    with pytest.raises(ValueError, match=r"^member: its accounts are those of twilio; expected no"):
        dataclasses.replace(MEMBER, credentials=(own,))


def test_the_catalogue_has_one_account_of_a_name():
    """A provider may not stand on another's account that is there with other credentials."""
    changed = dataclasses.replace(OWNER, credentials=OWNER.credentials[:2])
    with pytest.raises(
        BadProvider, match=r"^member: it has the accounts of twilio, and other cred"
    ):
        collect([MEMBER, changed])

    assert ["member", "twilio"] == list(collect(FAMILY))
