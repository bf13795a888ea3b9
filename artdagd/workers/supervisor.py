"""Keeps N worker processes running beside the daemon, and knows at once when one ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal

from artdagd.workers.broker import Broker

log = logging.getLogger(__name__)

BACKOFF = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before a worker is started again, by how often in a row it ended young."""

YOUNG = 10.0
STOP_SECONDS = 3.0


class Supervisor:
    """Starts ``command`` (with ``--connect`` and ``--name``) ``count`` times, and again whenever one ends."""

    def __init__(self, broker: Broker, count: int, command: list[str]) -> None:
        self._broker = broker
        self._count = count
        self._command = command
        self._tasks: list[asyncio.Task[None]] = []
        self._processes: dict[int, asyncio.subprocess.Process] = {}
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

    def kill(self, pid: int) -> None:
        """End a worker process of ours and all that it started; others' processes are left alone."""
        if pid in self._processes:
            _signal(pid, signal.SIGKILL)

    async def _keep(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            await asyncio.sleep(BACKOFF[min(failures, len(BACKOFF) - 1)])
            started = loop.time()
            process = await asyncio.create_subprocess_exec(
                *self._command, "--connect", self._broker.address, "--name", name, start_new_session=True
            )
            self._processes[process.pid] = process
            try:
                code = await process.wait()
            except asyncio.CancelledError:
                await _stop(process)
                raise
            finally:
                del self._processes[process.pid]
            log.warning("worker %s (process %d) ended with %s; starting another", name, process.pid, _ending(code))
            self._broker.process_died(process.pid)
            failures = failures + 1 if loop.time() - started < YOUNG else 0


async def _stop(process: asyncio.subprocess.Process) -> None:
    _signal(process.pid, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        _signal(process.pid, signal.SIGKILL)
        await process.wait()


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, number)


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
