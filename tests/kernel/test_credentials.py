"""The table of a provider's credentials: all that follows from it, and what it refuses to be."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest

from simulators.catalog import PROVIDERS
from simulators.data import contracts, data
from simulators.kernel import credentials
from simulators.kernel.accounts import Accounts
from simulators.kernel.clock import Chance
from simulators.kernel.credentials import Credential
from simulators.kernel.masking import fields
from simulators.store.memory import MemoryStore

KEY = Credential("key", "abc", make=lambda c: c.hex(8), at=("query.key",), identifies=True)
SECRET = Credential("secret", "s3", make=lambda c: c.hex(8), at=("body.secret",), secret=True)
BASE = PROVIDERS["twilio"]
GIVEN = Path(__file__).parent / "given_credentials.json"  # the digest of what each gave


def test_everything_follows_from_the_table():
    """Published values, generated ones in the table's order, look-up ids, secrets, their fields."""
    fixed = Credential("sender", "Acme")
    kinds = dataclasses.replace(SECRET, identifies=True, kind="s:", signs=("header.X-Sig",))
    table = (KEY, fixed, kinds)
    new = credentials.made(table, Chance("seed"))
    drawn = Chance("seed")

    assert {"key": "abc", "sender": "Acme", "secret": "s3"} == credentials.published(table)
    assert {"key": drawn.hex(8), "sender": "Acme", "secret": drawn.hex(8)} == new
    assert (new["key"], f"s:{new['secret']}") == credentials.lookup_ids(table, new)
    assert [new["secret"]] == list(credentials.secrets(table, new))
    assert {"authorization", "proxy-authorization", "secret", "x-sig"} == fields(table).names


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ((), "no credential identifies an account; expected identifies=True on one of those there"),
        ((SECRET,), "no credential identifies an account; .* there are: secret$"),
        ((KEY, KEY), "the credential 'key' is there twice"),
        ((KEY, dataclasses.replace(SECRET, at=())), "the secret 'secret' has no place"),
        ((dataclasses.replace(KEY, at=()),), "'key' identifies an account; expected `at`"),
        ((dataclasses.replace(KEY, make=None),), "'key' is every account's own; expected `make`"),
        ((KEY, dataclasses.replace(SECRET, make=None)), "'secret' is every account's own"),
        (
            (KEY, dataclasses.replace(SECRET, identifies=True)),
            "the secret 'secret' is looked up as 'key' is, which is none: .* expected a `kind`",
        ),
        (
            (
                dataclasses.replace(KEY, kind="k:"),
                dataclasses.replace(SECRET, identifies=True, kind="k:"),
            ),
            "the secret 'secret' is looked up as 'key' is",
        ),
        ((KEY, Credential("a", "b", kind="a:")), "'a' has the kind 'a:', and no account is found"),
        ((dataclasses.replace(KEY, at=("querry.key",)),), r"did you mean 'query\.key'\? expected"),
        ((dataclasses.replace(KEY, at=("basic.pass",)),), r"did you mean 'basic\.password'\?"),
        ((dataclasses.replace(KEY, at=("path",)),), r"the place 'path'; .*path\.BEGINNING"),
        ((dataclasses.replace(KEY, at=("cookie",)),), r"place 'cookie'; expected query\.NAME"),
        ((dataclasses.replace(KEY, at=("query.",)),), r"place 'query\.'; expected query\.NAME"),
        ((KEY, dataclasses.replace(SECRET, signs=("body.a b",))), r"the place 'body\.a b'"),
    ],
)
def test_a_provider_with_a_table_that_cannot_be_is_not_made(table, said):
    """One sentence: which provider, what is wrong, what was expected."""
    with pytest.raises(ValueError, match=f"^twilio: .*{said}"):
        dataclasses.replace(BASE, credentials=table)


def test_the_same_seed_gives_the_credentials_it_always_gave():
    """Accounts files and CI set-ups count on them: a change here is told in the CHANGELOG."""
    accounts = Accounts(MemoryStore(), PROVIDERS.values())
    given = [
        accounts.create("ci-1").account.credentials,
        accounts.create("x", seed="seed7").account.credentials,
    ]
    told = {}
    for name in PROVIDERS:
        values = json.dumps([each[name] for each in given], sort_keys=True)
        told[name] = hashlib.sha256(values.encode()).hexdigest()[:16]
    kept = json.loads(GIVEN.read_text())
    owners = {name for name, provider in PROVIDERS.items() if provider.account == name}
    ours = {name for name in owners if contracts(name).parent == data("contracts")}

    assert {name: told[name] for name in ours} == kept, f"what is meant is written in {GIVEN}"


def test_a_provider_more_or_less_leaves_the_credentials_of_the_others_as_they_are():
    """Wherever in the catalogue it is placed."""
    whole = Accounts(MemoryStore(), PROVIDERS.values()).create("x", seed="7").account.credentials
    for gone in PROVIDERS:
        others = [provider for name, provider in PROVIDERS.items() if name != gone]
        for order in (others, others[::-1]):
            made = Accounts(MemoryStore(), order).create("x", seed="7").account.credentials

            assert made == {name: whole[name] for name in made}


def test_no_published_secret_is_part_of_what_others_show():
    """It is hidden wherever it stands: an id that it is a part of would be hidden with it."""
    published = [
        (provider.name, one.name, one.secret, one.default)
        for provider in PROVIDERS.values()
        if provider.account == provider.name  # those of a family are one account's
        for one in provider.credentials
        if provider.account_of is None  # the others of a family have the same ones
    ]
    parts = [
        f"{provider}.{secret} stands in {other}.{name}"
        for provider, secret, hidden, value in published
        for other, name, also_hidden, longer in published
        if hidden and not also_hidden and other != provider and value in longer
    ]

    assert [] == parts
