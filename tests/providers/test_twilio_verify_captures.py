"""What twilio-python, twilio-node and others really sent to Twilio Verify and Lookup, replayed byte
for byte over TLS under their host names."""

import json
from pathlib import Path

import pytest

from simulators.kernel.templates import Template, update_templates
from simulators.kernel.verifications import Code, Verification, Verifications
from simulators.providers.twilio_verify import PROVIDER, services

SERVICE, NUMBER, KNOWN = "VA00112233445566778899aabbccddeeff", "+15551234567", "VE" + "a" * 32
THEIRS = "VE" + "0" * 28 + "abc0"  # the verification of the recorded answers
FOLDER = Path(__file__).parents[1] / "captures"
CAPTURES = [
    json.loads(line)
    for name in ("python", "node", "raw")
    for line in (FOLDER / f"twilio-verify-{name}.jsonl").read_text().splitlines()
]
UNDER_WAY = ("fetch-by-sid", "fetch-by-number", "update-approved", "update-canceled-by-number")
READ = ("service-fetch", "service-list", "attempts-list", "templates-list")
LOOKED_UP = ("lookup-basic", "lookup-line-type")

# How each request of a case is answered, and by which error the last one; all others are 201.
ANSWERED = {
    "create-sixth": ([201] * 5 + [429], 60203),
    "second-create": ([201, 201], None),
    "check-right": ([201, 200], None),
    "check-wrong": ([201, 200], None),
    "check-right-by-sid": ([201, 200], None),
    "check-wrong-six": ([201] + [200] * 5 + [429], 60202),
    "check-not-found": ([404], 20404),
    "wrong-credentials": ([401], 20003),
    "wrong-credentials-check": ([401], 20003),
    "invalid-to": ([400], 60200),
    "service-delete": ([204], None),
    **dict.fromkeys((*UNDER_WAY, *READ, *LOOKED_UP), ([200], None)),
}


@pytest.fixture
def prepared(default):
    """Makes what the recorded requests take for granted: a verification that is under way, a rate
    limit, a template."""
    world = default.world

    def prepare(case):
        now = world.clock.now()
        if case in UNDER_WAY:
            details = {"service": SERVICE, "to": NUMBER, "channel": "sms"}
            one = Verification(
                id=KNOWN,
                key=f"{SERVICE} {NUMBER}",
                codes=[Code("123456", now + 600)],
                opened=now,
                details={**details, "amount": None, "payee": None},
            )
            attempt = {"sid": "VL" + "b" * 32, "channel": "sms", "at": now}
            Verifications(world, PROVIDER.name).open(one.with_send(attempt))
        limit = {"sid": "RK" + "1" * 32, "unique_name": "end_user_ip", "description": None}
        limit |= {"created": now, "updated": now, "buckets": []}
        if case in ("all-options", "bucket-create"):
            service = services.made(SERVICE, now, {"friendly_name": "Acme"})
            world.save(services.NAME, [{**service, "rate_limits": [limit]}])
        if case == "all-options":
            template = Template("HJ" + "a" * 32, "{{code}} is the code of {{foo}}")
            update_templates(world, PROVIDER, lambda known: known.update({template.code: template}))

    return lambda case: default.simulators.call(lambda: prepare(case))


@pytest.mark.parametrize(
    "capture", [pytest.param(c, id=f"{c['client']}-{c['case']}") for c in CAPTURES]
)
def test_a_recorded_request_is_answered(capture, prepared, default, replay):
    """As documented, and what was sent is in the inbox with its code. In the place of the code and
    the verification of that time stand those of now, which are as long."""
    case, sid, answers = capture["case"], "", []
    prepared(case)
    statuses, error = ANSWERED.get(case, ([201], None))
    for request in capture["requests"]:
        sent = [message.code for message in default.messages()]
        body = request["body"].replace("Code=123456", f"Code={sent[0] if sent else 123456}")
        answers.append(replay({**request, "body": body.replace(THEIRS, sid)}))
        sid = answers[-1].json().get("sid", "") if answers[-1].body else ""
    last = answers[-1].json() if answers[-1].body else {}

    assert statuses == [answer.status for answer in answers]
    assert error == last.get("code")
    assert ("right" in case or "approved" in case) == (
        last.get("valid") is True
    ) or "lookup" in case
    created = [a.json()["sid"] for a in answers if a.status == 201 and b'"VE' in a.body]
    assert len(created) == len(default.messages())
    assert len(set(created)) <= 1
