"""Whether it is up, what is where, how much went through, and a fresh start."""

from collections.abc import Sequence
from typing import Any

from simulators.control.openapi import release
from simulators.control.route import Ask, Route
from simulators.control.schemas import NULLABLE, PROVIDER, TEXT, many, record, said, text, texts
from simulators.kernel.call import Reply
from simulators.kernel.store import Unavailable

_METRICS = "text/plain; version=0.0.4; charset=utf-8"


def _health(ask: Ask) -> Any:
    ask.simulators.check_store()
    return {"status": "ok"}


def _providers(ask: Ask) -> Any:
    return {
        "providers": [
            {
                "name": name,
                "title": provider.title,
                "reference": provider.reference,
                "hosts": list(provider.hosts),
                "urls": ask.simulators.addresses(name),
                "credentials": dict(ask.world.credentials(name)),
            }
            for name, provider in ask.simulators.providers.items()
        ]
    }


def _reset(ask: Ask) -> Any:
    ask.simulators.reset(ask.world)
    return {"reset": ask.world.id}


def _metrics(ask: Ask) -> Reply:
    accounts = ask.simulators.accounts
    try:
        gauges = [
            *_gauge("store_up", "Whether the store keeps what it is given.", 1),
            *_gauge("messages_kept", "Accepted messages kept now.", accounts.store.kept()),
            *_gauge("accounts", "Accounts.", accounts.store.accounts_kept()),
        ]
        if engines := ask.simulators.engine_cpu():
            told = "CPU time of each engine that keeps it all."
            name = "sms_simulators_engine_cpu_seconds_total"
            cells = [(f'engine="{place}"', cpu) for place, cpu in engines.items()]
            gauges += _counter(name, told, cells)
    except Unavailable:
        gauges = _gauge("store_up", "Whether the store keeps what it is given.", 0)
    counted = ask.simulators.counted()
    lines = [
        "# HELP sms_simulators_node_info Which node was asked, and of which version it is.",
        "# TYPE sms_simulators_node_info gauge",
        f'sms_simulators_node_info{{node="{ask.simulators.node}",version="{release()}"}} 1',
        *_counter(
            "sms_simulators_cpu_seconds_total",
            "CPU time of each process of this node.",
            [(f'process="{number}"', cpu) for number, cpu in enumerate(ask.simulators.spent(), 1)],
        ),
        "# HELP sms_simulators_requests_total Requests to the simulated providers.",
        "# TYPE sms_simulators_requests_total counter",
        *(
            f'sms_simulators_requests_total{{provider="{provider}",operation="{operation}",'
            f'status="{status}"}} {count}'
            for (provider, operation, status), count in sorted(counted.requests.items())
        ),
        *gauges,
        *_gauge("long_polls_open", "Open waits for a message.", counted.polls),
    ]
    return Reply(200, "\n".join([*lines, ""]).encode(), [("Content-Type", _METRICS)])


def _gauge(name: str, told: str, value: int) -> list[str]:
    full = f"sms_simulators_{name}"
    return [f"# HELP {full} {told}", f"# TYPE {full} gauge", f"{full} {value}"]


def _counter(full: str, told: str, cells: Sequence[tuple[str, float]]) -> list[str]:
    values = [f"{full}{{{label}}} {value:.6f}" for label, value in cells]
    return [f"# HELP {full} {told}", f"# TYPE {full} counter", *values]


_URLS = {
    **record(
        prefix=said(NULLABLE, "under a prefix of the simulators' own address"),
        localhost=said(NULLABLE, "by its name under localhost"),
        https=said(NULLABLE, "the prefix over TLS, null where none is served"),
        port=said(NULLABLE, "on a port of its own, null where it has none"),
    ),
    "description": "where it is served; null where a server of another kind than the simulators'"
    " own has it",
}
_PROVIDER = record(
    name=PROVIDER,
    title=text("the vendor's name for it"),
    reference=text("the vendor's API page"),
    hosts=said(many(TEXT), "the vendor's host names, which it answers under as well"),
    urls=_URLS,
    credentials=texts("the account's credentials, by their names"),
)

ROUTES = (
    Route(
        name="health",
        method="GET",
        path="/_sim/health",
        summary="Whether it is up, and its store keeps what it is given",
        handle=_health,
        answer=record(status=text("ok")),
        worldly=False,
        public=True,
    ),
    Route(
        name="list-providers",
        method="GET",
        path="/_sim/providers",
        summary="The providers, where each is served, and the account's credentials",
        handle=_providers,
        answer=record(providers=said(many(_PROVIDER), "all of them")),
    ),
    Route(
        name="reset",
        method="POST",
        path="/_sim/reset",
        summary="Empties the account's world; its credentials stay",
        handle=_reset,
        answer=record(reset=text("the id of the account")),
    ),
    Route(
        name="metrics",
        method="GET",
        path="/metrics",
        summary="Counters in Prometheus' text format",
        handle=_metrics,
        answer=text("lines of text"),
        media="text/plain",
        worldly=False,
    ),
)
