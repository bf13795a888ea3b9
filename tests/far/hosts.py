"""Two hosts on one machine: network namespaces with a cable between them, and one to the test."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
from elsewhere import KEY, until
from needs import missing
from nodes import STATE, Person

NODE, WORKER = "10.78.0.1", "10.78.0.2"
"""Addresses of the two at the cable between them."""

HIDDEN = 'mount -t tmpfs tmpfs "$1"; shift; exec "$@"'
"""For a shell: another file system over a folder, then a command that does not see what is in it."""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)


class Hosts:
    """``node`` and ``worker`` are the namespaces; the test reaches the node at ``door``."""

    def __init__(self) -> None:
        own = os.getpid() % 100_000
        self.node, self.worker = f"artn{own}", f"artw{own}"
        self.door = "10.77.0.2"
        self._ends = (f"atest{own}", f"adoor{own}")

    def build(self) -> None:
        ip("netns", "add", self.node)
        ip("netns", "add", self.worker)
        ip("link", "add", self._ends[0], "type", "veth", "peer", "name", self._ends[1], "netns", self.node)
        ip("link", "add", "cable", "netns", self.node, "type", "veth", "peer", "name", "cable", "netns", self.worker)
        ip("addr", "add", "10.77.0.1/24", "dev", self._ends[0])
        ip("link", "set", self._ends[0], "up")
        for space, name, address in (
            (self.node, self._ends[1], self.door), (self.node, "cable", NODE), (self.worker, "cable", WORKER),
        ):  # fmt: skip
            ip("-n", space, "addr", "add", f"{address}/24", "dev", name)
            ip("-n", space, "link", "set", name, "up")
            ip("-n", space, "link", "set", "lo", "up")

    def tear_down(self) -> None:
        for space in (self.node, self.worker):
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True, timeout=30)

    def cut(self) -> None:
        ip("-n", self.worker, "link", "set", "cable", "down")

    def mend(self) -> None:
        ip("-n", self.worker, "link", "set", "cable", "up")

    def shape(self, *discipline: str) -> bool:
        """Have both ends of the cable send as ``tc`` says; False if this kernel can't."""
        done = [
            subprocess.run(
                ["ip", "netns", "exec", space, "tc", "qdisc", "replace", "dev", "cable", "root", *discipline],
                check=False, capture_output=True, timeout=30,
            )
            for space in (self.node, self.worker)
        ]  # fmt: skip
        return all(one.returncode == 0 for one in done)

    def within(self, space: str) -> tuple[str, ...]:
        return ("ip", "netns", "exec", space)

    def elsewhere(self, home: Path) -> tuple[str, ...]:
        """What starts a command on the worker's host, where ``home`` is not to be seen."""
        return (*self.within(self.worker), "unshare", "-m", "sh", "-c", HIDDEN, "sh", str(home))


@contextmanager
def two_hosts() -> Iterator[Hosts]:
    hosts = Hosts()
    if os.geteuid() or not shutil.which("ip") or not shutil.which("unshare"):
        missing("namespaces", "run as root, with iproute2 and util-linux")
    try:
        try:
            hosts.build()
        except subprocess.CalledProcessError as error:
            missing("namespaces", f"the kernel lets us make none ({error.stderr.decode().strip()})")
        yield hosts
    finally:
        hosts.tear_down()


class Remote(Person):
    """Somebody who talks to a node over the network."""

    def __init__(self, url: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)

    async def workers(self) -> list[dict[str, object]]:
        return list((await self.http.get("/workers")).json()["items"])


@asynccontextmanager
async def node_on(hosts: Hosts, home: Path, *, workers: int = 0) -> AsyncIterator[Remote]:
    """A daemon on the node's host."""
    home.mkdir()
    (home / "state").symlink_to(os.environ[STATE])
    environment = {
        **os.environ, "ARTDAG_HOME": str(home), "ARTDAG_RESERVE_BYTES": "0", "HOST": "0.0.0.0", "PORT": "8100",
        "ARTDAG_WORKERS": str(workers), "ARTDAG_CLUSTER_KEY": KEY, "ARTDAG_WORKER_ADDRESS": "tcp://0.0.0.0:8101",
    }  # fmt: skip
    command = [*hosts.within(hosts.node), sys.executable, "-m", "artdagd.cli.daemon", "serve"]
    with (home / "log").open("ab") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        await until(lambda: (home / "address").exists() or process.poll() is not None)
        assert process.poll() is None, (home / "log").read_text()
        person = Remote(f"http://{hosts.door}:8100", (home / "admin-token").read_text().strip())
        try:
            yield person
        finally:
            await person.http.aclose()
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 60)
