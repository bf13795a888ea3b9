"""What a pass promises: the same bytes always, one pass equal to many, errors that name the step."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from threading import Event

import av
import msgspec
import pytest

from artdagd.errors import StepFailed
from artdagd.hooks.types import Effect, Filter
from artdagd.render.engine import Cancelled, render_pass
from artdagd.render.reading.readings import Readings
from artdagd.work import RenderPass, RenderStep


class Plain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    strength: float = 1.0


def effect(name, *filters):
    return Effect(name=name, version="1", description=name, config=Plain, build=lambda config, video: filters)


EFFECTS = {
    made.name: made
    for made in [
        effect("hue", Filter("hue", {"h": 90})),
        effect("blur", Filter("gblur", {"sigma": 1.5})),
        effect("vignette", Filter("vignette", {})),  # dithers: it remembers earlier frames
        effect("rgb", Filter("colorchannelmixer", {"rr": 0.5, "rg": 0.5})),  # works in RGB only
        effect("trail", Filter("lagfun", {"decay": 0.9})),  # remembers earlier frames
        effect("half", Filter("scale", {"w": "iw/2", "h": "ih/2"})),
        effect("drop", Filter("select", {"expr": "mod(n,2)"})),
        effect("wrong", Filter("gblur", {"sigma": "loud"})),
        effect("unheard", Filter("nosuchfilter", {})),
    ]
}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def pixels(path: Path) -> list[str]:
    with av.open(str(path)) as file:
        return [hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest() for frame in file.decode(video=0)]


def chain(*names, source="a"):
    return [("EFFECT", {"effect": name}, [source if i == 0 else f"s{i - 1}"]) for i, name in enumerate(names)]


def test_two_renders_are_byte_identical(clip, render):
    sources = {"a": clip("a.mp4", 40, samples=64_000)}
    steps = chain("hue", "blur", "rgb", "vignette")
    assert len({digest(render(steps, sources, effects=EFFECTS)) for _ in range(3)}) == 1
    assert len({digest(render(steps, sources, effects=EFFECTS, lossless=True)) for _ in range(2)}) == 1


SCRIPT = """
import os, sys
from pathlib import Path
os.cpu_count = lambda: int(sys.argv[3])
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))} if sys.argv[3] == "1" else os.sched_getaffinity(0))
from artdagd.hooks.types import Effect, Filter
from artdagd.render.engine import render_pass
from artdagd.work import Delivery, RenderPass, RenderStep
import msgspec
class C(msgspec.Struct, frozen=True): pass
blur = Effect(name="blur", version="1", description="", config=C, build=lambda c, v: [Filter("gblur", {"sigma": 1.5})])
work = RenderPass((RenderStep("s0", "EFFECT", {"effect": "blur"}, ("a",)),), {"a": sys.argv[1]}, Delivery())
render_pass(work, Path(sys.argv[2]), {"blur": blur}, lambda f: None, lambda: False)
"""


def test_bytes_do_not_depend_on_processors_or_process(clip, tmp_path):
    source = clip("a.mp4", 40, samples=64_000)
    digests = set()
    for cpus in ("1", "2", "64"):
        out = tmp_path / f"{cpus}.mp4"
        environment = {**os.environ, "OMP_NUM_THREADS": cpus, "TZ": "UTC+" + cpus[:1]}
        subprocess.run([sys.executable, "-c", SCRIPT, str(source), str(out), cpus], check=True, env=environment)
        digests.add(digest(out))
    assert len(digests) == 1


def test_one_pass_equals_step_by_step(clip, render):
    source = clip("a.mp4", 30, samples=48_000)
    retime = ("RETIME", {"pieces": [[0, 0.5, 0.8, 0.3], [0.5, 1.0, 0.0, 1.0]], "fps": (30, 1)})
    kinds = [*(("EFFECT", {"effect": name}) for name in ("hue", "rgb", "trail", "vignette")), retime]
    kinds += [("RESIZE", {"width": 100, "height": 90}), ("SPEED", {"factor": 1.25})]
    steps = [(kind, config, ["a" if i == 0 else f"s{i - 1}"]) for i, (kind, config) in enumerate(kinds)]
    whole = render(steps, {"a": source}, effects=EFFECTS, lossless=True)
    part = source
    for kind, config in kinds:
        part = render([(kind, config, ["a"])], {"a": part}, effects=EFFECTS, lossless=True)
    assert pixels(whole) == pixels(part)
    assert digest(whole) == digest(part)


def test_an_effect_with_a_memory_is_the_same_wherever_reading_starts(clip, render):
    source = {"a": clip("a.mp4", 60)}
    whole = pixels(render(chain("trail"), source, effects=EFFECTS, lossless=True))
    cut = [*chain("trail"), ("SEGMENT", {"start": 1.5}, ["s0"])]
    assert pixels(render(cut, source, effects=EFFECTS, lossless=True)) == whole[45:]


def test_an_effect_may_change_the_size(clip, render):
    out = render(chain("half", "blur"), {"a": clip("a.mp4", 5, size=(240, 66))}, effects=EFFECTS)
    with av.open(str(out)) as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (120, 32)


@pytest.mark.parametrize(
    ("steps", "code", "words"),
    [
        (chain("wrong"), "effect_error", r"'s0'.*'wrong'.*gblur.*sigma=loud"),
        (chain("unheard"), "effect_error", r"'s0'.*nosuchfilter"),
        (chain("drop"), "effect_error", r"'s0'.*number"),
        (chain("absent"), "refused", r"'s0'.*'absent'"),
        ([("EFFECT", {"effect": "hue", "strenght": 1}, ["a"])], "refused", r"'s0'.*strenght"),
        ([("MUX", {}, ["a", "a"])], "refused", r"'s0'.*no sound"),
        ([("DANCE", {}, ["a"])], "refused", r"'s0'.*'DANCE'"),
        ([("SEGMENT", {}, ["b"])], "refused", r"'s0'.*'b'"),
    ],
)
def test_errors_name_the_step_and_the_reason(clip, render, tmp_path, steps, code, words):
    with pytest.raises(StepFailed, match=words) as failure:
        render(steps, {"a": clip("a.mp4", 5)}, effects=EFFECTS)
    assert failure.value.code == code
    assert str(tmp_path) not in failure.value.detail
    assert not list(tmp_path.glob("out*"))


def test_progress_rises_to_one_and_cancel_leaves_nothing(clip, render, tmp_path):
    source = {"a": clip("a.mp4", 30, samples=60_000)}  # two encoders, which take turns
    seen: list[float] = []
    render([("SEGMENT", {}, ["a"])], source, progress=seen.append)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > 20
    calls = iter([False] * 10 + [True] * 10**6)
    with pytest.raises(Cancelled):
        render([("SEGMENT", {}, ["a"])], source, cancelled=lambda: next(calls))
    assert not (tmp_path / "out2.mp4").exists()


def test_cancel_does_not_wait_for_what_comes_before_the_first_picture(clip, render, monkeypatch):
    """The last picture of an effect with a memory: all before it is read first, and no progress is made meanwhile."""
    read: list[int] = []
    asked = Event()
    decode = Readings.frames

    def counted(self, start):
        for item in decode(self, start):
            read.append(item[0])
            if len(read) == 10:
                asked.wait(5)
            yield item

    def cancelled():
        if len(read) >= 10:
            asked.set()
        return asked.is_set()

    monkeypatch.setattr(Readings, "frames", counted)
    steps = [*chain("trail"), ("SEGMENT", {"start": 199 / 30}, ["s0"])]
    with pytest.raises(Cancelled):
        render(steps, {"a": clip("a.mp4", 200)}, effects=EFFECTS, cancelled=cancelled)
    assert len(read) < 30


def test_a_full_disk_is_named(clip, tmp_path):
    from artdagd.render.engine import render_pass
    from artdagd.work import Delivery, RenderPass, RenderStep

    full = tmp_path / "full.mkv"
    full.symlink_to("/dev/full")
    work = RenderPass((RenderStep("s0", "SEGMENT", {}, ("a",)),), {"a": str(clip("a.mp4", 90))}, None)
    with pytest.raises(StepFailed) as failure:
        render_pass(work, full, {}, lambda f: None, lambda: False)
    assert failure.value.code == "disk_full"
    assert Delivery().crf == 20


def test_delivery_is_playable_everywhere(clip, render):
    out = render([("SEGMENT", {}, ["a"])], {"a": clip("a.mp4", 90, samples=143_999)})
    data = out.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    fields = "codec_name,pix_fmt,start_pts,duration"
    facts = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", f"stream={fields}", "-of", "csv=p=0", out],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert facts[0] == "h264,yuv420p,0,3.000000"
    assert facts[1].startswith("aac,0,2.99997")
    with av.open(str(out)) as file:
        stream = file.streams.video[0]
        assert stream.average_rate == Fraction(30)
        keys = [packet.pts * stream.time_base for packet in file.demux(stream) if packet.size and packet.is_keyframe]
        assert 0 in keys
        assert 2 in keys


def test_a_frame_that_is_repeated_may_be_encoded_while_a_filter_takes_it(tmp_path: Path) -> None:
    """A still gives one frame again and again: alone to the encoder's thread, then to the graph of a transition."""
    still = {"pattern": "gradient", "duration": 0.8, "fps": 25, "width": 160, "height": 90, "colors": [], "angle": 0.0}
    clips = tuple(
        RenderStep(name, "GENERATE", {**still, "shape": "linear", "sound": "none", "size": 8, "seed": 0}, ())
        for name in "abcd"
    )
    joined = RenderStep("out", "SEQUENCE", {"transition": {"type": "crossfade", "duration": 0.2}}, tuple("abcd"))
    for _ in range(3):
        render_pass(RenderPass((*clips, joined), {}), tmp_path / "out", {}, lambda fraction: None, lambda: False)
        with av.open(str(tmp_path / "out")) as file:
            assert sum(1 for _ in file.decode(video=0)) == 4 * 20 - 3 * 5
