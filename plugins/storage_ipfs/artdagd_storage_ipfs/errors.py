"""What went wrong with a command, in words for whoever runs the node."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from artdagd_storage_ipfs.config import IpfsConfig


class IpfsError(OSError):
    """A command failed. ``missing``: the node hasn't what was asked for; ``passes``: another try may succeed."""

    def __init__(self, message: str, *, missing: bool = False, passes: bool = False) -> None:
        super().__init__(message)
        self.missing = missing
        self.passes = passes


_MISSING = (
    "could not find", "not found", "is not pinned", "not pinned or pinned indirectly", "no link named",
)  # fmt: skip
_STATUS = {
    401: "it asks who we are: set authorization",
    403: "it refuses us: correct authorization (or API.Authorizations of the node, which may not allow the command)",
    404: "it has no such command: is that the RPC of a Kubo node (port 5001), of version 0.35 or later?",
    405: "it does not take commands: is that the RPC of a Kubo node (port 5001), and not its gateway?",
}


def refused(config: IpfsConfig, command: str, status: int, body: bytes) -> IpfsError:
    """What an answer of ``status`` and ``body`` says. It holds no more than 200 characters of theirs."""
    said = _message(body)
    if status == 500 and said and any(words in said for words in _MISSING):
        return IpfsError(f"{config.where}: {command}: {cut(said)}", missing=True)
    told = _STATUS.get(status) or f"it answered {command} with {status}: {cut(said)}"
    return IpfsError(f"{config.where}: {told}", passes=status >= 502 or status == 429)


def failed(config: IpfsConfig, command: str, error: BaseException) -> IpfsError:
    """What ``error`` of the HTTP client means. Nothing but Exception is certain of what comes out of a client whose
    server talks nonsense."""
    from aiohttp import ClientConnectorCertificateError, ClientConnectorError, ClientSSLError

    if isinstance(error, IpfsError):
        return error
    if isinstance(error, TimeoutError):
        return IpfsError(f"{config.where} did not answer {command} in time", passes=True)
    if isinstance(error, ClientSSLError | ClientConnectorCertificateError):
        return IpfsError(f"{config.where}: TLS failed, by its certificate perhaps ({cut(error)})")
    if isinstance(error, ClientConnectorError):
        return IpfsError(f"{config.where} can't be reached: is the IPFS node running?", passes=True)
    return IpfsError(
        f"{config.where}: the connection failed at {command} ({type(error).__name__}: {cut(error)})", passes=True
    )


def cut(text: object) -> str:
    return "".join(one if one.isprintable() else "?" for one in str(text)[:200])


def _message(body: bytes) -> str:
    try:
        said: Any = json.loads(body)
    except ValueError:
        return body[:200].decode(errors="replace")
    return str(said.get("Message", "")) if isinstance(said, dict) else ""
