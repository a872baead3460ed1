"""Accounts: made with credentials for every provider, and forgotten whole."""

import pytest


@pytest.fixture
def made(control):
    """Makes accounts, and forgets them after the test."""
    names = []

    def make(**body):
        answer = control("POST", "/_sim/accounts", body)
        names.append(answer.json.get("id", ""))
        return answer

    yield make
    for name in filter(None, names):
        control("DELETE", f"/_sim/accounts/{name}", account=None)


def test_a_new_account_has_credentials_for_every_provider(made, sms_server, control):
    """Of its own, each as well-formed as the published ones."""
    account = made().json
    read = control("GET", f"/_sim/accounts/{account['id']}", account=None).json
    default = control("GET", "/_sim/accounts/default", account=None).json

    assert account == read
    assert set(sms_server.providers) == set(account["credentials"])
    for name, credentials in default["credentials"].items():
        assert credentials.keys() == account["credentials"][name].keys()
    assert default["credentials"] != account["credentials"]


def test_given_credentials_stand(made):
    """What is left out is generated all the same."""
    account = made(id="mine", credentials={"twilio": {"auth_token": "0" * 32}}).json

    assert "mine" == account["id"]
    assert "0" * 32 == account["credentials"]["twilio"]["auth_token"]
    assert account["credentials"]["twilio"]["account_sid"].startswith("AC")


def test_the_same_seed_gives_the_same_credentials(made, control):
    """A run can be repeated."""
    first = made(id="again", seed="7").json
    control("DELETE", "/_sim/accounts/again", account=None)

    assert first == made(id="again", seed="7").json


def test_an_id_that_is_taken_is_409(made, refused):
    """Nobody's world is replaced by accident."""
    made(id="taken")

    assert "there is an account 'taken'" in refused(made(id="taken"), 409)


def test_a_credential_that_is_taken_is_400(made, control, refused):
    """A credential leads to one account only."""
    sid = control("GET", "/_sim/accounts/default", account=None).json["credentials"]["twilio"]

    said = refused(made(credentials={"twilio": {"account_sid": sid["account_sid"]}}), 400)

    assert "belongs to account 'default'" in said


def test_a_deleted_account_is_gone(made, control, refused):
    """Its world and its credentials with it."""
    made(id="gone")

    deleted = control("DELETE", "/_sim/accounts/gone", account=None)

    assert {"deleted": "gone"} == deleted.json
    assert "no account 'gone'" in refused(control("GET", "/_sim/accounts/gone", account=None), 404)
    assert "gone" not in control("GET", "/_sim/accounts").json["accounts"]


@pytest.mark.parametrize(("name", "status"), [("default", 409), ("strangers", 404), ("no", 404)])
def test_some_accounts_cannot_be_deleted(control, refused, name, status):
    """The published one, the one of strangers, and none at all."""
    refused(control("DELETE", f"/_sim/accounts/{name}", account=None), status)
