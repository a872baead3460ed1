"""The client that programs use which only have an address."""

import socket

import pytest

from simulators.control import client


def test_returns_the_message_and_its_code(sms_server, account, send):
    """What the long poll answers, as a mapping."""
    send()

    found = client.wait(sms_server.url, to="+15005550010", account=account, provider="twilio")

    assert "123456" == found["code"]
    assert "+15005550010" == found["message"]["to"]


def test_says_what_arrived_instead(sms_server, account, send):
    """The sentence of the 408 comes through."""
    send(to="+15005550011")

    with pytest.raises(
        client.ControlError, match=r"no message to \+15005550010 within 0.01 s; arrived: tw"
    ):
        client.wait(sms_server.url, to="+15005550010", account=account, timeout=0.01)


def test_names_the_accounts_there_are(sms_server):
    """An unknown account is a sentence too."""
    with pytest.raises(client.ControlError, match="no account 'nobody'"):
        client.wait(sms_server.url, to="+15005550010", account="nobody")


def test_says_that_nothing_answers():
    """A refused connection says where, and what to start."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]

    with pytest.raises(client.ControlError, match=f"nothing answers at http://127.0.0.1:{port}"):
        client.wait(f"http://127.0.0.1:{port}", to="+15005550010")


@pytest.mark.parametrize("base", ["ftp://127.0.0.1", "http://", "http://127.0.0.1:port"])
def test_refuses_what_is_no_address(base):
    """With an example of what is."""
    with pytest.raises(client.ControlError, match="is not an address; expected one like http://"):
        client.wait(base, to="+15005550010")
