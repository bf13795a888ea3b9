"""Checks of how the node is reached and what it reaches: addresses, names, keys, database, itself."""

from __future__ import annotations

import asyncio
import fcntl
import json
import socket
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from artdagd.database.opening import look
from artdagd.doctor.doubt import Doubt
from artdagd.errors import ConfigError
from artdagd.hooks.addresses import is_loopback
from artdagd.settings import Settings
from artdagd.workers.curve import ClusterKeys

ANSWER_SECONDS = 5


def cluster_key(settings: Settings) -> str:
    if not settings.worker_address:
        return "workers of this machine alone"
    ClusterKeys.of(settings.cluster_key)
    host = settings.worker_address.removeprefix("tcp://").rpartition(":")[0].strip("[]")
    if is_loopback(settings.host) and not (is_loopback(host) or settings.worker_url or settings.public_url):
        raise Doubt(
            f"workers elsewhere may join at {settings.worker_address}, but not reach the HTTP at {settings.host}: "
            "those that don't see its cache folder get no work",
            advice="set HOST to an address of their network, or ARTDAG_WORKER_URL to where they reach the node's HTTP",
        )
    return f"workers may join at {settings.worker_address}, with the key"


def address(settings: Settings) -> str:
    """Whether tokens could cross a network as they are."""
    if is_loopback(settings.host):
        return f"{settings.host}:{settings.port}, this machine alone"
    if urlsplit(settings.public_url).scheme != "https":
        raise Doubt(
            f"HOST is {settings.host}: other machines can reach this node, and tokens cross the network as they are",
            advice="put TLS in front of it, and set L1_PUBLIC_URL to its https:// address",
        )
    return f"{settings.host}:{settings.port}, known as {settings.public_url}"


def hosts(settings: Settings) -> str:
    for name in settings.allowed_hosts:
        if "/" in name or not name.strip():
            raise ConfigError(
                f"ARTDAG_ALLOWED_HOSTS has {name!r}, which no request can be for",
                advice="Write host names alone, as in node.example.org.",
            )
    names = [*settings.allowed_hosts, *filter(None, [urlsplit(settings.public_url).hostname])]
    if not names and not is_loopback(settings.host):
        raise Doubt(
            "the node answers to addresses alone, not to a name",
            advice="Set L1_PUBLIC_URL, or ARTDAG_ALLOWED_HOSTS, to the name by which it is asked for.",
        )
    return f"it answers to addresses, localhost{''.join(f', {name}' for name in names)}"


def database(settings: Settings) -> str:
    return asyncio.run(look(settings.database))


def node(settings: Settings) -> str:
    """One that runs is asked for its health; without one, its port has to be free."""
    holder = _holder(settings)
    return _health(settings, holder) if holder else _free(settings)


def _holder(settings: Settings) -> str:
    """The process that holds the lock of the home, or nothing."""
    try:
        with (settings.home / "lock").open() as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return file.read().strip() or "unknown"
    except OSError:
        pass
    return ""


def _health(settings: Settings, holder: str) -> str:
    place = settings.home / "address"
    remedy = "journalctl -u artdagd, or its standard error, says what it does."
    if not place.exists():
        raise Doubt(f"process {holder} holds {settings.home}, and starts or stops", advice=remedy)
    url = place.read_text().strip()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/healthz", timeout=ANSWER_SECONDS) as answer:
            said = json.load(answer)
            status = said["status"]
    except urllib.error.HTTPError as error:
        raise Doubt(f"process {holder} at {url} answers {error.code}", advice=remedy) from None
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"process {holder} at {url} does not answer: {error}", advice=remedy) from None
    if status == "degraded":
        raise Doubt(f"process {holder} at {url} is degraded: {'; '.join(said.get('reasons', ()))}", advice=remedy)
    return f"process {holder} at {url} is {status}"


def _free(settings: Settings) -> str:
    try:
        family, kind, protocol, _, where = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(where)
            probe.listen(1)
    except OSError as error:
        raise ConfigError(
            f"no node runs on {settings.home}, and {settings.host}:{settings.port} can't be had: {error.strerror}",
            advice="Stop what listens there, or set HOST and PORT to a free local address.",
        ) from None
    return f"none runs; {settings.host}:{settings.port} is free"
