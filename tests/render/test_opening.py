"""Hostile and broken files: each is refused with a reason, none reads its neighbours."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction

import av
import numpy
import pytest

from artdagd.errors import StepFailed
from artdagd.render.analysis.audio import mono
from artdagd.render.reading import opening
from artdagd.render.reading.opening import open_media
from artdagd.render.reading.probe import probe
from artdagd.render.reading.sound import decode
from artdagd.render.reading.source import open_source


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(b"\0" * ((width + 1) * height if width * height < 10**6 else 1000))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + b"," + bytes(9) + b"\2\2L\1\0;"


HOSTILE = {
    "concat": b"ffconcat version 1.0\nfile sibling\n",
    "hls": b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nsibling\n#EXT-X-ENDLIST\n",
    "dash": b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period/></MPD>',
    "sdp": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n",
    "subtitles": b"1\n00:00:00,000 --> 00:00:01,000\nhello\n",
    "text": b"just words\n",
    "empty": b"",
    "zeros": bytes(5000),
    "png_bomb": png(16000, 16000),
    "gif_bomb": gif(60000, 60000),
    "long_png": png(60000, 2),
    "webp_bomb": b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0" + bytes(40),
    "subfile": b"subfile,,start,0,end,9,,:sibling",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(clip, tmp_path, name):
    clip("sibling.mp4", 10).rename(tmp_path / "sibling")
    path = tmp_path / name
    path.write_bytes(HOSTILE[name])
    with pytest.raises(StepFailed) as failure:
        open_source(path)
    assert failure.value.code == "bad_media"
    assert str(tmp_path) not in failure.value.detail
    assert probe(path).kind in ("other", "data")


@pytest.mark.parametrize("cut", [20, 300, 3000])
def test_truncated_mp4_is_refused(clip, tmp_path, cut):
    whole = clip("a.mp4", 60, samples=48_000).read_bytes()
    path = tmp_path / "cut"
    path.write_bytes(whole[:cut])
    with pytest.raises(StepFailed):
        open_source(path)
    assert probe(path).kind == "other"


def test_every_mutation_ends_in_facts_or_a_step_failure(clip, tmp_path):
    whole = clip("a.mp4", 12, samples=8_000).read_bytes()
    random = numpy.random.default_rng(5)
    for number in range(40):
        data = bytearray(whole)
        for place in random.integers(0, len(data), 1 + number % 12):
            data[place] = random.integers(0, 256)
        path = tmp_path / "mutant"
        path.write_bytes(data)
        probe(path)
        try:
            media = open_source(path)
            if media.video:
                for _ in media.video.frames():
                    pass
            if media.audio:
                mono(path, 22050)
        except StepFailed:
            pass


def test_a_missing_file_and_a_named_protocol_are_bad_media(tmp_path):
    for path in (tmp_path / "none", tmp_path / "concat:a|b"):
        with pytest.raises(StepFailed) as failure:
            open_media(path)
        assert str(tmp_path) not in failure.value.detail


def test_small_pictures_open(tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(png(31, 17))
    facts = probe(path)
    assert (facts.kind, facts.media_type, facts.video.width, facts.video.height) == ("image", "image/png", 30, 16)
    video = open_source(path).video
    assert (video.picture.width, video.picture.height, video.count) == (30, 16, 1)
    assert next(video.frames()).format.name in ("yuv420p", "yuv444p")


def test_rotation_and_pixel_aspect_are_applied(tmp_path, clip):
    import subprocess

    flat, turned, wide = clip("a.mp4", 4, size=(240, 64)), tmp_path / "turned.mp4", tmp_path / "wide.mkv"
    with av.open(str(flat)) as source, av.open(str(turned), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        stream.set_display_rotation(90)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    subprocess.run(["ffmpeg", "-v", "error", "-i", flat, "-vf", "setsar=3/2", "-an", wide], check=True)
    upright = open_source(turned).video
    assert (upright.picture.width, upright.picture.height) == (64, 240)
    assert (probe(turned).video.width, probe(turned).video.height) == (64, 240)
    reference = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", turned, "-pix_fmt", "gray", "-f", "rawvideo", "-"],
        check=True,
        capture_output=True,
    ).stdout
    ours = b"".join(frame.to_ndarray()[:240].tobytes() for frame in upright.frames())
    shape = (4, 240, 64)
    difference = numpy.frombuffer(ours, numpy.uint8).reshape(shape).astype(int) > 125
    assert (difference == (numpy.frombuffer(reference, numpy.uint8).reshape(shape) > 125)).mean() > 0.98
    square = open_source(wide).video
    assert (square.picture.width, square.picture.height) == (360, 64)
    assert next(square.frames()).width == 360


def test_facts_of_a_clip_and_its_sound(clip, tmp_path):
    facts = probe(clip("a.mp4", 60, 30, samples=95_001))
    assert (facts.kind, facts.media_type, facts.duration) == ("video", "video/mp4", 2.0)
    assert (facts.video.width, facts.video.fps, facts.video.duration, facts.video.codec) == (240, (30, 1), 2.0, "h264")
    assert (facts.audio.rate, facts.audio.samples, facts.audio.codec) == (48000, 95_001, "aac")
    assert facts.audio.duration == 95_001 / 48_000


def test_tags_and_cover_art_change_no_sound_digest(clip, tmp_path):
    import subprocess

    plain = clip("a.wav", samples=60_000, audio_codec="pcm_s16le")
    cover = tmp_path / "cover.png"
    cover.write_bytes(png(64, 64))
    one, two, other = tmp_path / "one.mp3", tmp_path / "two.mp3", tmp_path / "other.mp3"
    run = ["ffmpeg", "-v", "error", "-y"]
    subprocess.run([*run, "-i", plain, one], check=True)
    tags = ["-map", "0", "-map", "1", "-metadata", "title=New name", "-disposition:v", "attached_pic"]
    subprocess.run([*run, "-i", one, "-i", cover, "-c", "copy", *tags, two], check=True)
    subprocess.run([*run, "-i", plain, "-af", "volume=0.9", other], check=True)
    facts = [probe(path) for path in (one, two, other)]
    assert [fact.kind for fact in facts] == ["audio"] * 3
    assert facts[0].audio == facts[1].audio
    assert facts[0].audio.digest != facts[2].audio.digest
    assert facts[0].audio.samples == 60_000


@pytest.mark.parametrize("name", ["a.mp3", "a.flac", "a.ogg", "a.opus", "a.m4a", "a.mkv"])
def test_sound_starts_at_its_first_sample(clip, tmp_path, name):
    import subprocess

    plain = clip("click.wav", samples=48_000, audio_codec="pcm_s16le")
    path = tmp_path / name
    subprocess.run(["ffmpeg", "-v", "error", "-i", plain, path], check=True)
    wave = mono(path, 48000)
    assert wave.dtype == numpy.float32
    assert len(wave) == probe(path).audio.samples
    if name in ("a.ogg", "a.mkv"):  # Vorbis: FFmpeg drops the first block and does not trim the last in Matroska
        assert abs(len(wave) - 48_000) < 1024
        return
    assert len(wave) == 48_000
    assert numpy.abs(wave[2000:46000] - mono(plain, 48000)[2000:46000]).max() < 0.05
    assert len(mono(path, 22050)) == 22_050


def ebml(name: bytes, data: bytes) -> bytes:
    return name + struct.pack(">Q", 1 << 56 | len(data)) + data


def matroska(body: bytes) -> bytes:
    head = ebml(b"\x1a\x45\xdf\xa3", ebml(b"\x42\x82", b"matroska"))
    return head + ebml(b"\x18\x53\x80\x67", body)


def entries(count: int, kind: str) -> bytes:
    if kind == "tracks":
        one = [
            ebml(b"\xae", ebml(b"\xd7", bytes([1 + n % 250])) + ebml(b"\x83", b"\x11") + ebml(b"\x86", b"S_TEXT/UTF8"))
            for n in range(count)
        ]
        return ebml(b"\x16\x54\xae\x6b", b"".join(one))
    if kind == "attachments":
        one = [
            ebml(
                b"\x61\xa7",
                ebml(b"\x46\x6e", b"a.ttf")
                + ebml(b"\x46\x60", b"font/ttf")
                + ebml(b"\x46\x5c", b"x" * 9)
                + ebml(b"\x46\xae", n.to_bytes(4, "big")),
            )
            for n in range(1, count)
        ]
        return ebml(b"\x19\x41\xa4\x69", b"".join(one))
    one = [
        ebml(b"\xb6", ebml(b"\x73\xc4", (count - n).to_bytes(4, "big")) + ebml(b"\x91", bytes(4))) for n in range(count)
    ]
    return ebml(b"\x10\x43\xa7\x70", ebml(b"\x45\xb9", b"".join(one)))


@pytest.mark.parametrize(("kind", "count"), [("tracks", 240), ("attachments", 5000), ("chapters", 12_000)])
def test_a_file_of_many_parts_is_refused(clip, tmp_path, kind, count):
    whole = clip("a.mkv", 4).read_bytes()
    cluster = whole.index(b"\x1f\x43\xb6\x75")
    segment = whole.index(b"\x18\x53\x80\x67") + 12
    path = tmp_path / "many"
    path.write_bytes(matroska(whole[segment:cluster] + entries(count, kind) + whole[cluster:]))
    with pytest.raises(StepFailed) as failure:
        open_source(path)
    assert failure.value.code == "bad_media"
    path.write_bytes(matroska(whole[segment:cluster] + entries(3, kind) + whole[cluster:]))
    assert open_source(path).video.count == 4


def test_times_that_lie_ask_for_no_memory(clip, monkeypatch):
    monkeypatch.setattr(opening, "_check", lambda container: None)  # the header tells no length
    hour = Fraction(3600)
    late = clip("late.mkv", 4, 25, times=[Fraction(0), Fraction(1, 25), Fraction(2, 25), 25 * hour])
    with pytest.raises(StepFailed, match="86400 s"):
        open_source(late)
    sparse = clip("sparse.mkv", 4, 25, times=[Fraction(0), Fraction(1, 200), Fraction(2, 200), 23 * hour])
    with pytest.raises(StepFailed, match="frames"):
        open_source(sparse)


def test_sound_that_never_ends_is_cut_short(clip, monkeypatch):
    monkeypatch.setattr(opening, "MAX_SECONDS", 1)
    path = clip("a.wav", samples=60_000, audio_codec="pcm_s16le")
    with pytest.raises(StepFailed, match="longer than 1 s"):
        open_source(path)
    with pytest.raises(StepFailed, match="longer than 1 s"):
        list(decode(path))


def test_a_decoder_that_is_not_listed_is_not_used(tmp_path):
    path = tmp_path / "a.avi"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("asv1", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 32, "yuv420p"
        frame = av.VideoFrame.from_ndarray(numpy.zeros((48, 64), numpy.uint8), format="yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 10)
        file.mux([*stream.encode(frame), *stream.encode(None)])
    with pytest.raises(StepFailed) as failure:
        open_source(path)
    assert failure.value.code == "bad_media"


def test_a_pipe_is_not_waited_for(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(StepFailed, match="no such file"):
        open_media(tmp_path / "pipe")


def alias(name: bytes) -> bytes:
    """A data reference of QuickTime that says that a track lies in the file ``name`` of the same folder."""

    def named(text: bytes, size: int) -> bytes:
        return bytes([len(text)]) + text.ljust(size, b"\0")

    place = b"disk/" + name
    place += bytes(len(place) % 2)
    body = bytes(10) + named(b"disk", 27) + bytes(12) + named(name, 63) + bytes(16) + struct.pack(">hh", 1, 1)
    body += bytes(16) + struct.pack(">HH", 2, len(place)) + place + struct.pack(">hH", -1, 0)
    return struct.pack(">I4sI", len(body) + 12, b"alis", 0) + body


def without_media(movie: bytes, name: bytes) -> bytes:
    """``movie``, whose index comes last, emptied, its track referring to the file ``name``."""
    media = movie.index(b"mdat")
    (size,) = struct.unpack_from(">I", movie, media - 4)
    movie = movie[: media + 4] + bytes(size - 8) + movie[media - 4 + size :]
    here = movie.index(b"url ", movie.index(b"dref")) - 4
    reference = alias(name)
    made = bytearray(movie[:here] + reference + movie[here + 12 :])
    for box in (b"dref", b"dinf", b"minf", b"mdia", b"trak", b"moov"):
        at = movie.rindex(box, 0, here) - 4
        struct.pack_into(">I", made, at, struct.unpack_from(">I", made, at)[0] + len(reference) - 12)
    return bytes(made)


def test_a_movie_does_not_lend_itself_the_tracks_of_its_neighbours(tmp_path, monkeypatch):
    secret = tmp_path / "secret.mov"
    with av.open(str(secret), "w") as file:
        stream = file.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 16, 16, "yuvj420p"
        frame = av.VideoFrame(16, 16, "yuvj420p")
        for part in frame.planes:
            part.update(bytes([77]) * part.buffer_size)
        file.mux([*stream.encode(frame), *stream.encode(None)])
    path = tmp_path / "a.mov"
    path.write_bytes(without_media(secret.read_bytes(), b"secret.mov"))
    with pytest.raises(StepFailed) as failure:
        open_source(path)
    assert failure.value.code == "bad_media"
    assert probe(path).kind == "other"
    monkeypatch.setitem(opening.OPTIONS, "enable_drefs", "1")  # what it would have shown
    assert bytes(next(open_source(path).video.frames()).planes[0])[:2] != b"\0\0"
