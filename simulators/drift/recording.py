"""Exchanges with a vendor as files that can be given to anybody: JSON Lines in the form of the
recorded requests of this project (`check` reads it too), with what was answered.

The request is never the one that was sent: it is made anew with the published credentials, at the
time and with the nonce of that one, so that it can have no secret and is answered here as that was
there. Of the answer remains what can be compared. What is bound to differ is written as the
simulator's own, what the simulator does not have by its form alone, an x for a letter and a 0 for a
digit: ids, names, texts and amounts of the account stay with whoever recorded it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from simulators.drift.compare import BY_VALUE, Cleaned, formed, standing
from simulators.kernel.call import Call
from simulators.probes import Moving, Probe, Probes, below, parsed
from simulators.samples import target

CLIENT = "sms-simulators drift"


class BadRecording(ValueError):
    """A file cannot be read, or is none; the message names file and line."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One exchange of a file: which provider was asked what, when (epoch seconds), and what it
    answered. Without an answer it is a request alone."""

    place: str
    provider: str
    name: str
    asks: str
    kind: str
    at: float
    call: Call
    answer: Cleaned | None


def line(
    probe: Probe,
    facts: Probes,
    call: Call,
    at: float,
    vendor: Cleaned,
    simulator: Cleaned,
    moves: Moving,
) -> str:
    """One exchange as a line of a file."""
    ours = simulator.headers or {}
    headers = {
        name: value if name in BY_VALUE else ours.get(name, formed(value))
        for name, value in (vendor.headers or {}).items()
    }
    body = _Kept(facts, moves).value(vendor.body, simulator.body, "")
    document = {
        "client": CLIENT,
        "version": version("sms-simulators"),
        "provider": facts.provider,
        "case": probe.name,
        "asks": probe.asks,
        "kind": probe.kind or "may cost",
        "at": at,
        "requests": [
            {
                "scheme": "https",
                "method": call.method,
                "target": target(call),
                "headers": [[name, value] for name, value in call.headers.items()],
                "host": call.host,
                "body": call.body.decode(),
            }
        ],
        "answers": [
            {
                "status": vendor.status,
                "headers": [[name, value] for name, value in headers.items()],
                "body": body if isinstance(body, str) else json.dumps(body, ensure_ascii=False),
            }
        ],
    }
    return json.dumps(document, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What of a vendor's body is written down."""

    facts: Probes
    moves: Moving

    def value(self, vendor: Any, simulator: Any, at: str) -> Any:
        """What is written in the place of what stands there."""
        varying = self.facts.varying(at)
        if type(vendor) is not type(simulator):
            return _form(vendor) if varying is not None else vendor
        if isinstance(vendor, dict):
            return {
                name: self.value(inner, simulator[name], below(at, name))
                if name in simulator
                else _form(inner)
                for name, inner in vendor.items()
            }
        if isinstance(vendor, list):
            shared = [
                self.value(one, other, below(at, number))
                for number, (one, other) in enumerate(zip(vendor, simulator, strict=False))
            ]
            more = [_form(one) for one in vendor[len(shared) :]]
            return (shared + more)[:1] if varying else shared + more
        if varying is None:
            stands = at in self.moves and standing(self.moves[at], vendor) == standing(
                self.moves[at], simulator
            )
            return simulator if stands else vendor
        if varying.part:
            return vendor
        return simulator if varying.fits(vendor) and varying.fits(simulator) else _form(vendor)


def _form(value: Any) -> Any:
    """The form of a value that the simulator does not have."""
    if isinstance(value, str):
        return formed(value)
    if isinstance(value, dict):
        return {name: _form(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_form(inner) for inner in value[:1]]
    return 0 if isinstance(value, int | float) and not isinstance(value, bool) else value


def files(path: Path) -> list[Path]:
    """A file, or those of a folder. Raises `BadRecording`."""
    found = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not found:
        raise BadRecording(f"{path}: expected a folder with recordings, files that end in .jsonl")
    return found


def read(path: Path) -> Iterator[Recorded]:
    """The exchanges of a file. Raises `BadRecording`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        told = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise BadRecording(f"{path}: {told}; expected a file that --record has written") from None
    empty = True
    for number, one in enumerate(text.split("\n"), 1):
        if one.strip():
            empty = False
            yield _read(f"{path.name}:{number}", one)
    if empty:
        raise BadRecording(f"{path}: the file is empty; expected one that --record has written")


def _read(place: str, text: str) -> Recorded:
    try:
        raw = json.loads(text)
        (request,) = raw["requests"]
        answers = raw.get("answers", [])
        headers = {name.lower(): value for name, value in request["headers"]}
        path, _, query = request["target"].partition("?")
        call = Call(
            method=request["method"],
            path=path,
            query=query,
            headers={"host": request["host"], **headers},
            body=(request.get("body") or "").encode(),
            raw_path=path,
        )
        return Recorded(
            place=place,
            provider=str(raw["provider"]),
            name=str(raw.get("case", "")),
            asks=str(raw.get("asks", "")),
            kind=str(raw.get("kind", "")),
            at=float(raw.get("at", 0)),
            call=call,
            answer=_answer(answers[0]) if answers else None,
        )
    except RecursionError:
        raise BadRecording(f"{place}: nested too deep") from None
    except json.JSONDecodeError as error:
        raise BadRecording(
            f"{place}: not JSON: {error.msg} at character {error.colno}; expected a line that"
            " --record has written"
        ) from None
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        told = f"{type(error).__name__}: {error}"
        raise BadRecording(
            f"{place}: not an exchange that --record has written ({told:.80}); expected an object"
            " with provider, case, at, one of requests and one of answers"
        ) from None


def _answer(raw: Mapping[str, Any]) -> Cleaned:
    listed = raw.get("headers")  # who quotes an answer often leaves them out
    headers = None
    if listed is not None:
        headers = {str(name).lower(): str(value) for name, value in listed}
    return Cleaned(int(raw["status"]), headers, parsed(str(raw["body"]).encode()))
