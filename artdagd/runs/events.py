"""Events of runs: kept in a bounded ring for each run, fed to any number of listeners."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from typing import Any

from artdagd.database.runs import RunRow, StepRow
from artdagd.runs.views import Event

RING = 512
"""Events kept for one run. A listener who asks for an older one gets a ``resync`` event and reads the run anew."""

ENDED = 64
"""Ended runs whose events are still kept in memory, for listeners that lost their connection at the end."""


def run_data(row: RunRow) -> dict[str, Any]:
    """What a ``run`` event says of a run that is known by its row."""
    return {"run_id": row.run_id, "status": row.status, "output_cid": row.output_cid}


def step_data(step: StepRow) -> dict[str, Any]:
    """What a ``step`` event says."""
    names = ("step_id", "status", "output_cid", "worker", "error", "cached")
    return {name: getattr(step, name) for name in names}


class _Channel:
    def __init__(self) -> None:
        self.ring: deque[Event] = deque(maxlen=RING)
        self.next_id = 1
        self.changed = asyncio.Event()
        self.closed = False


class Events:
    """Publish and follow. Listeners never hold the publisher back, nor does memory grow with them."""

    def __init__(self) -> None:
        self._channels: OrderedDict[str, _Channel] = OrderedDict()

    def publish(self, run_id: str, event: str, data: dict[str, Any], *, last: bool = False) -> None:
        """Append an event; ``last`` ends every listener's stream after it, and later events are dropped."""
        channel = self._channel(run_id)
        if channel.closed:
            return
        channel.ring.append(Event(channel.next_id, event, data))
        channel.next_id += 1
        channel.closed = last
        if last:
            self._channels.move_to_end(run_id)
            self._forget()
        changed, channel.changed = channel.changed, asyncio.Event()
        changed.set()

    async def follow(self, run_id: str, after: int | None = None) -> AsyncGenerator[Event, None]:
        """Events after ``after`` (None: all that are kept), then those to come, until the last one.

        One who takes them more slowly than ``RING`` others come gets a ``resync``, and has to follow anew.
        """
        channel = self._channel(run_id)
        first = channel.next_id - len(channel.ring)
        seen = first - 1 if after is None else after
        # Numbers begin anew with the daemon: one that was never given here is from before its start.
        if after is not None and not first <= after + 1 <= channel.next_id:
            seen = first - 1
            yield Event(seen, "resync", {"run_id": run_id})
        while True:
            changed = channel.changed
            if channel.ring and channel.ring[0].id > seen + 1:
                yield Event(channel.ring[0].id - 1, "resync", {"run_id": run_id})
                return
            for event in [event for event in channel.ring if event.id > seen]:
                seen = event.id
                yield event
            if channel.closed:
                return
            if channel.changed is changed:
                await changed.wait()

    def has(self, run_id: str, ended: str | None = None) -> bool:
        """Whether events of this run are kept; of one that ``ended`` so: another node may have gone on with it."""
        channel = self._channels.get(run_id)
        if channel is None or ended is None:
            return channel is not None
        return bool(channel.ring) and channel.ring[-1].data.get("status") == ended

    def end(self, row: RunRow) -> None:
        """The run was ended elsewhere: listeners are told so, if there are any."""
        if row.run_id in self._channels:
            self.publish(row.run_id, "run", run_data(row), last=True)

    def leave(self, run_id: str) -> None:
        """The run is on another node by now, if it has not ended here: listeners are sent off to follow it there."""
        channel = self._channels.get(run_id)
        if channel is not None and not channel.closed:
            del self._channels[run_id]
            channel.ring.append(Event(channel.next_id, "resync", {"run_id": run_id}))
            channel.next_id += 1
            channel.closed = True
            channel.changed.set()

    def reopen(self, run_id: str) -> None:
        """The run goes on (a retry): listeners may follow it again."""
        self._channel(run_id).closed = False

    def _channel(self, run_id: str) -> _Channel:
        channel = self._channels.get(run_id)
        if channel is None:
            channel = self._channels[run_id] = _Channel()
        return channel

    def _forget(self) -> None:
        ended = [run_id for run_id, channel in self._channels.items() if channel.closed]
        for run_id in ended[:-ENDED]:
            del self._channels[run_id]
