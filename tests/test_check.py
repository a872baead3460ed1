"""`sms-simulators check`: recorded requests held to the providers' contracts."""

import base64
import json
from pathlib import Path
from urllib.parse import quote_plus
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from simulators.cli import check as cli_check
from simulators.cli import commands
from simulators.kernel import lint

CAPTURES = Path(__file__).parent / "captures"
PREFIXED = "a number with + or 00 in front, where the vendor takes digits alone"
SIGNING = ("md5", "sha1", "sha256", "sha512")
VONAGE = ("vonage-python", "vonage-requests-form", "vonage-requests-query")

# The recorded requests that are really wrong, and why.
WRONG = {
    ("logto-aliyun-sms", "payload-context"): "objects and uiLocales leak into TemplateParam",
    ("logto-aliyun-sms", "payload-link"): "a link as the value of a variable",
    ("logto-aliyun-sms-mas", "payload-context"): "objects and uiLocales leak into TemplateParam",
    ("logto-tencent-sms", "payload-context"): "objects sent as [object Object]",
    ("logto-tencent-sms", "payload-link"): "a link as the value of a variable",
    ("logto-tencent-sms", "to-dk-noplus"): "a number abroad without its plus",
    ("logto-tencent-sms", "to-ru-noplus"): "a number abroad without its plus",
    ("logto-twilio-sms", "to-cn-0086"): "a plus put before 0086...",
    ("twilio-verify-node", "invalid-to"): "a number without its plus and its country",
    ("twilio-verify-python", "invalid-to"): "a number without its plus and its country",
    ("logto-smsbao-sms", "plus-number"): "a number abroad, where it sends within China",
    ("logto-smsbao-sms", "302"): "the second of its requests goes where a redirect led it",
    ("logto-whatsapp-sms", "language-missing"): "Logto's code sends no language by itself",
    ("logto-whatsapp-sms", "phone-number-id-with-space"): "blanks around the id of a number",
    ("logto-whatsapp-sms", "302"): "the second of its requests goes where a redirect led it",
    ("logto-yunpian-sms", "to-cn-0086"): "a plus put before 0086...",
    ("vonage-verify2-python", "four-channels"): "a workflow of four, which has three at most",
    ("vonage-verify2-node", "to-with-plus-sent-as-is"): PREFIXED,
    ("logto-vonage-sms", "unicode"): "text beyond GSM without type=unicode",
    **{
        (client, case): PREFIXED
        for client in ("logto-gatewayapi-sms", "logto-smsaero", "logto-vonage-sms")
        for case in ("to-cn-0086", "to-cn-e164", "to-us-e164")
    },
    **{(f"vonage-python-sig-{name}", "e164"): PREFIXED for name in SIGNING},
    **{(client, "e164"): PREFIXED for client in VONAGE},
}

# Those that keep their contract and were hardly meant so.
NO_CODE = "an invitation has a link and no code, and {{code}} stays in the text"
UNSIGNED = "a text without the signature that the vendor asks for"
NOT_GSM = "text beyond GSM 03.38 without encoding=UCS2"
WARNED = {
    ("logto-gatewayapi-sms", "unicode"): NOT_GSM,
    **{(f"gatewayapi-requests-{how}", "unicode"): NOT_GSM for how in ("basic", "form", "token")},
    ("logto-tencent-sms", "payload-context"): "objects sent as [object Object]",
    ("logto-smsbao-sms", "no-code-link-only"): NO_CODE,
    ("logto-smsbao-sms", "unicode"): UNSIGNED,
    ("logto-smsbao-sms", "only-one-template"): UNSIGNED,
    **{
        (f"logto-{name}", "payload-link"): NO_CODE
        for name in ("gatewayapi-sms", "smsaero", "twilio-sms", "vonage-sms", "yunpian-sms")
    },
}

SENT = {
    "method": "POST",
    "url": "https://api.twilio.com/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef"
    "/Messages.json",
    "headers": {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": "Basic " + base64.b64encode(b"AC0:secret").decode(),
    },
    "body": "To=%2B15005550009&From=%2B15005550006&Body=hello",
}
WRONG_TO = {**SENT, "body": "To=12&From=%2B15005550006&Body=hello"}
ELSEWHERE = {"method": "GET", "url": "https://www.example.org/", "headers": {}, "body": ""}


@pytest.fixture
def check(tmp_path):
    """Runs `check` in this process on a file of these lines: exit code, stdout, stderr."""

    def run(content, *options, name="sent.jsonl"):
        if not isinstance(content, bytes):
            content = "\n".join(json.dumps(item) for item in content).encode()
        (tmp_path / name).write_bytes(content)
        return invoke(tmp_path / name, *options)

    return run


def invoke(*arguments):
    done = CliRunner().invoke(commands, ["check", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def har(*requests):
    entries = [
        {
            "request": {
                **{name: request[name] for name in ("method", "url")},
                "headers": [{"name": k, "value": v} for k, v in request["headers"].items()],
                "postData": {"mimeType": "", "text": request["body"]},
            }
        }
        for request in requests
    ]
    return json.dumps({"log": {"version": "1.2", "entries": entries}}, indent=1).encode()


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.jsonl")), ids=lambda path: path.stem)
def test_recorded_requests_pass_but_those_really_wrong(path):
    """Every one in the repository, and it warns of none that was meant as it is."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    cases = [line["case"] for line in lines for _request in line["requests"]]
    code, printed, _ = invoke(path, "--format", "json")
    verdicts = json.loads(printed)["verdicts"]
    broken = {case for case, verdict in zip(cases, verdicts, strict=True) if verdict["breaches"]}

    assert {case for client, case in WRONG if client == path.stem} == broken
    assert bool(broken) == code
    warned = {case for case, verdict in zip(cases, verdicts, strict=True) if verdict["warnings"]}
    assert {case for client, case in WARNED if client == path.stem} == warned


def test_a_violation_shows_field_expected_got_and_the_vendor_s_page(check, tmp_path):
    """At its line; no secret is printed, and the right request beside it is only counted."""
    code, printed, _ = check([SENT, WRONG_TO])

    assert 1 == code
    assert printed.startswith(f"{tmp_path}/sent.jsonl:2: twilio create-message: POST https://api.")
    assert "\n  body.To\n    expected  E.164: " in printed
    assert "\n    got       `12`\n    see       https://www.twilio.com/docs/messaging" in printed
    assert printed.endswith("requests: 2, kept their contract: 1, broke it: 1\n")


def test_a_right_request_is_exit_code_0(check):
    """As JSON Lines, a JSON list, a HAR, and under this machine's addresses."""
    local = SENT["url"].replace("https://api.twilio.com", "http://127.0.0.1:8026/twilio")
    named = SENT["url"].replace("https://api.twilio.com", "http://twilio.localhost:8026")
    for content in (
        [SENT],
        [{**SENT, "url": local}, {**SENT, "url": named}],
        json.dumps([SENT], indent=2).encode(),
        json.dumps(SENT, indent=2).encode(),
        har(SENT),
    ):
        code, printed, _ = check(content)

        assert (0, True) == (code, "broke it" not in printed), printed


def test_a_har_may_have_other_requests_beside_it(check):
    """They are passed over, its parameters taken from where the body was taken apart."""
    document = json.loads(har(ELSEWHERE, WRONG_TO))
    posted = document["log"]["entries"][1]["request"]["postData"]
    del posted["text"]
    posted["params"] = [{"name": "To", "value": "+15005550009"}, {"name": "Bodyy", "value": "hi"}]
    code, printed, _ = check(json.dumps(document).encode(), "--format", "json", name="a.har")
    (verdict,) = json.loads(printed)["verdicts"]

    assert 1 == code
    assert verdict["place"].endswith("a.har entry 2")
    assert ["body.Bodyy is not known; did you mean Body?"] == verdict["warnings"]


def test_a_nearly_known_name_is_a_warning_that_fails_nothing(check):
    """Also one that differs in case alone; a name like no other is none."""
    sent = {**SENT, "body": SENT["body"] + "&MessagingServicesSid=x&mediaurl=y&Colour=blue"}
    code, printed, _ = check([sent])

    assert 0 == code
    assert "body.MessagingServicesSid is not known; did you mean MessagingServiceSid?" in printed
    assert "body.mediaurl is not known; did you mean MediaUrl?" in printed
    assert "Colour" not in printed


def test_near_names_are_looked_for_so_many_times_and_no_more(check, own_calls):
    """However many names a document has, and however often each."""
    asked = own_calls(lint, "get_close_matches", lambda _near, name, *_, **__: name)
    sent = {**SENT, "url": "https://gatewayapi.com/rest/mtsms"}
    sent["headers"] = {"content-type": "application/json", "authorization": "Basic eDp5"}
    recipients = [{f"colour{n % 500}": n, "msisdn": n} for n in range(9000)]
    check([{**sent, "body": json.dumps({"recipients": recipients, "l" * 9000: 1})}])

    assert len(asked) == len(set(asked)) == 200
    assert max(map(len, asked)) <= 100


def test_a_path_or_action_that_nobody_serves_is_a_violation(check):
    """With the provider's operations that are near."""
    tencent = {**SENT, "url": "https://sms.tencentcloudapi.com/", "body": ""}
    tencent["headers"] = {"X-TC-Action": "SendSmss", "Content-Type": "application/json"}
    for sent, said in [
        ({**SENT, "url": SENT["url"].replace("Messages", "Message")}, "Messages.json (create-m"),
        ({**SENT, "method": "PUT"}, "got       `PUT`"),
        (tencent, "an operation of Tencent"),
    ]:
        code, printed, _ = check([sent])

        assert (1, True) == (code, said in printed), printed


def test_a_body_that_is_not_what_its_type_says_is_a_violation(check):
    """As the server would call it malformed."""
    url = "https://gatewayapi.com/rest/mtsms"
    sent = {"method": "POST", "url": url, "headers": {"content-type": "application/json"}}
    code, printed, _ = check([{**sent, "body": "{"}])

    assert (1, True) == (code, "not JSON" in printed)


def test_junit_has_a_case_for_each_request(check):
    """A failure where a contract is broken, whatever characters are in it."""
    spoilt = {**WRONG_TO, "body": "To=%00%1B<&>&Body=" + quote_plus("\ufffe")}
    code, printed, _ = check([SENT, spoilt], "--format", "junit")
    suite = ElementTree.fromstring(printed.encode()).find("testsuite")  # noqa: S314 - our own

    assert 1 == code
    assert ("2", "1", "0") == tuple(suite.get(k) for k in ("tests", "failures", "skipped"))
    assert [0, 1] == [len(case.findall("failure")) for case in suite.findall("testcase")]
    assert "twilio.create-message" == suite.find("testcase").get("classname")


def test_github_annotates_the_line(check, tmp_path):
    """What would end a command or a property is escaped."""
    code, printed, _ = check([SENT, WRONG_TO], "--format", "github", name="a,b.jsonl")
    first = printed.splitlines()[0]

    assert 1 == code
    assert first.startswith(
        f"::error file={tmp_path}/a%2Cb.jsonl,line=2,title=twilio create-message::"
    )
    assert "body.To: `12`; expected E.164" in first


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "sent.jsonl: the file is empty"),
        (b"\n[]\n", "has no request in it"),
        (json.dumps(SENT).encode() + b"\n{oops\n", "sent.jsonl:2: not JSON: "),
        (b'{"method": "GET",\n "url": }\n', "sent.jsonl:2: not JSON: "),
        (json.dumps(SENT).encode() + b"\n\xff\xfe\n", "sent.jsonl:2: not UTF-8"),
        (json.dumps(SENT).encode() + b"\n[1]\n", "sent.jsonl:2: expected an object"),
        (b"[" * 100_000, "nested too deep"),
        (b"1" * 10_000, "not JSON"),
        ([{**SENT, "method": 5}], "sent.jsonl:1: method: expected one as POST"),
        ([{**SENT, "url": "/nowhere"}], "sent.jsonl:1: url: expected an address"),
        ([{**SENT, "url": "http://[::1"}], "sent.jsonl:1: url: expected an address"),
        ([{**SENT, "headers": [["a", 1]]}], "sent.jsonl:1: headers: "),
        ([{**SENT, "headers": "a"}], "sent.jsonl:1: headers: "),
        ([{**SENT, "body": 5}], "sent.jsonl:1: body: "),
        ([SENT, ELSEWHERE], "sent.jsonl:2: no provider has the host 'www.example.org'"),
        (har(ELSEWHERE), "has no request to an SMS provider: "),
        (har(), "has no request in it"),
        (b'{"log": {}}', "log.entries"),
    ],
)
def test_what_cannot_be_judged_is_exit_code_2(check, content, said):
    """One line that names the file and the line in it."""
    code, _printed, told = check(content)

    assert 2 == code
    assert said in told
    assert 1 == told.count("\n")


@pytest.mark.parametrize("bad", [b"{oops", b"[1]", b"5", json.dumps(ELSEWHERE).encode()])
def test_one_request_that_cannot_be_judged_takes_no_other_with_it(check, bad):
    """The report is of the rest; exit code 2 and a line on stderr say that something is missing."""
    lines = [json.dumps(item).encode() for item in (SENT, WRONG_TO)]
    code, printed, told = check(b"\n".join([lines[0], bad, lines[1]]))

    assert (2, 1) == (code, told.count("\n"))
    assert "sent.jsonl:2: " in told
    assert printed.endswith("requests: 2, kept their contract: 1, broke it: 1\n")


def test_an_entry_of_a_har_that_is_none_takes_no_other_with_it(check):
    """As in a list of JSON."""
    document = json.loads(har(SENT, WRONG_TO))
    document["log"]["entries"][0]["request"]["postData"] = {"text": "?", "encoding": "base64"}
    code, printed, told = check(json.dumps(document).encode(), name="a.har")

    assert (2, True) == (code, "entry 1: postData.text is not base64" in told)
    assert printed.endswith("requests: 1, kept their contract: 0, broke it: 1\n")


def test_a_fault_of_a_reader_takes_no_request_with_it(check, monkeypatch):
    """It is told as ours, and the rest is judged."""
    judged = cli_check.judge

    def faulty(request, hosts):
        if request.line == 1:
            raise KeyError("oops")
        return judged(request, hosts)

    monkeypatch.setattr(cli_check, "judge", faulty)
    code, printed, told = check([SENT, SENT])

    assert (2, 1) == (code, told.count("\n"))
    assert "sent.jsonl:1: cannot be judged, by a fault of check: KeyError('oops')" in told
    assert "requests: 1, kept" in printed


@pytest.mark.parametrize("kind", ["text/plain", "application/xml", ""])
def test_a_body_of_another_content_type_is_a_violation_and_no_traceback(check, kind):
    """Tencent's, which its reader refuses in words of its own."""
    url = "https://sms.tencentcloudapi.com/"
    headers = {"X-TC-Action": "SendSms", "Content-Type": kind, "Authorization": "x"}
    tencent = {"method": "POST", "url": url, "headers": headers, "body": '{"a": 1}'}
    code, printed, told = check([tencent, SENT])

    assert (1, "") == (code, told)
    assert "\n  body\n" in printed
    assert "requests: 2, kept their contract: 1, broke it: 1" in printed


def test_an_unknown_host_is_told_those_that_are_known(check):
    """With the near one; `--host` makes it one of them."""
    url = SENT["url"].replace("api.twilio", "api.twillio")
    _code, _printed, told = check([{**SENT, "url": url}])
    code, _, _ = check([{**SENT, "url": url}], "--host", "api.twillio.com=twilio")

    assert "did you mean api.twilio.com?" in told
    assert "gate.smsaero.ru" in told
    assert 0 == code


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "files of recorded requests, or --url"),
        (["x.har", "--url", "http://127.0.0.1:1"], "not both"),
        (["/nowhere/x.har"], "/nowhere/x.har: No such file"),
        (["x.har", "--host", "a"], "expected HOST=PROVIDER"),
        (["x.har", "--host", "a=twillio"], "no provider 'twillio'"),
        (["--url", "http://127.0.0.1:1"], "nothing answers at"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments, said):
    """One line on stderr."""
    code, printed, told = invoke(*arguments)

    assert (2, "", 1) == (code, printed, told.count("\n"))
    assert said in told


@pytest.fixture
def strangers(sms_server):
    """The world of nobody, emptied before and after the test."""
    world = sms_server.accounts.strangers
    sms_server.call(world.reset)
    yield world
    sms_server.call(world.reset)


def test_a_violation_of_nobody_known_is_counted_with_any_account_s(
    default, strangers, sms_server, replay, captures
):
    """Whose it is cannot be told: not green, one line on stderr, its verdict in the report. What
    keeps its contract is nobody's business."""
    server = ("--url", sms_server.url)
    right = next(c for c in captures("logto-twilio-sms") if c["case"].endswith("Generic"))
    replay(right["requests"][0])
    token = base64.b64encode(b"AC" + b"5" * 32 + b":" + b"6" * 32)
    nobody_s = b"authorization: Basic " + token + b"\r\nhost: api.twilio.com\r\n"
    nobody_s += b"content-length: 0\r\n\r\n"
    path = b"/2010-04-01/Accounts/AC" + b"5" * 32 + b"/Messages.json HTTP/1.1\r\n"
    replay(b"GET " + path + nobody_s, "api.twilio.com")
    before = invoke(*server)
    replay(b"POST " + path + nobody_s, "api.twilio.com")

    code, printed, told = invoke(*server)

    assert (0, "") == (before[0], before[2])
    assert (1, 1) == (code, told.count("\n"))
    assert "counted here: 1 that broke" in told
    assert "request 2 of strangers: twilio create-message" in printed
    assert "kept their contract: 1, broke it: 1" in printed
    assert (1, "") == invoke(*server, "--account", "strangers")[::2]


def test_a_server_s_journal_is_judged_as_its_files_are(
    default, strangers, sms_server, replay, captures
):
    """With the verdicts that were reached when the requests came; an empty one is exit code 2."""
    server = ("--url", sms_server.url)
    assert 2 == invoke(*server)[0]
    wrong = ("to-cn-0086", "Generic")
    for capture in captures("logto-twilio-sms"):
        if capture["case"].endswith(wrong):
            replay(capture["requests"][0])
    code, printed, _ = invoke(*server, "--format", "json")
    verdicts = json.loads(printed)["verdicts"]

    assert 1 == code
    assert ["body.To"] == [b["pointer"] for v in verdicts for b in v["breaches"]]
    assert {"create-message"} == {verdict["operation"] for verdict in verdicts}
    assert len(verdicts) > 1
