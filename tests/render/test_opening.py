"""Hostile and broken files: each is refused with a reason, none reads its neighbours."""

from __future__ import annotations

import struct
import zlib

import av
import numpy
import pytest

from artdagd.errors import StepFailed
from artdagd.render.audio import mono
from artdagd.render.opening import open_media
from artdagd.render.probe import probe
from artdagd.render.source import open_source


def png(width: int, height: int) -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    rows = zlib.compress(b"\0" * ((width + 1) * height if width * height < 10**6 else 1000))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


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
