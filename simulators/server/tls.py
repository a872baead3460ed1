"""TLS under the vendors' own host names: a CA made once, one leaf for all hosts."""

import fcntl
import os
import ssl
import sys
from collections.abc import Iterable
from pathlib import Path

import trustme

CA_FILE = "ca.pem"
_KEY_FILE = "ca-key.pem"


def default_folder() -> Path:
    """Where this user's CA lives, by the platform's convention."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sms-simulators"
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "sms-simulators"


def ca_path(folder: Path) -> Path:
    """The CA certificate to trust; made, with its key, if there is none yet."""
    _authority(folder)
    return folder / CA_FILE


def context(folder: Path, hosts: Iterable[str]) -> ssl.SSLContext:
    """A server context whose certificate names all of `hosts`."""
    leaf = _authority(folder).issue_cert(*sorted(set(hosts)))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    leaf.configure_cert(made)
    return made


def _authority(folder: Path) -> trustme.CA:
    certificate, key = folder / CA_FILE, folder / _KEY_FILE
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:  # two servers may start at the same moment
        fcntl.flock(lock, fcntl.LOCK_EX)
        if certificate.is_file() and key.is_file():
            return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
        made = trustme.CA(organization_name="sms-simulators, for tests only")
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(made.private_key_pem.bytes())
        certificate.write_bytes(made.cert_pem.bytes())
        return made
