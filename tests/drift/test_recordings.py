"""What `--record` writes, `--replay` and `check` read: the simulator is held to it."""

import base64
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulators.catalog import PROVIDERS
from simulators.check import recorded
from simulators.cli import commands
from simulators.drift import recording
from simulators.drift.compare import Cleaned, differences
from simulators.drift.run import DIFFERS, SAME, replay
from simulators.probes import below, parsed, probes
from simulators.samples import sample

NOW = 1_795_248_470.0
KEPT = Path(__file__).parent.parent / "recordings"


def written(report, path):
    path.write_text("\n".join(report.lines) + "\n")
    return path


def own(provider, known):
    """What of an account may be seen nowhere."""
    rows = [row.name for row in provider.credentials if row.secret or row.identifies]
    return [known[name] for name in rows]


def decoded(line):
    """A line, and what its Basic header says."""
    headers = dict(json.loads(line)["requests"][0]["headers"])
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return line + (base64.b64decode(token).decode() if scheme == "Basic" else "")


WHOLE = {}  # by provider: all that there is to ask, asked once for several tests


@pytest.fixture
def whole(ask, mine):
    """The report on everything, and the credentials that it was asked with."""

    def run(name):
        if name not in WHOLE:
            WHOLE[name] = ask(name, spend=True, to=sample(name).number(3)), mine(name)
        return WHOLE[name]

    return run


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_recording_is_answered_as_it_was(name, whole, here, tmp_path):
    """By another server, whenever that is: signatures and dates are those of then. A request is the
    published account's, made anew and not cleaned: it can have nothing of the real one in it."""
    provider, (report, known) = PROVIDERS[name], whole(name)
    text = "".join(map(decoded, report.lines))
    assert [] == [value for value in own(provider, known) if value in text]
    assert any(value in text for value in own(provider, provider.published))
    found = list(recording.read(written(report, tmp_path / "one.jsonl")))

    held = replay(found, PROVIDERS, here)

    assert [] == [str(d) for one in held.verdicts for d in one.differences]
    assert len(report.verdicts) == held.counts()[SAME]
    assert {NOW} == {one.at for one in found}


def leaves(value, at=""):
    """Every value of a document that has no others in it, by its pointer."""
    if isinstance(value, dict | list) and value:
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for name, inner in members:
            yield from leaves(inner, below(at, name))
    else:
        yield at, value


def changed(value, pointer, to):
    """A document with another value at a pointer."""
    if not pointer:
        return to
    name, _, rest = pointer[1:].partition("/")
    copy = value.copy()
    key = int(name) if isinstance(value, list) else name.replace("~1", "/").replace("~0", "~")
    copy[key] = changed(value[key], f"/{rest}" if rest else "", to)
    return copy


def other(value):
    """Another value of the same type."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    return f"{value} indeed" if isinstance(value, str) else ["something"]


def of_another_type(value):
    """What nothing is that an answer has in its place."""
    return ["another type"] if isinstance(value, dict) else {"of": "another type"}


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_value_of_every_answer_is_looked_at(name, whole):
    """Another one is found in its place unless it is said to be bound to differ; so is another
    type, even then."""
    facts, missed, invented = probes(PROVIDERS[name]), [], []
    for line in whole(name)[0].lines:
        raw = json.loads(line)
        known, body = facts.of(raw["case"]), parsed(raw["answers"][0]["body"].encode())
        answer = Cleaned(200, {}, body)
        for pointer, value in leaves(body):
            varying = known.varying(pointer)
            otherwise = Cleaned(200, {}, changed(body, pointer, other(value)))
            typed = Cleaned(200, {}, changed(body, pointer, of_another_type(value)))
            found = [one.at for one in differences(otherwise, answer, known)]
            if varying is None and found != [pointer]:
                missed.append((raw["case"], pointer, found))
            if varying is not None and not varying.like and not varying.part and found:
                invented.append((raw["case"], pointer, found))
            if varying is not None and varying.or_null and value is None:
                continue  # nothing here says what it is where it is not null
            if pointer and pointer not in {d.at for d in differences(typed, answer, known)}:
                missed.append((raw["case"], pointer, "another type"))

    assert ([], []) == (missed, invented)


def test_a_recorded_difference_is_found_again(ask, vendor, here, tmp_path):
    """What the vendor answered otherwise, in its kind and place."""
    vendor.plan = lambda _came, answered: answered.with_json(lambda d: d.update(code=21999))
    report = ask("twilio", "test-no-to", "test-no-body")
    found = list(recording.read(written(report, tmp_path / "one.jsonl")))

    held = replay(found, PROVIDERS, here)

    told = [[str(d) for d in one.differences] for one in (*report.verdicts, *held.verdicts)]
    assert told[:2] == told[2:]
    assert {DIFFERS} == {one.verdict for one in held.verdicts}
    assert ["test-no-to (one.jsonl:1)", "test-no-body (one.jsonl:2)"] == [
        one.name for one in held.verdicts
    ]


def test_check_reads_a_recording(ask, tmp_path):
    """It is in the form of the project's recorded requests."""
    report = ask("aliyun", "to-letters", "templates")

    found = recorded.read(written(report, tmp_path / "one.jsonl"))

    assert ["POST", "POST"] == [one.call.method for one in found]
    assert {"dysmsapi.aliyuncs.com"} == {one.host for one in found}


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.jsonl")), ids=lambda path: path.stem)
def test_the_simulator_is_held_to_what_was_recorded(path, here):
    """Every recording that is kept."""
    found = list(recording.read(path))

    held = replay(found, PROVIDERS, here)

    assert found
    assert [] == [str(d) for one in held.verdicts for d in one.differences]


def run(*arguments):
    return CliRunner().invoke(commands, ["drift", *map(str, arguments)])


def test_the_command_replays_a_folder(ask, vendor, tmp_path):
    """Exit code 0 where none differs, 1 where one does; one without an answer is not tried."""
    good = ask("yunpian", "no-text")
    (line,) = good.lines
    written(good, tmp_path / "a.jsonl")
    unanswered = {**json.loads(line), "answers": []}
    (tmp_path / "b.jsonl").write_text(json.dumps(unanswered))

    done = run("--replay", tmp_path)

    assert 0 == done.exit_code, done.output
    assert "same: 1, differs: 0, not tried: 1" in done.output
    assert "it has no answer to hold this one to" in done.output

    changed = json.loads(line)
    changed["answers"][0]["status"] = 500
    (tmp_path / "c.jsonl").write_text(json.dumps(changed))
    differing = run("--replay", tmp_path / "c.jsonl", "--provider", "yunpian")

    assert 1 == differing.exit_code
    assert "status: vendor 500, simulator 400" in differing.output
    other = run("--replay", tmp_path / "c.jsonl", "--provider", "twilio")
    assert (2, True) == (other.exit_code, "has no exchange that was asked for" in other.output)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("\n\n", "the file is empty"),
        ("\n{", "one.jsonl:2: not JSON: Expecting property name"),
        ("[]", "one.jsonl:1: not an exchange"),
        ('{"provider": "twilio"}', "expected an object with provider, case, at"),
        ("[" * 100_000, "one.jsonl:1: nested too deep"),
        ('{"provider": "twilio", "requests": [1, 2]}', "not an exchange"),
        (
            '{"provider": "nobody", "requests": [{"method": "GET", "target": "/", "host": "a",'
            ' "headers": []}], "answers": []}',
            "no provider 'nobody'; there are: ",
        ),
    ],
)
def test_a_file_that_is_no_recording_is_told(text, said, tmp_path):
    """By its line; exit code 2."""
    (tmp_path / "one.jsonl").write_text(text)

    done = run("--replay", tmp_path / "one.jsonl")

    assert (2, True) == (done.exit_code, said in done.output), done.output


def test_a_folder_without_recordings_is_told(tmp_path):
    """As is a file that is not there."""
    assert "expected a folder with recordings" in run("--replay", tmp_path).output
    assert 2 == run("--replay", tmp_path / "none.jsonl").exit_code
