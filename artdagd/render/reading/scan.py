"""What the packets of a video stream tell, with none of them decoded."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from av.container.input import InputContainer
from av.video.stream import VideoStream as Track

from artdagd.errors import StepFailed
from artdagd.render.reading.clock import MAX_FRAMES, Clock, clock
from artdagd.render.reading.opening import check_length
from artdagd.render.wanted import still_wanted


@dataclass(frozen=True)
class Scan:
    """``times`` are sorted; ``keys`` are ordinals of keyframes; ``start`` is the first time, in seconds."""

    times: list[int]
    keys: list[int]
    clock: Clock
    start: Fraction
    seekable: bool


def scan_packets(container: InputContainer, track: Track) -> Scan:
    """Read every packet of the video stream, decoding none. Raises StepFailed if there are none, or too many."""
    base = Fraction(track.time_base or Fraction(1, 1000))
    times: list[int] = []
    keys: list[int] = []
    last = 0
    latest = float("-inf")
    complete = True
    for number, packet in enumerate(packet for packet in container.demux(track) if packet.size):
        if number >= MAX_FRAMES:
            raise StepFailed(f"the video has more than {MAX_FRAMES} frames", code="bad_media")
        still_wanted()
        if packet.is_discard:
            continue
        complete = complete and packet.pts is not None
        time = number if packet.pts is None else packet.pts
        times.append(time)
        if packet.is_keyframe:
            keys.append(time)
        if time >= latest and packet.duration:
            latest, last = time, packet.duration
    if not times:
        raise StepFailed("the video holds no frames", code="bad_media")
    guesses = (track.guessed_rate, track.average_rate)
    if not complete or len(set(times)) != len(times):
        rate = next((guess for guess in guesses if guess), Fraction(25))
        return Scan(list(range(len(times))), [0], Clock(rate, range(len(times))), Fraction(0), False)
    times.sort()
    position = {time: ordinal for ordinal, time in enumerate(times)}
    if container.format.name == "mpeg":  # after a seek its packets have other times than in the scan
        keys = times[:1]
    check_length((times[-1] - times[0]) * base)
    ticking = clock(times, last, base, guesses, track.codec_context.framerate)
    if len(ticking.ordinals) > MAX_FRAMES:
        raise StepFailed(f"the video takes more than {MAX_FRAMES} frames", code="bad_media")
    return Scan(times, sorted(position[key] for key in keys), ticking, times[0] * base, True)
