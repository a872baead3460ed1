"""A browser, and pages of the inbox in it."""

import base64
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from itertools import count
from typing import Any

import pytest

from simulators.kernel.message import Message

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HOW = "needs a browser: apt-get install chromium (or Chrome), and the package playwright"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
SECONDS = 30


def lacking() -> None:
    """Without a browser these tests are skipped; in CI nobody would notice that."""
    if os.environ.get("CI"):
        pytest.fail(f"{HOW}: CI has to have it")
    pytest.skip(HOW)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The browser that this machine has, with a profile of its own; none is downloaded."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        found = None
    if found is None:
        lacking()
    home = tmp_path_factory.mktemp("browser")
    here = {**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "TZ": "UTC"}
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found, args=[*FLAGS, f"--disk-cache-dir={home}"], env=here
        )
        yield started
        started.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Any]:
    """Opens a page of the inbox in a window of its own. What a script of it fails with, and what
    the browser refuses to load or to run, fails the test."""
    opened, wrong = [], []

    def window(url: str, *, allow: tuple[str, ...] = (), **options: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        context.set_default_timeout(SECONDS * 1000)
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console",
            lambda said: (
                wrong.append(said.text)
                if said.type in ("error", "warning") and not any(one in said.text for one in allow)
                else None
            ),
        )
        page.goto(url)
        return page

    yield window
    for context in opened:
        context.close()
    assert [] == wrong


@pytest.fixture
def inbox(visit: Any, sms: Any) -> Any:
    """Opens the inbox of the test's own account: a view, and more of the query."""
    sms.allow_violations()

    def view(name: str = "", *, page: Any = None, **options: Any) -> Any:
        query = options.pop("query", "")
        url = f"{sms.simulators.url}/?account={sms.world.id}&view={name}{query}"
        if page is not None:
            page.goto(url)
            return page
        return visit(url, **options)

    return view


@pytest.fixture
def keep(sms: Any) -> Any:
    """Keeps a message with any text and sender, and a reply with it: some that no provider would
    take, but another way may lead here."""

    number = count(1)

    def kept(text: str) -> None:
        def admit() -> None:
            now = sms.world.clock.now()
            about = ("twilio", "create-message", "+15005550009", text[:500], text, 1, now)
            reply = Message(f"SM{next(number)}", *about, "inbound")
            reply = reply.changed(operation="inbound", to="+1", sender=text[:500])
            sent = Message(f"SM{next(number)}", *about, "number")
            for one in (reply, sent):
                sms.world.store.admit(sms.world.id, [((), one)], now)

        sms.simulators.call(admit)

    return kept


@pytest.fixture
def raw_twilio() -> Any:
    """A request to Twilio with any account and token."""

    def ask(port: int, sid: str, token: str) -> int:
        basic = base64.b64encode(f"{sid}:{token}".encode()).decode()
        with closing(HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
            headers = {"Authorization": f"Basic {basic}"}
            connection.request(
                "POST", f"/twilio/2010-04-01/Accounts/{sid}/Messages.json", b"", headers
            )
            return connection.getresponse().status

    return ask


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@pytest.fixture(scope="session")
def http() -> Any:
    """One request to a server: method, target, body, headers."""

    def ask(
        simulators: Any, method: str, target: str, body: bytes | None, headers: dict[str, str]
    ) -> Answer:
        port = simulators.ports["http"]
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            got = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, got, response.read())

    return ask
