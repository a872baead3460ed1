"""What may be written for an engine, and what a start says of one that it cannot use."""

import asyncio
import contextlib
import json
import socket
import ssl
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest
import trustme

from simulators.app import Options, in_thread


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("valkey://engine", ("engine", 6379, "", "", "", 0, False)),
        ("redis://127.0.0.1:7000/3", ("127.0.0.1", 7000, "", "", "", 3, False)),
        ("valkeys://me:p%40ss@[::1]:1/", ("::1", 1, "", "me", "p@ss", 0, True)),
        ("rediss://:secret@h/2", ("h", 6379, "", "", "secret", 2, True)),
        ("unix:///run/a%20b?db=4", ("", 6379, "/run/a b", "", "", 4, False)),
    ],
)
def test_reads_every_form(url, expected):
    """Host, port, path, user, password, database, and whether TLS is spoken."""
    from simulators.store.valkey import address

    found = address.read(url)
    assert expected == (
        *(found.host, found.port, found.path, found.user, found.password, found.database),
        found.tls,
    )
    assert not found.password or found.password not in f"{found} {found!r}"
    assert (found.context() is not None) == found.tls


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("engine:6379", "expected valkey://"),
        ("http://engine/", "got 'http://engine/'"),
        ("valkey://:hush@", "got 'valkey://:***@'"),
        ("valkey://engine:70000", "got 'valkey://engine:70000' (Port out of range 0-65535)"),
        ("valkey://engine/one", "the number of a database behind the slash, got 'one'"),
        ("valkey://engine?databse=1", "no option 'databse' of a store; there are: cafile, db"),
        ("unix://run/sock", "expected unix:///PATH, three slashes"),
        ("valkeys://h?cafile=/nowhere/ca", "cafile: expected certificates in PEM"),
        ("valkey://127.0.0.1:1/", "the store at valkey://127.0.0.1:1/0 is away: "),
        ("unix:///nowhere/s", "the store at unix:///nowhere/s is away: "),
    ],
)
def test_what_cannot_be_used_ends_a_start_in_a_sentence(command, url, said):
    """On stderr, with exit code 2, before anything listens."""
    done = command("serve", "--port", "0", "--no-tls", "--store", url)

    assert (2, "") == (done.returncode, done.stdout)
    assert said in done.stderr
    assert 1 == len(done.stderr.splitlines()), done.stderr


def test_a_file_and_an_engine_are_not_for_one_server(command, tmp_path):
    """One is kept by a process alone, the other by many."""
    data = tmp_path / "data"
    done = command("serve", "--data", data, SMS_SIMULATORS_STORE="valkey://127.0.0.1:1")

    assert (2, False) == (done.returncode, data.exists())
    assert "expected one of both" in done.stderr


def test_a_password_and_a_database_are_those_of_the_engine(command, engine):
    """Told where they are wrong, without the password; used where they are right."""
    from simulators.store.valkey import address
    from simulators.store.valkey.store import ValkeyStore

    client = engine.client()
    client.flushall()
    client.config_set("requirepass", "open sesame")
    try:
        for proof, said in ((":wrong@", "WRONGPASS"), ("", "NOAUTH"), ("me:x@", "WRONGPASS")):
            done = command("serve", "--store", f"valkey://{proof}127.0.0.1:{engine.port}")
            assert 2 == done.returncode
            assert said in done.stderr
            assert "wrong" not in done.stderr
        store = ValkeyStore(address.read(f"redis://:open%20sesame@127.0.0.1:{engine.port}/5"))
        store.save("a", "d", 1)
        store.engine.close()
        done = command("serve", "--store", f"valkey://:open%20sesame@127.0.0.1:{engine.port}/99")
        assert "the database: ERR DB index is out of range" in done.stderr
    finally:
        client.config_set("requirepass", "")
    assert engine.client(db=5).hgetall("sms:{a}:settings") == {b"d": b"1"}


@contextmanager
def answering(*answers):
    """A server that says these to whatever comes."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def work():
            connection, _ = server.accept()
            with connection:
                for answer in answers:
                    connection.recv(4096)
                    connection.sendall(answer)
                connection.recv(4096)

        thread = threading.Thread(target=work)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"%1\r\n$7\r\nversion\r\n$5\r\n6.0.9\r\n+OK\r\n", "is 6.0.9, expected Redis from 6.2"),
        (b"-ERR unknown command 'HELLO'\r\n+OK\r\n", "refuses: ERR unknown command"),
        (b"-LOADING it reads its data\r\n-LOADING\r\n", "is away: LOADING it reads its data"),
    ],
)
def test_an_engine_that_is_too_old_or_not_ready_is_told(command, answer, said):
    """By its own words."""
    with answering(answer) as port:
        done = command("serve", "--store", f"valkey://127.0.0.1:{port}")

    assert 2 == done.returncode
    assert said in done.stderr


def test_what_is_no_engine_is_told_within_the_deadline(command):
    """Who accepts and says nothing is away."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = command("serve", "--store", f"valkey://127.0.0.1:{server.getsockname()[1]}")

    assert 2 == done.returncode
    assert "is away: no answer within 1 s" in done.stderr


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    """Two private CAs: the one that has signed for the engine, and another."""
    folder = tmp_path_factory.mktemp("ca")
    made = {name: trustme.CA() for name in ("own", "other")}
    for name, ca in made.items():
        ca.cert_pem.write_to_path(folder / f"{name}.pem")
    return made, folder


@pytest.fixture(scope="module")
def secure(engine, authorities):
    """Ports where TLS is spoken in front of the engine, whose build has none: with a certificate
    for its address, and with one for another host."""
    cas, _folder = authorities
    ports = {}

    async def carry(reader, writer):
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def forward(reader, writer):
        inner, outer = await asyncio.open_unix_connection(engine.unix_socket_path)
        await asyncio.gather(carry(reader, outer), carry(inner, writer))

    async def serve(ready, ended):
        async with contextlib.AsyncExitStack() as closing:
            for name, host in (("here", "127.0.0.1"), ("elsewhere", "engine.example")):
                context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
                cas["own"].issue_cert(host).configure_cert(context)
                server = await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context)
                closing.push_async_callback(server.wait_closed)
                closing.callback(server.close)
                ports[name] = server.sockets[0].getsockname()[1]
            ready.set_result((asyncio.get_running_loop(), ended))
            await ended.wait()

    ready = Future()
    thread = threading.Thread(target=lambda: asyncio.run(serve(ready, asyncio.Event())))
    thread.start()
    loop, ended = ready.result()
    yield ports
    loop.call_soon_threadsafe(ended.set)
    thread.join()


def test_a_node_speaks_tls_to_an_engine_whose_ca_it_was_given(engine, secure, authorities):
    """What it keeps is in the engine; the handshake is a real one."""
    engine.client().flushall()
    store = f"valkeys://127.0.0.1:{secure['here']}/7?cafile={authorities[1] / 'own.pem'}"
    with in_thread(Options(port=0, tls_port=None, store=store)) as node:
        where = HTTPConnection("127.0.0.1", node.ports["http"], timeout=30)
        with contextlib.closing(where) as connection:
            kind = {"Content-Type": "application/json"}
            connection.request("POST", "/_sim/accounts", b"{}", kind)
            account = json.loads(connection.getresponse().read())["id"]
            connection.request("GET", "/_sim/health")
            assert 200 == connection.getresponse().status
    assert account.encode() in engine.client(db=7).hkeys("sms:{#}:settings")


@pytest.mark.parametrize(
    ("port", "ca", "said"),
    [
        ("here", "other", "expected one for '127.0.0.1' by a CA of '{ca}'"),
        ("here", "", "by a CA of this machine, or of a ?cafile="),
        ("elsewhere", "own", "IP address mismatch, certificate is not valid for '127.0.0.1'"),
    ],
)
def test_an_engine_that_cannot_prove_who_it_is_is_refused(
    command, secure, authorities, port, ca, said
):
    """At the start, with what was expected: nothing is told to it."""
    path = authorities[1] / f"{ca}.pem"
    more = f"?cafile={path}" if ca else ""
    done = command("serve", "--store", f"valkeys://127.0.0.1:{secure[port]}/0{more}")

    assert (2, "") == (done.returncode, done.stdout)
    assert f"the store at valkeys://127.0.0.1:{secure[port]}/0 shows a certificate" in done.stderr
    assert said.format(ca=path) in done.stderr
    assert 1 == len(done.stderr.splitlines()), done.stderr
