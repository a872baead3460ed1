"""The CA and the certificate: what clients check, and what may go wrong with the folder."""

import os
import socket
import ssl
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)

from simulators import catalog
from simulators.server import tls
from simulators.server.gateway import local_host

VENDORS = [host for provider in catalog.PROVIDERS.values() for host in provider.hosts]
NAMES = [*VENDORS, *map(local_host, catalog.PROVIDERS), "localhost", "127.0.0.1"]


def shake_hands(sms_server, name, context):
    address = ("127.0.0.1", sms_server.ports["https"])
    with (
        socket.create_connection(address, timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as secure,
    ):
        return secure.version(), x509.load_der_x509_certificate(secure.getpeercert(True))


@pytest.fixture
def trust(sms_server):
    """A client's context that trusts the server's CA and nothing else."""
    return ssl.create_default_context(cafile=str(tls.ca_path(sms_server.options.tls_dir)))


@pytest.mark.parametrize("name", NAMES)
def test_one_certificate_is_good_for_every_name(sms_server, trust, name):
    """Host name and chain are verified as strictly as Python 3.13 does by default."""
    trust.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN

    assert shake_hands(sms_server, name, trust)[0] in ("TLSv1.2", "TLSv1.3")


def test_a_name_that_is_not_served_is_not_certified(sms_server, trust):
    """The client refuses, as it would with the vendor's certificate."""
    with pytest.raises(ssl.SSLCertVerificationError, match=r"example\.org"):
        shake_hands(sms_server, "example.org", trust)


def test_a_client_that_does_not_trust_the_ca_refuses(sms_server):
    """The CA is in no trust store by itself."""
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(sms_server, NAMES[0], ssl.create_default_context())


def test_old_protocol_versions_are_refused(sms_server, trust):
    """TLS 1.2 is the least; it is spoken too."""
    trust.maximum_version = ssl.TLSVersion.TLSv1_2

    assert shake_hands(sms_server, NAMES[0], trust)[0] == "TLSv1.2"


def test_the_certificate_is_valid_now_and_not_for_too_long(sms_server, trust):
    """Apple's verifier takes no leaf that is valid for more than 825 days."""
    leaf = shake_hands(sms_server, NAMES[0], trust)[1]
    now = datetime.now(UTC)

    assert leaf.not_valid_before_utc < now - timedelta(hours=1)
    assert leaf.not_valid_after_utc > now + timedelta(days=365)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=825)


def test_the_ca_is_made_once(tmp_path):
    """A client that trusts it keeps trusting every later server."""
    first = tls.ca_path(tmp_path).read_bytes()
    tls.context(tmp_path, ["api.twilio.com"])

    assert tls.ca_path(tmp_path).read_bytes() == first


def test_the_key_is_for_its_owner_alone(tmp_path):
    """Whoever has the key could pose as any vendor to those who trust the CA."""
    tls.ca_path(tmp_path / "made")

    assert (tmp_path / "made").stat().st_mode & 0o077 == 0
    assert (tmp_path / "made" / "ca-key.pem").stat().st_mode & 0o077 == 0


def test_servers_that_start_at_once_share_one_ca(tmp_path):
    """Six processes make the CA of one empty folder: they see the same, and its key fits."""
    script = (
        "import sys, pathlib; from simulators.server import tls;"
        "print(tls.ca_path(pathlib.Path(sys.argv[1])).read_text())"
    )

    def one(_):
        command = [sys.executable, "-c", script, str(tmp_path)]
        return subprocess.run(command, capture_output=True, check=True).stdout

    with ThreadPoolExecutor(6) as pool:
        seen = set(pool.map(one, range(6)))

    certificate = x509.load_pem_x509_certificate((tmp_path / "ca.pem").read_bytes())
    key = load_pem_private_key((tmp_path / "ca-key.pem").read_bytes(), None)
    form = (Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert len(seen) == 1
    assert certificate.public_key().public_bytes(*form) == key.public_key().public_bytes(*form)


def test_a_folder_with_a_ca_is_only_read(tmp_path):
    """It may be mounted read-only: not even the lock is written again."""
    tls.ca_path(tmp_path)
    (tmp_path / "lock").unlink()
    tls.context(tmp_path, ["api.twilio.com"])

    assert sorted(os.listdir(tmp_path)) == ["ca-key.pem", "ca.pem"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """One line: which folder, why, and the flag that chooses another."""
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(tls.UnusableFolder, match=r"file/ca \(Not a directory.*--tls-dir"):
        tls.ca_path(tmp_path / "file" / "ca")


def test_a_folder_that_cannot_be_read_is_named(tmp_path):
    """A key that is a folder stands for every file that cannot be read, also by root."""
    tls.ca_path(tmp_path)
    (tmp_path / "ca-key.pem").unlink()
    (tmp_path / "ca-key.pem").mkdir()

    with pytest.raises(tls.UnusableFolder, match="cannot keep the CA in"):
        tls.ca_path(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a certificate", b"\xff\xfe\x00"])
def test_a_damaged_ca_is_told_with_the_way_out(tmp_path, content):
    """Nobody has to know how to make a CA."""
    tls.ca_path(tmp_path)
    (tmp_path / "ca.pem").write_bytes(content)

    with pytest.raises(tls.UnusableFolder, match="remove that folder"):
        tls.ca_path(tmp_path)


@pytest.mark.parametrize(
    ("platform", "ends"), [("darwin", "Library/Application Support"), ("linux", ".local/share")]
)
def test_the_folder_follows_the_platform(monkeypatch, tmp_path, platform, ends):
    """macOS and Linux have their own places; XDG_DATA_HOME moves the latter."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)

    assert tls.default_folder(platform) == tmp_path / ends / "sms-simulators"

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    assert tls.default_folder("linux") == tmp_path / "data" / "sms-simulators"
