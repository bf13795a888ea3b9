"""A run that is watched while it renders."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.films import EACH, KEEP, SAID, SECONDS, seen, until, watched
from playwright.async_api import Page, Route, expect

WITHOUT = "delete window.MediaSource; delete window.ManagedMediaSource;"
OTHER_BROWSER = f"{WITHOUT} HTMLMediaElement.prototype.canPlayType = () => ''"


async def lacking(page: Page, number: int) -> None:
    """Has ``page`` never learn that a segment is there."""

    async def less(route: Route) -> None:
        view = await (await route.fetch()).json()
        there = [[n, n + 1] for first, stop in view["there"] for n in range(first, stop) if n != number]
        await route.fulfill(json={**view, "there": there})

    await page.route("**/live?viewer=*", less)


async def test_a_run_is_watched_from_its_start_and_from_further_on_while_it_renders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    async with watched(tmp_path, monkeypatch) as (node, person, context, run_id, held):
        page = await context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text))
        await page.goto(f"{node.url}/run/{run_id}")
        await expect(page.locator(SAID)).to_contain_text("as soon as its first seconds are there")

        held.release(0)
        await until(page, "video?.readyState >= 3")
        assert await seen(page, "video.duration") == SECONDS
        assert await seen(page, f"video.seekable.end(0) === {SECONDS}")
        await seen(page, "(video.playbackRate = 4, video.play())")
        await expect(page.locator(SAID)).to_contain_text("waits at 0:02")
        assert await seen(page, "video.played.length === 1 && video.played.start(0) === 0 && !video.paused")

        async with page.expect_response(lambda answer: answer.url.endswith("&wanted=4")):
            await seen(page, "void (video.currentTime = 8.5)")
        await expect(page.locator(SAID)).to_contain_text("waits at 0:09")
        held.release(1, 4)
        await until(page, "video.currentTime > 9 && !video.seeking")
        there = (await person.http.get(f"/api/run/{run_id}/live")).json()["there"]
        assert there == [[0, 2], [4, 5]]

        other = await context.new_page()
        await lacking(other, 2)
        await other.goto(f"{node.url}/run/{run_id}")
        await other.evaluate(KEEP)
        two = "window.stream && video.buffered.length === 1 && video.buffered.end(0) > 3.9"
        await until(other, two)
        async with other.expect_response(lambda answer: answer.url.endswith("/1.m4s")):
            await seen(other, "void stream.buffer.remove(3, 4)")  # as a browser may that is short of room
        await until(other, two)
        await seen(other, "(video.playbackRate = 4, video.play())")
        await expect(other.locator(SAID)).to_contain_text("waits at 0:04")

        await seen(page, "void (video.mark = 'the same', video.volume = 0.5, video.currentTime = 8.2)")
        held.release(2, 3, 5)
        await expect(page.locator("#run-result a[download]")).to_be_visible()
        assert (await person.http.get(f"/api/run/{run_id}")).json()["status"] == "completed"
        await expect(page.locator("video:visible")).to_have_count(1)
        await until(page, "video.currentTime > 11")
        assert await seen(page, "video.mark === 'the same' && video.volume === 0.5 && video.src.startsWith('blob:')")
        await until(page, "video.ended")

        await page.locator("#run-result video").wait_for(state="attached")  # a copy may have to be made for browsers
        await seen(page, "void (video.currentTime = 4.5, video.play().catch(() => {}))")
        await until(page, "video.currentTime > 5 && video.src.includes('/cache/')")
        assert await seen(page, f"video.mark === 'the same' && video.volume === 0.5 && video.duration === {SECONDS}")
        assert errors == []
        await until(other, "video.currentTime > 4 && video.src.includes('/cache/')")  # it has what was never made


async def test_a_browser_without_media_source_extensions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It plays the HTTP Live Stream where it can, and shows nothing where it can't."""
    async with watched(tmp_path, monkeypatch) as (node, _, context, run_id, held):
        errors: list[str] = []
        other = await context.new_page()
        other.on("pageerror", lambda error: errors.append(str(error)))
        other.on("console", lambda message: errors.append(message.text))
        await other.add_init_script(OTHER_BROWSER)
        await other.goto(f"{node.url}/run/{run_id}")
        await other.locator("#run-steps li[data-step]").first.wait_for()
        await expect(other.locator("#run-live > *")).to_be_hidden()
        assert errors == []

        page = await context.new_page()
        await page.add_init_script(WITHOUT)
        await page.goto(f"{node.url}/run/{run_id}")
        held.release(0, 1, 2, 3, 4)
        await until(page, "video?.readyState >= 1 && video.src.endsWith('/live.m3u8')")
        held.release(5)
        result = "document.querySelector('#run-result video')"
        await until(page, f"{result}?.duration === {SECONDS}")
        assert await seen(page, "video === null")

        # On a page that does not update itself: the run's would take the video away again.
        await page.goto(f"{node.url}/plugins")
        stream = f"Object.assign(document.createElement('video'), {{src: '/api/run/{run_id}/live.m3u8', muted: true}})"
        place = "Object.assign(document.createElement('div'), {id: 'run-live'})"
        await seen(page, f"void (document.body.append({place}), document.querySelector('#run-live').append({stream}))")
        await until(page, f"Math.abs(video.duration - {SECONDS}) < 0.5")
        await seen(page, "void (video.playbackRate = 4, video.play())")
        await until(page, f"video.currentTime > {EACH} + 0.5 && video.videoWidth > 0 && !video.error")
        await until(page, f"video.buffered.length === 1 && Math.abs(video.buffered.end(0) - {SECONDS}) < 0.1")
