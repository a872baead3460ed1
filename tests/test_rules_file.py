"""Files of rules: what they give, and where each mistake is told."""

import pytest

from simulators.app import Options, in_thread
from simulators.catalog import PROVIDERS
from simulators.files import MAGIC, BadFile, read_rules

GOOD = """
- name: opted-out
  match: {provider: twilio, to: "*0001"}
  effect: {error: 21610}
- effect: {delay_ms: 5}
"""


@pytest.fixture
def file(tmp_path):
    def write(content, name="rules.yaml"):
        (tmp_path / name).write_text(content)
        return str(tmp_path / name)

    return write


def test_files_are_read_in_their_order_yaml_or_json(file):
    """Rules without a name are numbered through all files."""
    sources = [file(GOOD), file('[{"effect": {"socket": "close"}}]', "more.json")]

    assert ["opted-out", "rule-2", "rule-3"] == [
        rule["name"] for rule in read_rules(sources, PROVIDERS)
    ]


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        (
            "- {name: x, effect: {error: 99}, match: {provider: twilio}}",
            1,
            "rule 1 'x': effect.err",
        ),
        (
            "- effect: {delay_ms: 5}\n- efect: {}",
            2,
            "rule 2: rule.efect: 'efect'; expected 'effect'",
        ),
        (
            GOOD + "- {name: opted-out, effect: {keep: true}}",
            6,
            "rule 3 'opted-out': name: the name",
        ),
        ("rules: []", 1, "expected a list of rules"),
        ("- match: {to: *0001}", 1, "expected YAML: found undefined alias"),
        ("", 1, "expected a list of rules"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_rule(file, content, line, told):
    """As `file:line: rule 2 'its name': what is wrong; expected what`."""
    path = file(content)
    with pytest.raises(BadFile) as caught:
        read_rules([path], PROVIDERS)

    assert str(caught.value).startswith(f"{path}:{line}: {told}")


def test_rules_that_a_server_starts_with_outlast_a_reset(file, tmp_path):
    """They are the default account's, and no other's."""
    rules = read_rules([file(GOOD)], PROVIDERS)
    with in_thread(Options(port=0, tls_port=None, tls_dir=tmp_path, rules=rules)) as simulators:
        world = simulators.accounts.world("default")
        simulators.call(lambda: simulators.reset(world))
        kept = simulators.call(lambda: world.load("rules"))
        other = simulators.call(simulators.accounts.create)

        assert ["opted-out", "rule-2"] == [rule["name"] for rule in kept]
        assert None is simulators.call(lambda: other.load("rules"))


def test_the_shipped_rules_are_everyone_s_own():
    """They are read once, and who changes them changes a copy."""
    first = read_rules([MAGIC], PROVIDERS)
    first[0]["match"]["to"] = "*1"
    first[0]["effect"].clear()

    again = read_rules([MAGIC], PROVIDERS)

    assert ("*9990101", {"error": "bad_recipient"}) == (
        again[0]["match"]["to"],
        again[0]["effect"],
    )
