"""The parts of a result put together as they are: their packets are copied, and their times are worked out anew.

Every part of a picture is a closed group of pictures that was encoded with the same settings, so its first packet is a
keyframe, no packet needs one of another part, and all have the same headers. Packet ``n`` of the whole, in the order of
decoding, has the decoding time ``n``, less the frames by which the encoder reorders; the presentation times of a part
begin where those of the part before it end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av import Packet
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.container.output import OutputContainer
from av.video.stream import VideoStream

from artdagd.delivery import Delivery
from artdagd.errors import StepFailed
from artdagd.render.failures import reporting
from artdagd.render.reading.opening import open_media
from artdagd.render.wanted import still_wanted
from artdagd.render.writing.encode import container_name, container_options
from artdagd.work import Join

Timed = Iterator[tuple[Fraction, "Packet[VideoStream] | Packet[AudioStream]"]]
"""Packets in their order, each with the time (s) at which it is decoded."""


def join(
    work: Join,
    sources: Mapping[str, str],
    output: Path,
    delivery: Delivery | None,
    progress: Callable[[Fraction], None],
) -> None:
    """Write the parts that ``sources`` name to ``output``, a file of the delivery's format. ``progress`` gets the
    seconds written so far; what it raises ends the writing.

    Raises StepFailed: ``disk_full``; ``refused`` if the parts don't go together.
    """
    with ExitStack() as opened:
        sound = opened.enter_context(open_media(Path(sources[work.sound]))) if work.sound else None
        first = opened.enter_context(open_media(Path(sources[work.pictures[0]])))
        with reporting("the result can't be written"):
            options = container_options(delivery, sound.streams.audio[0].sample_rate if sound else None)
            container = av.open(f"file:{output.absolute()}", "w", format=container_name(delivery), options=options)
            opened.enter_context(container)
            picture = container.add_stream_from_template(first.streams.video[0])
            picture.time_base = 1 / Fraction(*work.fps)
            tracks: list[Timed] = [_pictures(work, sources, picture)]
            if sound is not None:
                heard = container.add_stream_from_template(sound.streams.audio[0])
                heard.time_base = sound.streams.audio[0].time_base
                tracks.append(_sounds(sound, heard))
        _interleave(container, tracks, progress)
        with reporting("the result can't be written"):
            container.close()


def _interleave(container: OutputContainer, tracks: list[Timed], progress: Callable[[Fraction], None]) -> None:
    heads = {number: head for number, track in enumerate(tracks) if (head := next(track, None))}
    while heads:
        number = min(heads, key=lambda key: (heads[key][0], key))
        time, packet = heads[number]
        progress(max(time, Fraction(0)))
        with reporting("the result can't be written"):
            container.mux(packet)
        head = next(tracks[number], None)
        if head is None:
            del heads[number]
        else:
            heads[number] = head


def _pictures(work: Join, sources: Mapping[str, str], into: VideoStream) -> Timed:
    fps = Fraction(*work.fps)
    count, delay = 0, 0
    headers: bytes | None = None
    for name, frames in zip(work.pictures, work.frames, strict=True):
        with open_media(Path(sources[name])) as container:
            track = container.streams.video[0]
            base, began = Fraction(track.time_base or 1), count
            for packet in _packets(container, track):
                if count == began:
                    late = _late(packet, fps)
                    if began and (late, track.codec_context.extradata) != (delay, headers):
                        raise _unfit(name, "it was encoded otherwise than the part before it")
                    if not packet.is_keyframe:
                        raise _unfit(name, "it does not begin with a keyframe")
                    delay, headers = late, track.codec_context.extradata
                place = began + round((packet.pts or 0) * base * fps)
                packet.stream, packet.time_base = into, 1 / fps
                packet.pts, packet.dts, packet.duration = place, count - delay, 1
                yield (count - delay) / fps, packet
                count += 1
            if frames not in (None, count - began) or count == began:
                raise _unfit(name, f"it has {count - began} frames, and {frames} were asked for")


def _late(packet: Packet[VideoStream], fps: Fraction) -> int:
    """By how many frames the first packet of a part is decoded before it is seen."""
    base = Fraction(packet.time_base or 1)
    return 0 if packet.dts is None or packet.pts is None else round((packet.pts - packet.dts) * base * fps)


def _sounds(container: InputContainer, into: AudioStream) -> Timed:
    track = container.streams.audio[0]
    base = Fraction(track.time_base or 1)
    for packet in _packets(container, track):
        packet.stream = into
        yield (packet.dts or 0) * base, packet


def _packets(container: InputContainer, track: VideoStream | AudioStream) -> Iterator[Any]:
    with reporting("a part can't be read"):
        for packet in container.demux(track):
            still_wanted()
            if packet.size:
                yield packet


def _unfit(name: str, why: str) -> StepFailed:
    return StepFailed(f"the parts don't go together: {name!r}: {why}", code="refused")
