"""What a file is: its kind, its streams, their exact lengths."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path

from av import Packet
from av.audio.stream import AudioStream as Track
from av.container.input import InputContainer
from av.video.stream import VideoStream as PictureTrack

from artdagd.errors import StepFailed
from artdagd.render.failures import reporting
from artdagd.render.reading.hdr import HDR
from artdagd.render.reading.opening import IMAGE_FORMATS, is_heif, open_media
from artdagd.render.reading.orientation import upright
from artdagd.render.reading.sound import decoded, layout, track
from artdagd.render.reading.source import Pictures, examine
from artdagd.render.reading.tracks import picture_track
from artdagd.render.streams import Media, Picture
from artdagd.work import AudioFacts, Kind, MediaFacts, VideoFacts

# Media types by demuxer (IANA names; for those with two entries: with a picture, without).
TYPES = {
    "mp4": ("video/mp4", "audio/mp4"),
    "matroska": ("video/matroska", "audio/matroska"),
    "avi": ("video/vnd.avi", "video/vnd.avi"),
    "mpegts": ("video/mp2t", "video/mp2t"),
    "mpeg": ("video/mpeg", "video/mpeg"),
    "flv": ("video/x-flv", "video/x-flv"),
    "yuv4mpegpipe": ("video/x-yuv4mpeg", "video/x-yuv4mpeg"),
    "gif": ("image/gif", "image/gif"),
    "apng": ("image/apng", "image/apng"),
    "png_pipe": ("image/png", "image/png"),
    "jpeg_pipe": ("image/jpeg", "image/jpeg"),
    "webp_pipe": ("image/webp", "image/webp"),
    "mp3": ("audio/mpeg", "audio/mpeg"),
    "wav": ("audio/wav", "audio/wav"),
    "w64": ("audio/x-w64", "audio/x-w64"),
    "flac": ("audio/flac", "audio/flac"),
    "ogg": ("video/ogg", "audio/ogg"),
    "aac": ("audio/aac", "audio/aac"),
    "ac3": ("audio/ac3", "audio/ac3"),
    "eac3": ("audio/eac3", "audio/eac3"),
    "aiff": ("audio/aiff", "audio/aiff"),
    "au": ("audio/basic", "audio/basic"),
    "caf": ("audio/x-caf", "audio/x-caf"),
}


def probe(path: Path) -> MediaFacts:
    """The facts about ``path``. Never raises for junk: what no reader of ours can open has kind ``other`` or ``data``
    (text that is JSON, YAML or the like)."""
    try:
        with reporting("the file can't be probed"), open_media(path) as container:
            return _facts(path, container)
    except StepFailed:
        return _no_media(path)


def _facts(path: Path, container: InputContainer) -> MediaFacts:
    names = container.format.name.split(",")
    key = next((name for name in names if name in TYPES), names[0])
    types = TYPES.get(key, ("application/octet-stream", "application/octet-stream"))
    picture = picture_track(container)
    sound = track(container)
    if (key in IMAGE_FORMATS or is_heif(container)) and picture is not None:
        kind: Kind = "image"
    else:
        kind = "video" if picture is not None else "audio"
    if picture is None and sound is None:
        return MediaFacts("other", "application/octet-stream", container.format.name)
    source = examine(path, container)
    video = _video(picture, source.media, source.pictures) if picture is not None and source.pictures else None
    audio = None
    if sound is not None and picture is None:
        audio = _audio(container)
    elif sound is not None:
        with open_media(path) as again:  # the packets of this one have been read, for the pictures
            audio = _audio(again)
    lengths = [facts.duration for facts in (video, audio) if facts is not None]
    duration = None if kind == "image" else max(lengths)
    media_type = (_said(path, container) or types[0]) if video else types[1]
    return MediaFacts(kind, media_type, container.format.name, duration, video, audio, float(source.media.offset))


def _said(path: Path, container: InputContainer) -> str:
    """WebM, QuickTime and HEIF, which are read as Matroska and MP4 and say in their headers what they are."""
    brand = container.metadata.get("major_brand")
    if brand == "qt  ":
        return "video/quicktime"
    if is_heif(container):
        return "image/avif" if brand == "avif" else "image/heic"
    with path.open("rb") as file:  # the document type stands in the EBML header (RFC 8794), which comes first
        head = file.read(64)
    return "video/webm" if head.startswith(b"\x1a\x45\xdf\xa3") and b"webm" in head else ""


def _video(stream: PictureTrack, media: Media, pictures: Pictures) -> VideoFacts | None:
    if media.video is None:
        return None
    picture = media.video.picture
    return VideoFacts(
        width=picture.width,
        height=picture.height,
        fps=(picture.fps.numerator, picture.fps.denominator),
        duration=float(media.video.duration),
        codec=stream.codec_context.name,
        pixel_format=stream.codec_context.pix_fmt or "",
        rotation=upright(pictures.first)[1],
        interlaced=pictures.first.interlaced_frame,
        alpha=media.alpha is not None,
        hdr=HDR.get(pictures.raw.colour.transfer, ""),
        look=_look(media, picture),
    )


def _look(media: Media, picture: Picture) -> str:
    """The format, then matrix, primaries and transfer as numbers of ITU-T H.273, and whether there is an alpha."""
    colour = picture.colour
    found = f"{picture.format} {colour.space} {colour.primaries} {colour.transfer}"
    return found if media.alpha is None else f"{found} alpha"


def _audio(container: InputContainer) -> AudioFacts:
    stream = track(container)
    if stream is None:
        raise StepFailed("the file has no sound", code="bad_media")
    context = stream.codec_context
    rate, channels, codec = context.sample_rate, context.channels, context.name  # before decoding can change them
    digest = _Digest(stream)
    samples = sum(frame.samples for frame in decoded(container, seen=digest.add))
    return AudioFacts(
        rate=rate,
        channels=1 if layout(channels) == "mono" else 2,
        samples=samples,
        duration=samples / rate,
        codec=codec,
        digest=digest.hasher.hexdigest(),
    )


class _Digest:
    """SHA-256 over the codec's parameters and each packet's times, trimming side data and bytes."""

    def __init__(self, stream: Track) -> None:
        context = stream.codec_context
        base = Fraction(stream.time_base or 1)
        head = (context.name, context.sample_rate, context.channels, context.layout.name, str(base))
        self.hasher = hashlib.sha256(repr(head).encode())
        self.hasher.update(bytes(context.extradata or b""))
        self._origin: int | None = None

    def add(self, packet: Packet[Track]) -> None:
        if not packet.size:
            return
        self._origin = packet.pts if self._origin is None else self._origin
        time = None if packet.pts is None or self._origin is None else packet.pts - self._origin
        skip = bytes(packet.get_sidedata("skip_samples")) if packet.has_sidedata("skip_samples") else b""
        self.hasher.update(repr((time, packet.duration, skip, packet.size)).encode())
        self.hasher.update(bytes(packet))


def _no_media(path: Path) -> MediaFacts:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return MediaFacts("other", "application/octet-stream")
    try:
        text = head[: len(head) - 3 if len(head) == 4096 else None].decode().lstrip()
    except UnicodeDecodeError:
        return MediaFacts("other", "application/octet-stream")
    if not text or "\0" in text:
        return MediaFacts("other", "application/octet-stream")
    return MediaFacts("data", "application/json" if text[0] in "{[" else "text/plain")
