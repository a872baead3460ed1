"""The whole thing in one process: state, apps, gateway and listeners."""

import asyncio
import contextlib
import logging
import random
import secrets
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Container, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import uvicorn
import uvloop

from simulators import catalog
from simulators.control.app import build as build_control
from simulators.control.watch import Watch
from simulators.inbox.entrance import Entrance
from simulators.kernel.accounts import DEFAULT, AccountDocument, Accounts
from simulators.kernel.call import Reply
from simulators.kernel.events import Feed
from simulators.kernel.hosts import Hosts
from simulators.kernel.pipeline import Pipeline, Settings
from simulators.kernel.provider import Provider
from simulators.kernel.rules import Rule, install
from simulators.kernel.world import STRANGERS, World
from simulators.loopback import is_loopback
from simulators.otp.policy import Policy
from simulators.server import tls, watchdog
from simulators.server.apps import App
from simulators.server.arrival import Site
from simulators.server.courier import Courier
from simulators.server.dispatch import Dispatcher
from simulators.server.gateway import LOOPBACK, Gateway, local_host
from simulators.server.group import Counted, Member
from simulators.server.http1 import Protocol
from simulators.server.listeners import listen, listener
from simulators.store.file import FileStore
from simulators.store.log import Unusable
from simulators.store.memory import KEEP, MemoryStore
from simulators.store.valkey import shared

if TYPE_CHECKING:
    from simulators.otp.app import Made
    from simulators.store.valkey.store import ValkeyStore

# Listening on every address, the simulators are reached by the loopback one.
_SELF = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - shown, not bound
_TIDY_SECONDS = 0.25
_SPENT_SECONDS = 1.0  # between two looks at its own CPU time, of a process that has others beside
_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_Sockets = list[socket.socket]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What is served where. Port 0 picks a free one; None serves no TLS. `rules`, checked ones, are
    those the default account starts with, again after each reset. `data` is the file that the
    store is kept in as well, with `data_sync` so that it outlives a power loss. Without `otp_port`
    there is no reference OTP service; `otp_through` are other nodes that it sends through. `member`
    is which process of a group this one is."""

    host: str = "127.0.0.1"
    port: int = 8026
    tls_port: int | None = 8443
    provider_ports: Mapping[str, int] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    settings: Settings = field(default_factory=Settings)
    keep: int = KEEP
    data: Path | None = None
    data_sync: bool = False
    tls_dir: Path = field(default_factory=tls.default_folder)
    token: str = ""
    callbacks_to: tuple[str, ...] = ()
    store: str = ""
    accounts: Sequence[AccountDocument] = ()
    rules: Sequence[Rule] = ()
    otp_port: int | None = None
    otp_through: tuple[str, ...] = ()
    otp_policy: Policy = field(default_factory=Policy)
    member: Member | None = None

    def ports(self) -> dict[str, tuple[str, int, str]]:
        """What is listened on, by the names of `Simulators.ports`: host, port and flag."""
        wanted = {"http": (self.port, "--port")}
        for name, port in self.provider_ports.items():
            wanted[name] = (port, "--provider-port")
        if self.tls_port is not None:
            wanted["https"] = (self.tls_port, "--tls-port")
        if self.otp_port is not None:
            wanted["otp"] = (self.otp_port, "--otp-port")
        return {name: (self.host, *one) for name, one in wanted.items()}


class Simulators:
    """Everything one server has. Its state is touched on the loop's thread only."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.providers: Mapping[str, Provider] = catalog.PROVIDERS
        self.store: MemoryStore | ValkeyStore
        self.shared: ValkeyStore | None = None
        self._own: MemoryStore | None = None
        if options.store:
            self.store = self.shared = shared(options.store, options.keep)
        else:
            self.store = self._own = self._of_this_process()
        known = set(self.store.accounts())  # a store that was here before keeps what it has
        self.accounts = Accounts(self.store, self.providers.values())
        self._furnish(known)
        if self.shared is not None:
            self.shared.emptied = self._emptied
        self.courier = Courier(options.callbacks_to)
        self.pipeline = Pipeline(self.accounts, options.settings, self.courier.ask)
        self._name = self._named(secrets.token_hex(4))
        self.node = secrets.token_hex(4) if options.member is None else options.member.board.name
        self.feed = Feed(self.accounts, self._name)
        self.watch = Watch(self.store)
        self.control = build_control(self)
        self.gateway = self._gateway()
        self.ports: dict[str, int] = {}
        if options.member is not None:
            self.pipeline.counts = options.member.board.counts(options.member.number)
        self.polls = 0  # of one that was here before
        self.loop: asyncio.AbstractEventLoop | None = None
        self._servers: list[uvicorn.Server] = []
        self.dispatcher = Dispatcher(self.accounts, self.courier, *self._begun())
        self._stopping = False

    def _of_this_process(self) -> MemoryStore:
        data = self.options.data
        return MemoryStore(self.options.keep) if data is None else self._kept(data)

    def _kept(self, data: Path) -> FileStore:
        """The store that was kept in a file. Raises `Unusable`."""
        store = FileStore(data, self.options.keep, tell=_log.warning)
        known = {provider.account for provider in self.providers.values()}
        for account in store.accounts():
            for name in (store.account(account) or {})["credentials"]:
                if name not in known:
                    store.close()
                    raise Unusable(
                        f"{data} is of simulators with the provider '{name}', which is not here;"
                        f" there are: {', '.join(sorted(self.providers))}"
                    )
        return store

    def _furnish(self, known: Container[str]) -> None:
        """Makes what the options say is there at first, but for what was `known` before."""
        for account in self.options.accounts:
            if account["id"] not in known:
                settings = account.get("settings", {})
                self.accounts.add(account["id"], account["credentials"], account["seed"], settings)
        if DEFAULT not in known:
            install(self.accounts.world(DEFAULT), self.options.rules)

    def _named(self, name: str) -> str:
        """What all who serve from one store are called: who watches one goes on at another."""
        kept: str = self.store.update(STRANGERS, "server", lambda kept: kept or name)
        return kept

    def _emptied(self) -> None:
        """Somebody has emptied the store that this process shares: it begins anew."""
        known = set(self.store.accounts())
        self._named(self._name)
        self.accounts.publish()
        self._furnish(known)

    def _gateway(self) -> Gateway:
        apps = {
            name: App(provider, self.pipeline, self.accounts.strangers)
            for name, provider in self.providers.items()
        }
        return Gateway(
            apps,
            Entrance(self, self.control),
            Hosts(self.providers.values()),
            own_hosts=LOOPBACK | frozenset(self.options.names) | {self.options.host.lower()},
            any_address=not is_loopback(self.options.host),
            synced=self._synced(),
        )

    def _synced(self) -> Callable[[], Awaitable[None]] | None:
        return self._own.synced if self._own is not None and self.options.data_sync else None

    def reset(self, world: World) -> None:
        """Empties an account; the default one has its rules to start with again."""
        world.reset()
        if world.id == DEFAULT:
            install(world, self.options.rules)

    @property
    def otp_url(self) -> str:
        """Where the reference OTP service is."""
        return f"http://{self._shown_host()}:{self.ports['otp']}"

    def base_url(self, provider: str) -> str:
        """Where a client of this provider is pointed at when it takes a URL."""
        return f"{self.url}/{provider}"

    @property
    def url(self) -> str:
        """The simulators' own address."""
        return f"http://{self._shown_host()}:{self.ports['http']}"

    def addresses(self, provider: str) -> dict[str, str | None]:
        """Where a provider is served: by prefix on the simulators' own address, by
        `<provider>.localhost`, by prefix over https, on a port of its own; None where it is not."""
        address = self.url.rpartition(":")[0]
        secure, own = self.ports.get("https"), self.ports.get(provider)
        return {
            "prefix": self.base_url(provider),
            "localhost": f"http://{local_host(provider)}:{self.ports['http']}",
            "https": f"https://{address.partition('://')[2]}:{secure}/{provider}"
            if secure
            else None,
            "port": f"{address}:{own}" if own else None,
        }

    @property
    def secure_url(self) -> str:
        """The same over TLS."""
        return f"https://{self._shown_host()}:{self.ports['https']}"

    def _shown_host(self) -> str:
        host = self.options.host.strip("[]")
        shown = _SELF.get(host, host)
        return f"[{shown}]" if ":" in shown else shown

    def hosts(self) -> list[str]:
        """Every host name the certificate is for."""
        vendor = Hosts(self.providers.values())
        local = [local_host(name) for name in self.providers]
        own = ["localhost", "127.0.0.1", "::1", *self.options.names]
        bound = self.options.host.strip("[]")
        if bound not in _SELF:
            own.append(bound)
        return [*vendor, *local, *own]

    async def serve(self, ready: Callable[[], None]) -> None:
        """Listens until `stop`; calls `ready` once every port accepts. Raises `PortInUse`."""
        self.loop = asyncio.get_running_loop()
        async with contextlib.AsyncExitStack() as closing:
            closing.callback(self.store.close)
            if self.options.member is not None:  # which ends with whoever started it
                self.loop.add_reader(self.options.member.alive, self.stop)
                closing.callback(self.loop.remove_reader, self.options.member.alive)
            if self.shared is not None:
                await closing.enter_async_context(self.shared.attached())
            await asyncio.ensure_future(self._serve(ready))  # in a task, which may wait for it

    async def _serve(self, ready: Callable[[], None]) -> None:
        async with contextlib.AsyncExitStack() as closing:
            closing.callback(self.courier.close)
            work = self._listeners(closing)
            self._servers = [server for server, _ in work]
            if self._stopping:
                return
            tasks = [asyncio.ensure_future(server.serve(sockets)) for server, sockets in work]
            while not all(server.started for server in self._servers):
                if any(task.done() for task in tasks):
                    break
                await asyncio.sleep(0.002)
            else:
                ready()
                closing.enter_context(watchdog.watching(self._answered))
            beside = [asyncio.ensure_future(self.dispatcher.run())]
            if self._own is not None:
                beside.append(asyncio.ensure_future(_tidy(self._own)))
            if self.options.member is not None:
                beside.append(asyncio.ensure_future(_tell_cpu(self.options.member)))
            try:
                await asyncio.gather(*tasks)
            finally:
                for one in beside:
                    one.cancel()

    def _begun(self) -> Sequence[Callable[[Callable[[], None]], None]]:
        """How what the loop calls for is done, where a store has to be waited for."""
        if self.shared is None:
            return ()
        from simulators.store.valkey.green import spawn

        return (spawn,)

    def _protocol(self) -> type[Protocol]:
        if self.shared is None:
            return Protocol
        from simulators.server.waiting import waiting

        return waiting(self.shared.begin)

    def check_store(self) -> None:
        """Asks the store to keep that there is no such document: one that cannot keep it says why.
        Of one that is in several places, the others were asked lately."""
        self.store.save(STRANGERS, "health", None)
        if self.shared is not None:
            self.shared.engine.check()

    def counted(self) -> Counted:
        """What was counted, by all processes that serve as one."""
        member = self.options.member
        if member is None:
            return Counted(self.pipeline.counts, self._polls)
        return member.board.total()

    def spent(self) -> list[float]:
        """The seconds of CPU that each process has used of those that serve as one: the others, as
        they told it last."""
        member = self.options.member
        if member is None:
            return [time.process_time()]
        member.board.counts(member.number).spent()
        return member.board.cpu()

    def engine_cpu(self) -> dict[str, float]:
        """Those that each engine has used which several nodes share, by its address."""
        return {} if self.shared is None else self.shared.engine_cpu()

    @property
    def polls(self) -> int:
        """How many long polls are open in this process."""
        return self._polls

    @polls.setter
    def polls(self, polls: int) -> None:
        self._polls = polls
        if self.options.member is not None:
            self.options.member.board.counts(self.options.member.number).polls = polls

    def _listeners(
        self, closing: contextlib.AsyncExitStack
    ) -> list[tuple[uvicorn.Server, _Sockets]]:
        options = self.options

        def named(name: str) -> socket.socket:
            member = options.member
            there = listen(*options.ports()[name]) if member is None else member.sockets[name]
            sock = closing.enter_context(there)
            self.ports[name] = sock.getsockname()[1]
            return sock

        plain = [named("http")]
        for name in options.provider_ports:
            plain.append(named(name))
            self.gateway.ports[self.ports[name]] = name
        protocol = self._protocol()
        made = [(listener(self.gateway, None, protocol), plain)]
        if options.tls_port is not None:
            secure = [named("https")]
            context = tls.context(options.tls_dir, self.hosts())
            made.append((listener(self.gateway, context, protocol), secure))
        if options.otp_port is not None:
            sockets = [named("otp")]
            made.append((listener(self._otp(closing), None, protocol), sockets))
        return made

    def _otp(self, closing: contextlib.AsyncExitStack) -> Site:
        """The reference OTP service, on the clock of the default account. What its connectors send
        comes here, with the vendor's Host header: it never leaves for the vendor."""
        from simulators.otp import app, factories, pool  # only who wants the service loads it
        from simulators.otp.service import Service

        carrier = pool.Pool(self.url, through=self.options.otp_through)
        closing.push_async_callback(carrier.close)
        policy = self.options.otp_policy
        # They guard what is there, and can be foretold only where a run is to be repeated.
        chance = random.Random(policy.seed) if policy.seed else random.SystemRandom()
        service = Service(
            connectors=factories.CONNECTORS,
            describe=factories.document,
            check=factories.check_config,
            carrier=carrier,
            now=self.accounts.world(DEFAULT).clock.now,
            chance=chance,
            policy=policy,
        )
        otp = app.App(service)
        return Site(lambda call, _port: _reply(otp.answer(call)), self.gateway.stranger)

    def _answered(self) -> int:
        return sum(server.server_state.total_requests for server in self._servers)

    def stop(self) -> None:
        """Ends `serve`; may be called from any thread or signal handler, at any time."""
        self._stopping = True
        self.watch.close()
        for server in self._servers:
            server.should_exit = True

    def settle(self, timeout: float) -> bool:
        """Waits, in another thread than the loop's, until every receipt that is due has been
        tried; False if that takes longer than `timeout` seconds."""
        return self.complete(self.dispatcher.settled(timeout))

    def call(self, work: Callable[[], _T]) -> _T:
        """Runs `work` on the loop's thread and returns its result."""
        return self.complete(_async(work))

    def complete(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Awaits `work` on the loop, in another thread than the loop's, and returns its result."""
        assert self.loop is not None  # noqa: S101 - it serves
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


@contextlib.contextmanager
def in_thread(options: Options) -> Iterator[Simulators]:
    """Serves in a thread of its own while the context lasts."""
    simulators = Simulators(options)
    started = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(simulators.serve(started.set))
        except BaseException as error:
            failures.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=work, name="sms-simulators", daemon=True)
    thread.start()
    started.wait()
    if failures:
        raise failures[0]
    try:
        yield simulators
    finally:
        simulators.stop()
        thread.join()


async def _tidy(store: MemoryStore) -> None:
    """Gives back what was forgotten while nobody else has anything to do."""
    while True:
        await asyncio.sleep(0 if store.tidy() else _TIDY_SECONDS)


async def _tell_cpu(member: Member) -> None:
    while True:
        member.board.counts(member.number).spent()
        await asyncio.sleep(_SPENT_SECONDS)


async def _async(work: Callable[[], _T]) -> _T:
    return work()


def _reply(made: "Made") -> Reply:
    """An answer of the OTP service as this server delivers it."""
    later = made.later
    if later is None:
        return Reply(made.status, made.body, list(made.headers))

    async def waited_for() -> Reply:
        return _reply(await later())

    return Reply(made.status, later=waited_for)
