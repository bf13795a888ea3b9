"""Keeps N worker processes running beside the daemon, and knows at once when one ends."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import resource
import secrets
import signal
import subprocess

from artdagd.workers.broker import Broker

log = logging.getLogger(__name__)

BACKOFF = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before a worker is started again, by how often in a row it ended young."""

YOUNG = 10.0
STOP_SECONDS = 3.0

SPARE = 8
"""File descriptors that have to be free where a worker is started: ZeroMQ 4.3.5 ends the process when a worker connects
and there is none."""

SECRETS = ("ARTDAG_CLUSTER_KEY", "DATABASE_URL")
"""Variables that a worker beside the daemon has no use for."""


class Supervisor:
    """Starts ``command`` (with ``--connect`` and ``--name``) ``count`` times, and again whenever one ends."""

    def __init__(self, broker: Broker, count: int, command: list[str]) -> None:
        self._broker = broker
        self._count = count
        self._command = command
        self._tasks: list[asyncio.Task[None]] = []
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        broker.expel = self.kill

    async def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._keep(f"w{n + 1}"), name=f"worker w{n + 1}") for n in range(self._count)
        ]

    async def close(self) -> None:
        """End all workers: asked first, then forced."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def kill(self, instance: str) -> None:
        """End a worker process of ours and all that it started; others' processes are left alone."""
        if instance in self._processes:
            _signal(self._processes[instance], signal.SIGKILL)

    async def _keep(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            await asyncio.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])
            started = loop.time()
            try:
                ending = await self._one(name)
            except OSError as error:
                ending = f"not started ({error.strerror})"
            log.warning("worker %s ended with %s; starting another", name, ending)
            failures = failures + 1 if loop.time() - started < YOUNG else 0

    async def _one(self, name: str) -> str:
        """Start a worker and wait for its end."""
        instance = secrets.token_hex(16)
        process = self._processes[instance] = self._start(name, instance)
        try:
            await _end_of(process)
        except asyncio.CancelledError:
            await _stop(process)
            raise
        finally:
            # Not reaped yet, so that the number is still its: what it started goes with it.
            _signal(process, signal.SIGKILL)
            code = process.wait()
            ending = f"signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"exit code {code}"
            del self._processes[instance]
            self._broker.process_ended(instance, ending)
        return ending

    def _start(self, name: str, instance: str) -> subprocess.Popen[bytes]:
        """Raises OSError, also where too few descriptors are free for a worker to join: see ``SPARE``."""
        _check_descriptors()
        environment = {key: value for key, value in os.environ.items() if key not in SECRETS}
        environment |= {"ARTDAGD_INSTANCE": instance, "ARTDAGD_PARENT": str(os.getpid())}
        command = [*self._command, "--connect", self._broker.address, "--name", name]
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)


def _check_descriptors() -> None:
    free = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)  # the lowest
    os.close(free)
    if free + SPARE > resource.getrlimit(resource.RLIMIT_NOFILE)[0]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


async def _end_of(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end of a process without reaping it: the kernel tells through a pidfd, at once."""
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    handle = os.pidfd_open(process.pid)
    loop.add_reader(handle, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)


async def _stop(process: subprocess.Popen[bytes]) -> None:
    _signal(process, signal.SIGTERM)
    try:
        await asyncio.wait_for(_end_of(process), STOP_SECONDS)
    except TimeoutError:
        _signal(process, signal.SIGKILL)
        await _end_of(process)


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
