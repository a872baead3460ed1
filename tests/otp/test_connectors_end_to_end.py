"""Each connector against the running simulators, over the pool: what is sent arrives, and what is
refused is noticed as Logto notices it, and as a careful service would."""

import asyncio

import pytest

from simulators.catalog import PROVIDERS
from simulators.kernel.clock import Chance
from simulators.kernel.credentials import made
from simulators.otp.connector import ConnectorError, Message, Moment
from simulators.otp.connector import Crash as Fault
from simulators.otp.factories import CONNECTORS, check_config
from simulators.otp.pool import Pool
from simulators.samples import sample

# Logto's connector for each provider that it has one for.
IDS = {name: sample(name).connector["factory"] for name in PROVIDERS if sample(name).connector}
TAKEN, CRASH = "taken", "crash"
GENERAL, LIMITED, INVALID = "general", "rate_limit_exceeded", "invalid_response"
BAD = "invalid_request_parameters"
ALIYUN = {"aliyun": INVALID, "aliyun_mas": INVALID}  # both want each answer to be theirs


def each(otherwise, **some):
    """What happens with each provider."""
    return {provider: some.get(provider, otherwise) for provider in IDS}


# By the last seven digits of the number, in the shipped file of magic numbers: what Logto notices
# and what a careful service does.
CASES = {
    "9990101 a number that is none": (each(GENERAL, aliyun_mas=BAD), each(GENERAL)),
    "9990102 throttled": (each(GENERAL, aliyun=LIMITED), each(LIMITED)),
    "9990111 an error of its own": (each(GENERAL), each(GENERAL)),
    "9990301 a page of a proxy": (
        each(TAKEN, **ALIYUN, tencent=CRASH, smsbao=GENERAL),
        each(INVALID),
    ),
    "9990302 nothing at all": (
        each(TAKEN, **ALIYUN, tencent=CRASH, smsbao=GENERAL),
        each(INVALID, http_sms=TAKEN),
    ),
    "9990303 JSON cut short": (
        each(TAKEN, vonage=GENERAL, **ALIYUN, tencent=CRASH, smsbao=GENERAL),
        each(INVALID),
    ),
    "9990304 a bad gateway": (each(GENERAL, **ALIYUN), each(GENERAL)),
    "9990204 a connection closed": (
        each(CRASH, vonage=GENERAL, http_sms=GENERAL, yunpian=GENERAL, smsbao=GENERAL),
    )
    * 2,
}


def to(provider, digits):
    """A number of the provider's home market that ends so, as Logto has it."""
    return sample(provider).ending(digits).removeprefix("+")


@pytest.fixture
def deliver(sms):
    """Sends a code with a connector, and says what became of it: for Logto, for a careful one."""

    def send(provider, number, **changes):
        sms.allow_violations()
        connector = CONNECTORS[IDS[provider]]
        config = {**sample(provider).config(sms.credentials(provider)), **changes}
        check_config(connector.id, config)
        message = Message(to=number, usage="SignIn", payload={"code": "482913"})
        now = sms.clock.now().timestamp()
        outgoing = connector.request(config, message, Moment(now, sms.world.chance.uuid()))
        pool = Pool(f"http://127.0.0.1:{sms.simulators.ports['http']}", timeout=10)

        async def exchange():
            try:
                return await pool.send(outgoing)
            finally:
                await pool.close()

        try:
            answer = asyncio.run(exchange())
        except OSError as problem:
            return (became(connector.unreachable, str(problem)),) * 2
        return became(connector.faithful, answer), became(connector.careful, answer)

    return send


def became(read, answer):
    """What a reading makes of an answer, or of a connection that failed."""
    try:
        failure = read(answer)
        if failure is not None:
            raise failure
    except ConnectorError as refused:
        return refused.code
    except Fault:
        return CRASH
    return TAKEN


@pytest.mark.parametrize("provider", IDS)
def test_what_is_sent_arrives(provider, sms, deliver):
    """Both notice that, and the person gets the code."""
    became = deliver(provider, to(provider, "5550123"))

    assert (TAKEN, TAKEN) == became
    assert "482913" == sms.wait_for_code()


@pytest.mark.parametrize("provider", IDS)
def test_a_request_keeps_the_providers_contract(provider, sms, deliver):
    """What Logto puts on the wire is what the provider asks for."""
    deliver(provider, to(provider, "5550123"))

    assert [] == sms.violations()


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("provider", IDS)
def test_a_refusal_is_noticed_or_is_not(provider, case, sms, deliver):
    """By each of the two as the table says."""
    sms.script("magic")
    faithful, careful = CASES[case]

    became = deliver(provider, to(provider, case[:7]))

    assert (faithful[provider], careful[provider]) == became


def secrets(provider):
    """The fields of a configuration that hold a secret, each with another account's."""
    table = PROVIDERS[provider].credentials
    other = made(table, Chance("another"))
    hidden = {f"{{{row.name}}}": other[row.name] for row in table if row.secret}
    config = sample(provider).connector["config"]
    return {field: hidden[value] for field, value in config.items() if str(value) in hidden}


@pytest.mark.parametrize("provider", IDS)
def test_a_wrong_secret_is_noticed_by_both(provider, sms, deliver):
    """Nothing arrives."""
    became = deliver(provider, to(provider, "5550123"), **secrets(provider))

    assert (GENERAL, GENERAL) == became
    assert [] == sms.messages()


@pytest.mark.parametrize(
    ("provider", "error"),
    [("aliyun", ""), ("smsaero", "no credits"), ("tencent", ""), ("vonage", "")],
)
def test_an_error_under_http_200_is_missed_for_sms_aero_alone(provider, error, sms, deliver):
    """An empty purse: these say so under HTTP 200 (SMS Aero in one of its ways), and Logto reads
    three of them."""
    sms.script("magic")
    if error:
        sms.script({"match": {"provider": provider}, "effect": {"error": error}})

    became = deliver(provider, to(provider, "9990105"))

    assert (TAKEN if provider == "smsaero" else GENERAL, GENERAL) == became
    assert 200 == sms.requests()[-1]["status"]
    assert [] == sms.messages()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_generic_shape_arrives_by_either_method(method, sms, deliver):
    """The text is the template's."""
    sent = {"phone": "{{to}}", "text": "{{type}}: {{message}}", "flash": False}
    named = "queryParams" if method == "GET" else "bodyParams"
    templates = [{"usageType": "Generic", "content": "your code is {{code}}"}]

    became = deliver("http_sms", "14155550123", method=method, templates=templates, **{named: sent})

    assert (TAKEN, TAKEN) == became
    assert "SignIn: your code is 482913" == sms.wait_for_message("+14155550123").text


def test_a_connector_runs_on_a_connection_that_is_kept(sms):
    """Twenty messages of seven vendors at once, all through one pool."""
    pool = Pool(f"http://127.0.0.1:{sms.simulators.ports['http']}", timeout=10)
    now = sms.clock.now().timestamp()

    async def one(number):
        provider = list(IDS)[number % len(IDS)]
        connector = CONNECTORS[IDS[provider]]
        message = Message(
            to=to(provider, f"55501{number:02}"), usage="Generic", payload={"code": "482913"}
        )
        moment = Moment(now, sms.world.chance.uuid())
        outgoing = connector.request(
            sample(provider).config(sms.credentials(provider)), message, moment
        )
        connector.careful(await pool.send(outgoing))

    async def all_of_them():
        try:
            await asyncio.gather(*(one(number) for number in range(20)))
        finally:
            await pool.close()

    asyncio.run(all_of_them())

    assert 20 == len(sms.messages())
