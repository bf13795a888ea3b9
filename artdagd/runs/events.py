"""Events of runs: kept in a bounded ring for each run, fed to any number of listeners."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from typing import Any

from artdagd.runs.views import Event

RING = 512
"""Events kept for one run. A listener who asks for an older one gets a ``resync`` event and reads the run anew."""

RUNS = 1024
"""Runs whose events are kept in memory; the one that ended first is forgotten first."""


class _Channel:
    def __init__(self) -> None:
        self.ring: deque[Event] = deque(maxlen=RING)
        self.next_id = 1
        self.changed = asyncio.Event()
        self.closed = False


class Events:
    """Publish and follow. Listeners never hold the publisher back: one that is too slow loses to the ring."""

    def __init__(self) -> None:
        self._channels: OrderedDict[str, _Channel] = OrderedDict()

    def publish(self, run_id: str, event: str, data: dict[str, Any], *, last: bool = False) -> None:
        """Append an event; ``last`` ends every listener's stream after it."""
        channel = self._channel(run_id)
        channel.ring.append(Event(channel.next_id, event, data))
        channel.next_id += 1
        channel.closed = last
        changed, channel.changed = channel.changed, asyncio.Event()
        changed.set()

    async def follow(self, run_id: str, after: int | None = None) -> AsyncIterator[Event]:
        """Events after ``after`` (None: all that are kept), then those to come, until the last one."""
        channel = self._channel(run_id)
        seen = after or 0
        if channel.ring and seen + 1 < channel.ring[0].id and after is not None:
            yield Event(channel.ring[0].id - 1, "resync", {"run_id": run_id})
        while True:
            changed = channel.changed
            for event in [event for event in channel.ring if event.id > seen]:
                seen = event.id
                yield event
            if channel.closed:
                return
            if channel.changed is changed:
                await changed.wait()

    def has(self, run_id: str) -> bool:
        """Whether events of this run are kept."""
        return run_id in self._channels

    def reopen(self, run_id: str) -> None:
        """The run goes on (a retry): listeners may follow it again."""
        self._channel(run_id).closed = False

    def _channel(self, run_id: str) -> _Channel:
        channel = self._channels.get(run_id)
        if channel is None:
            channel = self._channels[run_id] = _Channel()
            while len(self._channels) > RUNS:
                ended = next((key for key, value in self._channels.items() if value.closed), None)
                if ended is None:
                    break
                del self._channels[ended]
        return channel
