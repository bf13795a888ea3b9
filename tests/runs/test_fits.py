"""What may be bound to an input, by what the recipe declares it to be."""

from __future__ import annotations

import pytest

from artdagd.runs.execution import fits
from artdagd.work import AudioFacts, MediaFacts, VideoFacts

PICTURE, SOUND = VideoFacts(64, 48, (25, 1), 1.0, "h264", "yuv420p"), AudioFacts(48000, 2, 480, 0.01, "aac", "")
FILES = {
    "film": MediaFacts("video", "video/mp4", video=PICTURE, audio=SOUND),
    "mute": MediaFacts("video", "video/mp4", video=PICTURE),
    "song": MediaFacts("audio", "audio/flac", audio=SOUND),
    "still": MediaFacts("image", "image/png", video=PICTURE),
    "text": MediaFacts("data", "text/plain"),
    "junk": MediaFacts("other", "application/octet-stream"),
}


@pytest.mark.parametrize(
    ("declared", "good"),
    [
        ("video", "film mute still"),
        ("audio", "film song"),
        ("media", "film mute song still"),
        ("image", "still"),
        ("data", "text"),
    ],
)
def test_an_input_takes_what_it_is_declared_to_be(declared: str, good: str) -> None:
    assert [name for name, facts in FILES.items() if fits(facts, declared)] == good.split()
