"""TLS under the vendors' own host names: a CA made once, one leaf for all hosts."""

import fcntl
import os
import ssl
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme

CA_FILE = "ca.pem"
_KEY_FILE = "ca-key.pem"
# Apple's verifier, which Go and curl use on a Mac, takes no leaf that is valid for more than 825
# days: https://support.apple.com/en-us/103769. A leaf lives as long as its server.
LEAF_DAYS = 800


class UnusableFolder(OSError):
    """The CA's folder cannot be used; the message names it and what to do."""


def default_folder(platform: str = sys.platform) -> Path:
    """Where this user's CA lives, by the platform's convention."""
    if platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "sms-simulators"
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "sms-simulators"


def ca_path(folder: Path) -> Path:
    """The CA certificate to trust; made, with its key, if there is none yet. Raises
    `UnusableFolder`."""
    _authority(folder)
    return folder / CA_FILE


def context(folder: Path, hosts: Iterable[str]) -> ssl.SSLContext:
    """A server context whose certificate names all of `hosts`. Raises `UnusableFolder`."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    leaf = _authority(folder).issue_cert(
        *sorted(set(hosts)),
        not_before=yesterday,
        not_after=yesterday + timedelta(days=LEAF_DAYS),
    )
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_alpn_protocols(["http/1.1"])
    leaf.configure_cert(made)
    return made


def _authority(folder: Path) -> "trustme.CA":
    try:
        kept = _kept(folder)
        if kept is not None:
            return kept
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / "lock").open("w") as lock:  # two servers may start at the same moment
            fcntl.flock(lock, fcntl.LOCK_EX)
            return _kept(folder) or _made(folder)
    except OSError as error:
        reason = f"{error.strerror}: {error.filename}" if error.filename else str(error)
        raise UnusableFolder(
            f"cannot keep the CA in {folder} ({reason}); choose a folder with --tls-dir"
        ) from None
    except ValueError as error:
        said = " ".join(str(error).split())[:80]
        raise UnusableFolder(
            f"the CA in {folder} is damaged ({said}); remove that folder, and a new CA is made"
        ) from None


def _kept(folder: Path) -> "trustme.CA | None":
    """The CA of the folder. The certificate is written last, so where it is, the key is too."""
    import trustme  # half of what a command line without TLS would spend on imports

    certificate = folder / CA_FILE
    if not certificate.exists():
        return None
    return trustme.CA.from_pem(certificate.read_bytes(), (folder / _KEY_FILE).read_bytes())


def _made(folder: Path) -> "trustme.CA":
    import trustme

    made = trustme.CA(organization_name="sms-simulators, for tests only")
    _write(folder / _KEY_FILE, made.private_key_pem.bytes(), 0o600)
    _write(folder / CA_FILE, made.cert_pem.bytes(), 0o644)
    return made


def _write(path: Path, content: bytes, mode: int) -> None:
    """Writes a file so that it is either whole or not there."""
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    draft.replace(path)
