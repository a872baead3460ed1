"""One route of the control API: all that its checks, its view and its documentation need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from simulators.control.watch import Watch
from simulators.kernel.accounts import Accounts
from simulators.kernel.call import Call, Reply
from simulators.kernel.contracts import Contract
from simulators.kernel.events import Feed
from simulators.kernel.pipeline import Pipeline, Settings
from simulators.kernel.provider import Provider
from simulators.kernel.steps import Steps, by_turns
from simulators.kernel.world import World
from simulators.server.group import Counted

Schema = Mapping[str, Any]
Turns = Steps[Any]

# No cache keeps an answer, and no browser takes one for a page.
HEADERS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
Asked = tuple[str, tuple[str, ...], str]

ACCOUNT: Schema = {
    "type": "string",
    "maxLength": 64,
    "description": "the account whose world is meant; 'default' if it is left out",
}


def in_turns(document: Steps[bytes]) -> Reply:
    """The answer of a route whose JSON takes long to make: others are served in between."""

    async def later() -> Reply:
        headers = [("Content-Type", "application/json"), *HEADERS]
        return Reply(200, await by_turns(document), headers)

    return Reply(200, later=later)


class Options(Protocol):
    """How the server was started, as far as the API tells of it or goes by it."""

    @property
    def host(self) -> str: ...

    @property
    def token(self) -> str: ...

    @property
    def settings(self) -> Settings: ...


class Dispatching(Protocol):
    """Who delivers receipts and replies."""

    def under_way(self, account: str) -> list[dict[str, Any]]:
        """The callbacks of an account that were sent and are not answered yet."""

    async def settled(self, timeout: float, account: str = "") -> bool:
        """Waits until everything that is due has been tried; False if that takes too long."""


class Served(Protocol):
    """What the API is put in front of: the simulators, which import it and not the other way."""

    @property
    def providers(self) -> Mapping[str, Provider]: ...

    @property
    def accounts(self) -> Accounts: ...

    @property
    def options(self) -> Options: ...

    @property
    def pipeline(self) -> Pipeline: ...

    @property
    def feed(self) -> Feed: ...

    @property
    def watch(self) -> Watch: ...

    @property
    def dispatcher(self) -> Dispatching: ...

    def addresses(self, provider: str) -> dict[str, str | None]:
        """Where a provider is served."""

    polls: int  # that are open here

    @property
    def node(self) -> str: ...

    def spent(self) -> list[float]: ...

    def engine_cpu(self) -> dict[str, float]: ...

    def counted(self) -> Counted:
        """What was counted, by all processes that serve as one."""

    def reset(self, world: World) -> None:
        """Empties an account."""

    def check_store(self) -> None:
        """Raises `Unavailable` if the store, or a part of it, keeps nothing now."""


@dataclass(slots=True)
class State:
    """What the control app itself keeps: the sequence that the last wait for an account, a number
    and a provider returned."""

    simulators: Served
    returned: dict[Asked, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to the control API, checked: `query` and `body` are as the route's schemas say,
    and hold no names that they do not know."""

    state: State
    call: Call
    world: World
    params: Mapping[str, str]
    query: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def simulators(self) -> Served:
        """All that is served."""
        return self.state.simulators


@dataclass(frozen=True, kw_only=True)
class Route:
    """One operation. `path` has its variables in braces; `handle` returns a document, or a
    `Reply` where more is to be said than 200 (or `status`) and JSON, or raises `Bad`. One that has
    much to go through is a generator: it yields where others may have their turn, and returns it.

    `query` holds a schema for each parameter, `account` not among them: `worldly` routes all
    take it. `body` is the schema of the JSON body, None where there is none; where `handle` judges
    parts of it by itself and in better words, `told` is the whole schema, which is documented in
    its place. `public` ones need no token.
    """

    name: str
    method: str
    path: str
    summary: str
    handle: Callable[[Ask], Any]
    answer: Schema
    query: Mapping[str, Schema] = field(default_factory=dict)
    body: Schema | None = None
    told: Schema | None = None
    status: int = 200
    media: str = "application/json"
    worldly: bool = True
    public: bool = False

    @property
    def parameters(self) -> Mapping[str, Schema]:
        """All query parameters, `account` included."""
        return {**self.query, "account": ACCOUNT} if self.worldly else self.query

    @cached_property
    def query_contract(self) -> Contract:
        """Judges the query parameters, once they have their types."""
        properties = {name: dict(schema) for name, schema in self.parameters.items()}
        return Contract({"type": "object", "properties": properties})

    @cached_property
    def body_contract(self) -> Contract:
        """Judges the JSON body."""
        return Contract(dict(self.body or {"type": "object", "properties": {}}))
