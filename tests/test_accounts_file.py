"""The accounts file: what it makes, and where each mistake is told."""

import json

import pytest

from simulators import catalog
from simulators.app import Options, in_thread
from simulators.files import BadFile, read_accounts

SID = "AC" + "5" * 32
GOOD = f"""{{
\t"accounts": [
\t\t{{"id": "checkout", "credentials": {{"twilio": {{"account_sid": "{SID}"}}}}}},
\t\t{{"id": "sign-in", "seed": "7"}}
\t]
}}
"""


@pytest.fixture
def file(tmp_path):
    def write(content, name="accounts.json"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def load(path):
    return read_accounts(path, catalog.PROVIDERS.values())


def test_accounts_get_what_the_file_says_and_generated_rest(file, tmp_path):
    """Credentials that are left out are generated from the seed: the same in every run."""
    accounts = load(file(GOOD))
    made = []
    for _ in range(2):
        options = Options(port=0, tls_port=None, tls_dir=tmp_path, accounts=accounts)
        with in_thread(options) as simulators:
            checkout = simulators.accounts.world("checkout").credentials("twilio")
            made.append((checkout, simulators.accounts.world("sign-in").credentials("twilio")))

    assert SID == made[0][0]["account_sid"]
    assert made[0] == made[1]
    assert made[0][1]["account_sid"] not in (SID, "")


def test_yaml_is_read_alike(file):
    """For files named .yaml or .yml."""
    text = f"accounts:\n- id: checkout\n  credentials:\n    twilio: {{account_sid: {SID}}}\n"

    assert load(file(GOOD))[:1] == load(file(text, "accounts.yaml"))


def test_the_default_account_may_be_given_other_credentials(file):
    """It is an account like any other."""
    text = json.dumps({"accounts": [{"id": "default"}]})

    made = {"id": "default", "seed": "", "credentials": {}, "settings": {}}
    assert [made] == load(file(text))


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        ("", 1, "expected JSON"),
        ('{\n"accounts": [\n}', 3, "expected JSON"),
        ("[]", 1, 'expected {"accounts"'),
        ('{"accounts": {}}', 1, 'expected {"accounts"'),
        ('{"accounts": [],\n"acounts": []}', 2, "unknown key 'acounts'"),
        ('{"accounts": [\n1]}', 2, "expected an object with id, seed, credentials"),
        ('{"accounts": [\n{"ID": "x"}]}', 2, "unknown key 'ID'"),
        ('{"accounts": [\n{"seed": "x"}]}', 2, "needs an id"),
        ('{"accounts": [{"id": "a",\n"seed": 7}]}', 2, "seed: expected a string, got 7"),
        ('{"accounts": [{\n"id": "no spaces"}]}', 2, "account id 'no spaces': expected 1 to 64"),
        ('{"accounts": [{\n"id": "strangers"}]}', 2, "not 'strangers'"),
        ('{"accounts": [{"id": "a"},\n{"id": "a"}]}', 2, "account 'a' is there twice"),
        ('{"accounts": [{"id": "a",\n"credentials": []}]}', 2, "an object of providers"),
        (
            '{"accounts": [{"id": "a", "credentials":\n{"twillio": {}}}]}',
            2,
            "no provider 'twillio'; there are: ",
        ),
        (
            '{"accounts": [{"id": "a", "credentials": {\n"twilio": "x"}}]}',
            2,
            "credentials of twilio: expected an object of names and strings",
        ),
        (
            '{"accounts": [{"id": "a", "credentials": {"twilio": {\n\n"token": "x"}}}]}',
            3,
            "twilio has no credential 'token'; there are: account_sid, ",
        ),
        (
            '{"accounts": [{"id": "a", "credentials": {"twilio": {\n"account_sid": 5}}}]}',
            2,
            "twilio.account_sid: expected a non-empty string",
        ),
        (
            '{"accounts": [{"id": "a",\n"credentials": {"twilio": {"account_sid":'
            ' "AC0123456789abcdef0123456789abcdef"}}}]}',
            2,
            "belongs to account 'default'",
        ),
        (b'{"accounts":\n[{"id": "\xff"}]}', 2, "expected UTF-8 text"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(file, content, line, told):
    """So that an editor can jump there."""
    path = file(content)

    with pytest.raises(BadFile) as caught:
        load(path)

    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("accounts:\n- id: a\n   seed: b\n", ":3: expected YAML"),
        ("accounts:\n- id: a\n  seed: 5\n", ":3: seed: expected a string, got 5"),
        ("accounts: !!python/object:os.system x\n", ":1: expected YAML"),
        ("accounts: " + "[" * 5000, "accounts.yml"),
        ("\x00", "accounts.yml"),
    ],
)
def test_a_mistake_in_yaml_is_told_alike(file, content, told):
    """Tags that would run code are mistakes too."""
    with pytest.raises(BadFile, match=r"accounts\.yml") as caught:
        load(file(content, "accounts.yml"))

    assert told in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    """A folder, or nothing at all."""
    with pytest.raises(BadFile, match="Is a directory"):
        load(tmp_path)
    with pytest.raises(BadFile, match="No such file"):
        load(tmp_path / "none.json")


def test_settings_of_the_file_hold_until_they_are_replaced(file, tmp_path):
    """And again after a reset; null in their place gives them back."""
    given = {"http_sms": {"profile": "supabase"}}
    accounts = load(file(json.dumps({"accounts": [{"id": "a", "settings": given}, {"id": "b"}]})))
    options = Options(port=0, tls_port=None, tls_dir=tmp_path, accounts=accounts)
    with in_thread(options) as simulators:
        world, other = (simulators.accounts.world(name) for name in "ab")
        seen = [world.load("http_sms"), other.load("http_sms")]
        for value in ({"profile": "kratos"}, None):
            simulators.call(lambda put=value: world.save("http_sms", put))
            seen.append(world.load("http_sms"))
        simulators.call(world.reset)
        seen.append(world.load("http_sms"))

    assert [given["http_sms"], None, {"profile": "kratos"}] + [given["http_sms"]] * 2 == seen


@pytest.mark.parametrize(
    ("settings", "line", "said"),
    [
        ("[]", 2, "settings: expected an object of documents"),
        ('{"http": {}}', 3, "no settings document 'http'; there are: "),
        (
            '{"http_sms":\n{"profil": "supabase"}}',
            4,
            "no setting of http_sms 'profil'; there are: ",
        ),
        ('{"http_sms":\n{"profile": "supabass"}}', 4, "expected one of logto, supabase"),
    ],
)
def test_settings_that_cannot_be_are_told_by_their_line(settings, line, said, file):
    """As everything in the file is."""
    text = f'{{"accounts": [{{"id": "a",\n"settings":\n{settings}}}]}}'

    with pytest.raises(BadFile) as raised:
        load(file(text))

    assert f"accounts.json:{line}: " in str(raised.value)
    assert said in str(raised.value)
