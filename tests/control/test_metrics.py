"""Prometheus' text format: what was answered, what is kept, what waits."""

import re


def value(text, name):
    return float(re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)[1])


def test_counts_answers_by_provider_operation_and_status(control, send):
    """Refusals too; a message kept counts until it is deleted."""
    send()
    before = control("GET", "/metrics").raw.decode()
    send()
    send(to="nonsense")
    after = control("GET", "/metrics").raw.decode()

    def grown(name):
        return value(after, name) - value(before, name)

    counter = 'sms_simulators_requests_total{provider="twilio",operation="create-message",status='
    assert 1 == grown(counter + '"201"}')
    assert 1 <= value(after, counter + '"400"}')
    assert 1 == grown("sms_simulators_messages_kept")
    assert 0 == value(after, "sms_simulators_long_polls_open")


def test_is_in_the_text_format(control, send):
    """Every family has its help and its type, every line ends."""
    send()  # or nothing was counted yet
    answer = control("GET", "/metrics")
    text = answer.raw.decode()
    families = set(re.findall(r"^# TYPE (\S+) (?:counter|gauge)$", text, re.MULTILINE))

    assert "text/plain; version=0.0.4; charset=utf-8" == answer.headers["content-type"]
    assert text.endswith("\n")
    assert families == set(re.findall(r"^# HELP (\S+) \S.*$", text, re.MULTILINE))
    assert families == set(re.findall(r"^([a-z_]+)[ {]", text, re.MULTILINE))


def test_tells_which_node_it_is_and_what_cpu_time_it_has_used(control):
    """Always the same node, whose time goes on."""
    first, second = (control("GET", "/metrics").raw.decode() for _ in range(2))
    node = re.search(r'^sms_simulators_node_info{node="\w+",version="\d[^"]*"} 1$', first, re.M)

    assert node[0] in second
    cpu = 'sms_simulators_cpu_seconds_total{process="1"}'
    assert 0 < value(first, cpu) < value(second, cpu)
    assert "engine_cpu" not in first
