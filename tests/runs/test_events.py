import asyncio

from artdagd.runs.events import ENDED, RING, Events


async def collect(events: Events, after: int | None = None) -> list[tuple[int, str]]:
    return [(event.id, event.event) async for event in events.follow("r", after)]


async def test_a_listener_gets_what_was_and_what_comes_until_the_last():
    events = Events()
    events.publish("r", "run", {})
    listener = asyncio.create_task(collect(events))
    await asyncio.sleep(0)
    events.publish("r", "step", {})
    events.publish("r", "run", {}, last=True)
    assert await listener == [(1, "run"), (2, "step"), (3, "run")]


async def test_resuming_after_an_id_repeats_nothing():
    events = Events()
    for _ in range(3):
        events.publish("r", "step", {})
    events.publish("r", "run", {}, last=True)
    assert await collect(events, after=2) == [(3, "step"), (4, "run")]


async def test_a_listener_who_missed_too_much_is_told_to_resync():
    events = Events()
    for _ in range(RING + 10):
        events.publish("r", "step", {})
    events.publish("r", "run", {}, last=True)
    got = await collect(events, after=1)
    assert got[0][1] == "resync"
    assert len(got) == RING + 1


async def test_a_retried_run_can_be_followed_again():
    events = Events()
    events.publish("r", "run", {}, last=True)
    events.reopen("r")
    listener = asyncio.create_task(collect(events, after=1))
    await asyncio.sleep(0)
    events.publish("r", "run", {}, last=True)
    assert await listener == [(2, "run")]


async def test_a_listener_from_before_a_restart_is_told_to_resync_and_misses_nothing():
    events = Events()
    events.publish("r", "step", {})
    events.publish("r", "run", {}, last=True)
    assert await collect(events, after=57) == [(0, "resync"), (1, "step"), (2, "run")]


async def test_the_events_of_long_ended_runs_are_forgotten_and_active_ones_kept():
    events = Events()
    events.publish("active", "run", {})
    for number in range(ENDED + 3):
        events.publish(str(number), "run", {}, last=True)
    assert [events.has(run) for run in ("active", "2", "3", str(ENDED + 2))] == [True, False, True, True]


async def test_a_listener_who_is_slower_than_the_ring_is_told_so_and_cut_off():
    events = Events()
    events.publish("r", "step", {})
    listener = events.follow("r")
    assert (await anext(listener)).id == 1
    for _ in range(RING + 10):
        events.publish("r", "progress", {})
    assert [(event.id, event.event) async for event in listener] == [(11, "resync")]
    events.publish("r", "run", {}, last=True)
    got = await collect(events, after=11)
    assert got[0] == (12, "resync")
    assert [number for number, _ in got[1:]] == list(range(13, RING + 13))


async def test_a_listener_gets_what_is_kept_when_it_asks_for_nothing_older():
    events = Events()
    for _ in range(RING + 10):
        events.publish("r", "step", {})
    events.publish("r", "run", {}, last=True)
    assert (await collect(events))[0] == (12, "step")
