"""Beats of a song as librosa's tutorial finds them: ``SONG [again]``. Prints the seconds of a second time, if asked."""

from __future__ import annotations

import sys
import time

import librosa


def main(song: str, again: bool) -> None:
    beats(song)
    if again:
        started = time.perf_counter()
        beats(song)
        print(time.perf_counter() - started)


def beats(song: str) -> None:
    samples, rate = librosa.load(song)
    assert len(librosa.beat.beat_track(y=samples, sr=rate)[1])


if __name__ == "__main__":
    main(sys.argv[1], "again" in sys.argv[2:])
