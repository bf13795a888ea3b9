"""What a player of a run that renders makes of a browser, a network and a run that are not as they should be."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser.films import SAID, seen, until, watched
from playwright.async_api import Route, expect

NO_H265 = (
    "const { isTypeSupported } = MediaSource;"
    "MediaSource.isTypeSupported = (type) => !type.includes('hvc1') && isTypeSupported.call(MediaSource, type)"
)

FULL = """{
    const { appendBuffer } = SourceBuffer.prototype;
    SourceBuffer.prototype.appendBuffer = function (data) {
        const { buffered } = this;
        let seconds = 0;
        for (let i = 0; i < buffered.length; i++) seconds += buffered.end(i) - buffered.start(i);
        if (seconds > 5.5) {
            window.refused = (window.refused ?? 0) + 1;
            throw new DOMException("no room", "QuotaExceededError");
        }
        appendBuffer.call(this, data);
    };
}"""
"""A browser that keeps three segments of two seconds."""


@pytest.mark.slow
async def test_a_network_that_fails_and_a_run_that_is_cancelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with watched(tmp_path, monkeypatch) as (node, person, context, run_id, held):
        page, tries = await context.new_page(), list[str]()

        async def fail(route: Route) -> None:
            tries.append(route.request.url)
            if len(tries) == 1:
                return await route.abort("connectionreset")
            return await (route.fulfill(status=502) if len(tries) == 2 else route.continue_())

        await page.route("**/live/0.m4s", fail)
        await page.goto(f"{node.url}/run/{run_id}")
        held.release(0)
        await until(page, "video?.readyState >= 3")
        assert len(tries) == 3
        await seen(page, "(video.playbackRate = 4, video.play())")
        await expect(page.locator(SAID)).to_contain_text("waits at 0:02")

        assert (await person.http.post(f"/runs/{run_id}/cancel")).status_code == 202
        await expect(page.locator(SAID)).to_contain_text("The run was cancelled: what is there of its result")
        await expect(page.locator("#run-error")).to_contain_text("It was cancelled")
        await seen(page, "void (video.currentTime = 0.2)")
        await until(page, "video.currentTime > 1")

        page.on("dialog", lambda dialog: dialog.accept())
        await page.locator("#run-do").get_by_role("button", name="Try again").click()
        held.release(1, 2, 3, 4, 5)
        await page.locator("#run-result video").wait_for(state="attached")


async def test_a_browser_that_does_not_play_h265(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    output = {"format": "mp4", "video_codec": "h265", "preset": "ultrafast"}
    async with watched(tmp_path, monkeypatch, **output) as (node, _, context, run_id, held):
        page, errors = await context.new_page(), list[str]()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("console", lambda message: errors.append(message.text))
        await page.add_init_script(NO_H265)
        await page.goto(f"{node.url}/run/{run_id}")
        held.release(0)
        await expect(page.locator(SAID)).to_have_text(
            "This browser does not play H.265. When the run has ended, the result is here to download, and to watch in "
            "a form that this browser plays."
        )
        held.release(1, 2, 3, 4, 5)
        await page.locator("#run-result a[download]").wait_for()
        result = page.locator("#run-result video")
        await result.wait_for()
        await expect(page.locator("#run-live > *")).to_have_count(0)
        assert await result.evaluate("video => video.play().then(() => true)")
        assert errors == []


async def test_a_browser_with_little_room_plays_to_the_end_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    async with watched(tmp_path, monkeypatch) as (node, _, context, run_id, held):
        page = await context.new_page()
        await page.add_init_script(FULL)
        await page.goto(f"{node.url}/run/{run_id}")
        held.release(0, 1, 2, 3, 4)
        await until(page, "video?.readyState >= 3")
        await seen(page, "(video.playbackRate = 4, video.play())")
        await expect(page.locator(SAID)).to_contain_text("waits at 0:10")
        assert await seen(page, "window.refused > 0 && video.buffered.start(0) > 3")

        async with page.expect_response(lambda answer: answer.url.endswith("/0.m4s")):
            await seen(page, "void (video.currentTime = 0.2)")
        await until(page, "video.currentTime > 3")
        await seen(page, "void (video.currentTime = 9.5)")
        held.release(5)
        await until(page, "video.ended")
