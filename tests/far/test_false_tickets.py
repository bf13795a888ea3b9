"""F15 over HTTP: a worker, or whoever has heard it, that asks for more than its lease. Accepted: nothing."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import h11
import httpx
import msgspec
import pytest
from elsewhere import Desk, client, until
from pools import done

from artdagd.cid import CID
from artdagd.errors import StepFailed
from artdagd.workers import messages, tickets

FILM = b"a film" * 1000
SHA = hashlib.sha256(FILM).hexdigest()


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def reading(ticket: str, **more: str) -> dict[str, str]:
    return {"Authorization": ticket, **more}


def writing(key: str, fence: int, data: bytes = FILM, **changes: str) -> dict[str, str]:
    """Headers for sending ``data``, as an honest worker makes them, with ``changes``."""
    honest = {
        "Authorization": tickets.to_write(key, fence, sha(data), len(data)),
        "Content-Digest": tickets.digest_header(sha(data)),
        "Content-Length": str(len(data)),
    }
    return {**honest, **{name.replace("_", "-"): value for name, value in changes.items()}}


async def test_a_ticket_opens_what_it_is_for_and_nothing_else(far: Desk):
    """A worker has the key of one lease. Another lease has another input."""
    mine, yours = far.blob(b"mine" * 5000), far.blob(b"yours" * 5000)
    peer, waiting, ours = await far.leased(far.render(mine))
    other, theirs_waiting, theirs = await far.leased(far.render(yours))
    assert ours.apart
    assert theirs.apart
    key, fence, cid, foreign = ours.apart.key, ours.fence, mine.name, yours.name
    good = tickets.to_read(key, fence, cid)
    proof = good.rpartition(".")[2]
    parsed = CID.parse(cid)
    hexed = "f" + bytes(parsed).hex()
    asked: dict[str, tuple[str, dict[str, str]]] = {
        "nothing": (cid, {}),
        "a user's token": (cid, reading("Bearer artdag_" + "x" * 43)),
        "a password": (cid, reading("Basic YTpi")),
        "a made-up proof": (cid, reading(f"Artdag-Ticket {fence}.{'A' * 43}")),
        "no proof": (cid, reading(f"Artdag-Ticket {fence}.")),
        "another's input, own key": (foreign, reading(tickets.to_read(key, fence, foreign))),
        "another's lease, own key": (foreign, reading(tickets.to_read(key, theirs.fence, foreign))),
        "another's lease, own proof": (cid, reading(f"Artdag-Ticket {theirs.fence}.{proof}")),
        "another lease that is none": (cid, reading(f"Artdag-Ticket {fence + 77}.{proof}")),
        "a fence out of all bounds": (cid, reading(f"Artdag-Ticket {'9' * 400}.{proof}")),
        "the ticket for another input": (foreign, reading(good)),
        "a ticket for writing": (cid, reading(tickets.to_write(key, fence, SHA, len(FILM)))),
        "the key itself": (cid, reading(f"Artdag-Ticket {fence}.{key}")),
        "a ticket with a tail": (cid, reading(good + "A")),
        "a ticket as bearer": (cid, reading(good.replace("Artdag-Ticket", "Bearer"))),
        "a ticket in the address": (f"{cid}?ticket={good.replace(' ', '%20')}", {}),
        "a ticket in a cookie": (cid, {"Cookie": f"ticket={proof}"}),
        "a page of another origin": (cid, reading(good, Origin="https://evil.example")),
        "a browser": (cid, reading(good, **{"Sec-Fetch-Site": "same-origin"})),
        "a browser's session": (cid, reading(good, Cookie="artdag_session_80=x")),
        "the same name in another base": (hexed, reading(tickets.to_read(key, fence, hexed))),
        "a way out": ("../../etc/passwd", reading(tickets.to_read(key, fence, "../../etc/passwd"))),
        "a way out, quoted": ("%2e%2e%2fpasswd", reading(tickets.to_read(key, fence, "../passwd"))),
        "a whole path": ("%2Fetc%2Fpasswd", reading(tickets.to_read(key, fence, "/etc/passwd"))),
        "a NUL": (f"{cid}%00", reading(tickets.to_read(key, fence, f"{cid}\0"))),
        "a digit more": (cid + "a", reading(tickets.to_read(key, fence, cid + "a"))),
    }
    async with client(far.url) as http:
        for about, (place, headers) in asked.items():
            for method in ("GET", "HEAD"):
                answer = await http.request(method, f"/worker/blob/{place}", headers=headers)
                assert answer.status_code in (401, 403, 404), (about, method, answer.status_code)
                assert b"mine" not in answer.content, about
                assert b"yours" not in answer.content, about
        assert len(asked) >= 25
        answer = await http.get(f"/worker/blob/{cid}", headers=reading(good))
        assert (answer.status_code, answer.content) == (200, b"mine" * 5000)
        part = await http.get(f"/worker/blob/{cid}", headers=reading(good, Range="bytes=19990-"))
        assert (part.status_code, part.content) == (206, (b"mine" * 5000)[19990:])
        # The lease ends: cancelled, lost with its worker, or done.
        waiting.cancel()
        await peer.heard(messages.Cancel)
        await other.say(messages.Bye())
        await until(lambda: len(far.pool.broker.workers()) == 1)
        assert (await http.get(f"/worker/blob/{cid}", headers=reading(good))).status_code == 401
        late = reading(tickets.to_read(theirs.apart.key, theirs.fence, foreign))
        assert (await http.get(f"/worker/blob/{foreign}", headers=late)).status_code == 401
    theirs_waiting.cancel()
    peer.close()
    other.close()


async def slowly(data: bytes, meanwhile: Callable[[], Any] | None = None) -> AsyncIterator[bytes]:
    yield data[: len(data) // 2]
    if meanwhile:
        await meanwhile()
    yield data[len(data) // 2 :]


async def put(http: httpx.AsyncClient, headers: dict[str, str], data: Any = FILM) -> int:
    """The status; 0 where the connection ended instead."""
    try:
        answer = await http.put("/worker/result", content=data, headers=headers)
    except (httpx.TransportError, h11.LocalProtocolError):
        return 0
    return answer.status_code


async def test_no_other_bytes_become_a_result(far: Desk):
    source = far.blob(b"source")
    peer, waiting, ours = await far.leased(far.render(source))
    other, theirs_waiting, theirs = await far.leased(far.render(source))
    assert ours.apart
    assert theirs.apart
    key, fence = ours.apart.key, ours.fence
    same_length = b"A film" + FILM[6:]
    refused: dict[str, tuple[dict[str, str], bytes]] = {
        "no ticket": (writing(key, fence, Authorization=""), FILM),
        "a user's token": (writing(key, fence, Authorization="Bearer artdag_" + "x" * 43), FILM),
        "other bytes of the same length": (writing(key, fence), same_length),
        "another digest than the ticket's": (
            writing(key, fence, Content_Digest=tickets.digest_header(sha(same_length))), same_length,
        ),
        "no digest": (writing(key, fence, Content_Digest=""), FILM),
        "a digest of another kind": (writing(key, fence, Content_Digest="md5=:AAAA:"), FILM),
        "a digest written otherwise": (
            writing(key, fence, Content_Digest=tickets.digest_header(SHA).replace("sha-256", "SHA-256")), FILM,
        ),
        "another length than the ticket's": (writing(key, fence, Content_Length=str(len(FILM) - 1)), FILM[:-1]),
        "a ticket for reading": (
            writing(key, fence, Authorization=tickets.to_read(key, fence, source.name)), FILM,
        ),
        "another's lease with one's own key": (writing(key, theirs.fence), FILM),
        "a lease that is none": (writing(key, fence + 50), FILM),
        "a page": (writing(key, fence, Origin="https://evil.example"), FILM),
        "a browser's session": (writing(key, fence, Cookie="artdag_session_80=x"), FILM),
        "a size out of all bounds": (writing(key, fence, Content_Length=str(1 << 41)) | {
            "Authorization": tickets.to_write(key, fence, SHA, 1 << 41)}, FILM),
    }  # fmt: skip
    async with client(far.url) as http:
        for about, (headers, data) in refused.items():
            assert await put(http, headers, data) in (0, 400, 401, 403, 413), about
            assert far.results() == [], about
        no_length = {name: value for name, value in writing(key, fence).items() if name != "Content-Length"}
        assert await put(http, no_length, slowly(FILM)) in (400, 401), "no length"
        assert await put(http, writing(key, fence), slowly(FILM[:-7])) in (0, 400), "cut off"
        assert await put(http, writing(key, fence), slowly(FILM + b"more")) in (0, 400, 413), "more than announced"
        await until(lambda: far.results() == [])

        async def lost() -> None:
            await other.say(messages.Bye())
            await until(lambda: len(far.pool.broker.workers()) == 1)

        late = writing(theirs.apart.key, theirs.fence)
        assert await put(http, late, slowly(FILM, lost)) in (0, 401), "the lease ended meanwhile"
        assert await put(http, late) == 401, "the lease has ended"
        await until(lambda: far.results() == [])

        # All that did not spoil the lease: its own result is taken, once.
        assert await put(http, writing(key, fence)) == 204
        assert await put(http, writing(key, fence)) == 409, "replayed"
        assert await put(http, writing(key, fence, same_length), same_length) == 409, "a second result"
        assert far.results() == ["output.mov"]
        done_with = messages.Done(fence, msgspec.Raw(b"\xc0"), True, {}, 0.0, SHA)
        await peer.say(messages.Results((done_with,)))
        result = await asyncio.wait_for(waiting, 30)
        assert result.path
        assert result.path.read_bytes() == FILM
        assert await put(http, writing(key, fence)) == 401, "after the job was done"
    theirs_waiting.cancel()
    peer.close()
    other.close()


@pytest.mark.parametrize("lie", ["another digest", "no digest", "nothing sent", "nothing sent, and a digest"])
async def test_what_is_said_on_the_socket_has_to_be_what_was_sent(far: Desk, lie: str):
    peer, waiting, ours = await far.leased(far.render(far.blob(b"source")))
    assert ours.apart
    async with client(far.url) as http:
        if not lie.startswith("nothing"):
            assert await put(http, writing(ours.apart.key, ours.fence)) == 204
    said = {"another digest": sha(b"other"), "nothing sent, and a digest": SHA}.get(lie, "")
    await peer.say(messages.Results((messages.Done(ours.fence, msgspec.Raw(b"\xc0"), True, {}, 0.0, said),)))
    with pytest.raises(StepFailed) as failure:
        await asyncio.wait_for(waiting, 30)
    assert failure.value.code == "refused"
    await until(lambda: far.results() == [])
    peer.close()


async def test_who_claims_anothers_lease_does_not_end_its_tickets(far: Desk):
    source = far.blob(b"source")
    peer, waiting, ours = await far.leased(far.render(source))
    liar, his, _ = await far.leased(far.render(source))
    assert ours.apart
    await liar.say(messages.Heartbeat((ours.fence,), 0))
    await liar.say(messages.Results((messages.Stopped(ours.fence),)))
    await liar.say(done(ours.fence, None, file=True))
    await liar.heard(messages.Cancel)
    async with client(far.url) as http:
        ticket = tickets.to_read(ours.apart.key, ours.fence, source.name)
        assert (await http.get(f"/worker/blob/{source.name}", headers=reading(ticket))).status_code == 200
    for task, one in ((waiting, peer), (his, liar)):
        task.cancel()
        one.close()


async def test_a_probe_has_no_result_to_send(far: Desk):
    peer, waiting, ours = await far.leased(messages.ProbeJob(str(far.blob(b"source"))))
    assert ours.apart
    async with client(far.url) as http:
        assert await put(http, writing(ours.apart.key, ours.fence)) == 401
    waiting.cancel()
    peer.close()
    assert far.results() == []
