"""What media will look like before they exist, and what is refused before a worker is asked."""

from __future__ import annotations

import pytest

from artdagd.errors import InvalidRecipe
from artdagd.plans.model import ConcreteStep
from artdagd.plans.ports import check_port, expand_ports
from artdagd.plans.rules import step_shape
from artdagd.plans.shapes import Shape, source_shape
from artdagd.steps.types import Port
from artdagd.work import AudioFacts, MediaFacts, VideoFacts

CLIP = Shape(duration=10.0, fps=(25, 1), width=640, height=360, audio=9.5)
MUTE = Shape(duration=3.003, fps=(30000, 1001), width=320, height=240, audio=None)
SONG = Shape(duration=0.0, fps=(0, 1), width=0, height=0, audio=61.0)


def shape(kind: str, *inputs: Shape, **config: object) -> Shape:
    return step_shape(ConcreteStep("it", "it", kind, config, tuple(f"in{i}" for i in range(len(inputs)))), inputs)


def test_segment_cuts_picture_and_sound() -> None:
    assert shape("SEGMENT", CLIP, start=2.0, end=6.0) == Shape(4.0, (25, 1), 640, 360, 4.0)
    assert shape("SEGMENT", CLIP, start=9.0, duration=1.0).audio == 0.5
    assert shape("SEGMENT", CLIP, start=9.5).audio == 0.48, "the sound ended before: silence"
    assert shape("SEGMENT", CLIP, start=0.0, end=10.04).duration == 10.0, "one frame over is forgiven"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"start": 10.0}, "starts at 10 s, and 'in0' ends at 10 s"),
        ({"start": 0.0, "end": 10.1}, "ends at 10.1 s, and 'in0' at 10 s"),
        ({"start": 8.0, "duration": 4.0}, "ends at 12 s"),
        ({"start": 4.0, "end": 4.0}, "nothing is left"),
    ],
)
def test_segment_beyond_the_end_is_refused(config: dict[str, float], words: str) -> None:
    with pytest.raises(InvalidRecipe, match=words) as caught:
        shape("SEGMENT", CLIP, **config)
    assert caught.value.advice
    assert caught.value.faults[0].loc.startswith("steps.it.config.")


def test_the_other_steps() -> None:
    assert shape("SPEED", CLIP, factor=2.0) == Shape(5.0, (25, 1), 640, 360, 4.75)
    assert shape("RESIZE", CLIP, width=101, height=None).width % 2 == 0
    assert (shape("RESIZE", CLIP, width=320).width, shape("RESIZE", CLIP, width=320).height) == (320, 180)
    assert shape("RESIZE", CLIP, height=720).width == 1280
    assert shape("RESIZE", CLIP, width=100, height=100) == Shape(10.0, (25, 1), 100, 100, 9.5)
    assert shape("EFFECT", MUTE, effect="hue") == MUTE
    retimed = shape("RETIME", CLIP, pieces=[[0.0, 2.0, 0.0, 1.0], [2.0, 3.01, 1.0, 9.0]], fps=[50, 2])
    assert retimed == Shape(3.0, (25, 1), 640, 360, None)


def test_sound_that_starts_before_or_after_the_picture_is_played_with_it_but_muxed_from_its_start() -> None:
    late = Shape(10.0, (25, 1), 640, 360, 9.5, offset=0.4)
    assert shape("SPEED", late, factor=2.0) == Shape(5.0, (25, 1), 640, 360, 4.95)
    assert shape("SEGMENT", late, start=1.0).audio == pytest.approx(8.9)
    assert shape("MUX", MUTE, late, length="audio").audio == 9.5


def test_a_mix_lasts_as_told() -> None:
    def mix(*inputs: Shape, **config: object) -> Shape:
        return shape("AUDIO_MIX", *inputs, **{"gain": 0.0, "pan": 0.0, "delay": 0.0, "duck": None, **config})

    assert mix(CLIP, SONG, length="first") == Shape(10.0, (25, 1), 640, 360, 10.0)
    assert mix(CLIP, SONG, length="longest", delay=[0.0, 0.5]) == Shape(61.52, (25, 1), 640, 360, 61.5)
    assert mix(SONG, CLIP, length="shortest") == Shape(0.0, (0, 1), 0, 0, 9.5)
    assert mix(MUTE, SONG, length="shortest").audio == 3.003
    assert mix(SONG, length="first", delay=1.0).audio == 62.0
    with pytest.raises(InvalidRecipe, match="there is no input 2: its inputs are numbered from 0 to 1"):
        mix(CLIP, SONG, length="first", duck={"by": 2})
    with pytest.raises(InvalidRecipe, match="pan has 3 values, and there are 2 inputs"):
        mix(CLIP, SONG, length="first", pan=[0.0, 0.0, 0.0])
    for kind in ("AUDIO_MIX", "AUDIO_FADE", "LOUDNESS"):
        with pytest.raises(InvalidRecipe, match="it needs sound, and 'in0' has none"):
            mix(MUTE, length="first") if kind == "AUDIO_MIX" else shape(kind, MUTE)


def test_pictures_of_sound_last_as_long_as_it() -> None:
    for kind in ("WAVEFORM", "SPECTRUM"):
        assert shape(kind, SONG, width=101, height=50, fps="30000/1001") == Shape(
            1828 * 1001 / 30000, (30000, 1001), 102, 50, 61.0
        )


def test_sequence_takes_size_and_rate_from_its_first_clip_or_its_config() -> None:
    assert shape("SEQUENCE", CLIP, MUTE) == Shape(13.0, (25, 1), 640, 360, 13.0)
    assert shape("SEQUENCE", MUTE, MUTE, fps="10", width=99).width % 2 == 0
    assert shape("SEQUENCE", MUTE, MUTE, fps=10.0) == Shape(6.0, (10, 1), 320, 240, None)


def test_clips_overlap_during_a_transition() -> None:
    second = {"type": "crossfade", "duration": 1.0}
    assert shape("SEQUENCE", CLIP, MUTE, CLIP, transition=second).duration == 21.0
    assert shape("SEQUENCE", CLIP, MUTE, CLIP, transition=second | {"type": "cut"}).duration == 23.0
    own = [second | {"duration": 0.31}, second | {"type": "cut"}]
    assert shape("SEQUENCE", CLIP, MUTE, CLIP, transition=second, transitions=own).duration == 23.0 - 8 / 25
    assert shape("SEQUENCE", SONG, SONG, transition=second).audio == 121.0
    with pytest.raises(InvalidRecipe, match="'in1' lasts 3 s, and its transitions 4 s"):
        shape("SEQUENCE", CLIP, MUTE, CLIP, transition=second | {"duration": 2.0})
    with pytest.raises(InvalidRecipe, match="'in0' lasts 61 s, and its transitions 62 s"):
        shape("SEQUENCE", SONG, SONG, transition=second | {"duration": 62.0})
    with pytest.raises(InvalidRecipe, match="1 transitions, and its 3 clips meet 2 times"):
        shape("SEQUENCE", CLIP, MUTE, CLIP, transitions=[second])


def test_what_is_laid_over_it_leaves_a_picture_its_shape() -> None:
    for kind, config in (("LAYER", {"start": 1.0}), ("BLEND", {}), ("MASK", {})):
        assert shape(kind, CLIP, MUTE, **config) == CLIP
    assert shape("CHROMA_KEY", MUTE) == MUTE
    with pytest.raises(InvalidRecipe, match="starts at 10 s, and 'in0' ends at 10 s"):
        shape("LAYER", CLIP, MUTE, start=10.0)


def test_sound_alone_can_be_cut_sped_up_and_joined_but_not_painted() -> None:
    assert shape("SEGMENT", SONG, start=1.0, end=31.0).audio == 30.0
    assert shape("SPEED", SONG, factor=2.0).audio == 30.5
    assert shape("SEQUENCE", SONG, SONG).audio == 122.0
    for kind in ("EFFECT", "RESIZE"):
        with pytest.raises(InvalidRecipe, match="'it': it needs a picture, and 'in0' has none"):
            shape(kind, SONG)
    for clips, bad in (((CLIP, SONG), "in1"), ((SONG, CLIP), "in0")):
        with pytest.raises(InvalidRecipe, match=f"it needs a picture, and '{bad}' has none"):
            shape("SEQUENCE", *clips)
    with pytest.raises(InvalidRecipe, match="'in0' ends at 61 s"):
        shape("SEGMENT", SONG, start=61.0)


def test_results_last_whole_frames() -> None:
    assert shape("SEGMENT", CLIP, start=1.01, end=2.03).duration == 26 / 25
    assert shape("SPEED", MUTE, factor=0.7).duration == 129 * 1001 / 30000
    assert shape("SEGMENT", CLIP, start=1.0, duration=0.001).duration == 0.04
    with pytest.raises(InvalidRecipe, match="Step 'it'"):
        shape("SEGMENT", CLIP, start=9.99)


@pytest.mark.parametrize(("length", "seconds"), [("shortest", 10.0), ("audio", 61.0), ("video", 10.0)])
def test_mux_lasts_as_told(length: str, seconds: float) -> None:
    assert shape("MUX", CLIP, SONG, length=length) == Shape(seconds, (25, 1), 640, 360, seconds)


@pytest.mark.parametrize(
    "pieces",
    [
        [[0.5, 1.0, 0.0, 1.0]],
        [[0.0, 1.0, 0.0, 1.0], [1.1, 2.0, 0.0, 1.0]],
        [[0.0, 0.0, 0.0, 1.0]],
        [[0.0, 1.0, -1.0, 1.0]],
    ],
)
def test_a_time_map_has_no_gaps(pieces: list[list[float]]) -> None:
    with pytest.raises(InvalidRecipe, match="piece"):
        shape("RETIME", CLIP, pieces=pieces, fps=[25, 1])


def test_results_are_bounded() -> None:
    with pytest.raises(InvalidRecipe, match="would last 1e"):
        shape("RETIME", CLIP, pieces=[[0.0, 1e9, 0.0, 1.0]], fps=[25, 1])
    with pytest.raises(InvalidRecipe, match="its picture would be"):
        shape("RESIZE", Shape(1.0, (25, 1), 16, 1600, None), width=8192)
    with pytest.raises(InvalidRecipe, match="no frame rate"):
        shape("RETIME", CLIP, pieces=[[0.0, 1.0, 0.0, 1.0]], fps=[25, 0])


def test_ports() -> None:
    video, clips = Port("video", "video"), Port("clips", "media", many=True)
    assert expand_ports("it", (video, clips), 4) == (video, clips, clips, clips)
    for ports, count in [((video,), 0), ((video,), 2), ((video, clips), 1)]:
        with pytest.raises(InvalidRecipe, match="'it': it has"):
            expand_ports("it", ports, count)
    with pytest.raises(InvalidRecipe, match="'it': it needs sound, and 'clip' has none"):
        check_port("it", "clip", MUTE, "audio")
    with pytest.raises(InvalidRecipe, match="'it': it needs a picture, and 'song' has none"):
        check_port("it", "song", SONG, "video")
    check_port("it", "clip", CLIP, "audio")


def test_a_port_may_do_without() -> None:
    one, more = Port("first", "media"), Port("sounds", "audio", many=True, least=0)
    assert [expand_ports("it", (one, more), count) for count in (1, 3)] == [(one,), (one, more, more)]
    with pytest.raises(InvalidRecipe, match="it has 0 inputs and takes 1 or more"):
        expand_ports("it", (one, more), 0)


def test_text_goes_where_data_is_asked_for_and_nowhere_else() -> None:
    text = source_shape("look", MediaFacts("data", "text/plain"))
    check_port("it", "look", text, "data")
    for carries in ("media", "any", "video", "audio", "image"):
        with pytest.raises(InvalidRecipe, match="'it': it needs media, and 'look' is data"):
            check_port("it", "look", text, carries)
    with pytest.raises(InvalidRecipe, match="'it': it needs data, and 'clip' is media"):
        check_port("it", "clip", MUTE, "data")
    check_port("it", "clip", MUTE, "image")
    with pytest.raises(InvalidRecipe, match="it needs a picture"):
        check_port("it", "song", SONG, "image")


def test_what_is_no_media_is_refused_by_name() -> None:
    with pytest.raises(InvalidRecipe, match=r"'song': the content is of kind 'other' \(text/plain\)"):
        source_shape("song", MediaFacts("other", "text/plain"))
    nothing = MediaFacts(
        "video", "video/mp4", "mp4", 0.0,
        VideoFacts(640, 360, (25, 1), 0.0, "h264", "yuv420p"), AudioFacts(48000, 2, 0, 0.0, "aac", ""),
    )  # fmt: skip
    with pytest.raises(InvalidRecipe, match="neither picture nor sound"):
        source_shape("video", nothing)


def test_steps_that_move_pixels_tell_their_size_and_stay_within_the_picture() -> None:
    turn = {"rotate": 0.0, "scale": 1.0, "expand": False}
    assert shape("CROP", CLIP, w=101, h=50) == Shape(10.0, (25, 1), 102, 50, 9.5)
    assert shape("TRANSFORM", CLIP, **{**turn, "rotate": 45.0}) == CLIP
    assert shape("TRANSFORM", CLIP, **{**turn, "rotate": 90.0, "expand": True}) == Shape(10.0, (25, 1), 360, 640, 9.5)
    assert shape("TRANSFORM", CLIP, **{**turn, "scale": 0.5, "expand": True}).width == 320
    with pytest.raises(InvalidRecipe, match="asks for 600 pixels from x = 50 on, and the width of 'in0' is 640"):
        shape("CROP", CLIP, w=600, h=50, x=50.0)
    moving = {"keyframes": [[0.0, 0.0, "linear"]]}
    with pytest.raises(InvalidRecipe, match="with expand, rotate can't move"):
        shape("TRANSFORM", CLIP, **{**turn, "rotate": moving, "expand": True})


def test_what_is_made_lasts_whole_frames_and_a_still_gets_a_size_that_films_have() -> None:
    made = {"width": 321, "height": 180, "fps": "30000/1001", "duration": 1.0}
    assert shape("GENERATE", **made, sound="tone") == Shape(1.001, (30000, 1001), 322, 180, 1.001)
    assert shape("GENERATE", **made, sound="none").audio is None
    photo = Shape(0.04, (25, 1), 6000, 4000, None)
    assert shape("IMAGE", photo, duration=2.0, fps=25.0) == Shape(2.0, (25, 1), 1620, 1080, None)
    upright = shape("IMAGE", Shape(0.04, (25, 1), 4000, 6000, None), duration=2.0, fps=25.0)
    assert (upright.width, upright.height) == (1080, 1620)
    assert shape("IMAGE", MUTE, duration=2.0, fps=25.0).width == 320
    assert shape("IMAGE", photo, duration=2.0, fps=25.0, width=640).height == 426


def test_text_has_one_thing_to_write() -> None:
    subtitles = source_shape("words", MediaFacts("data", "text/plain"))
    nothing = {"text": "", "captions": []}
    assert shape("TEXT", CLIP, **{**nothing, "text": "a"}) == shape("TEXT", CLIP, subtitles, **nothing) == CLIP
    with pytest.raises(InvalidRecipe, match="nothing to write"):
        shape("TEXT", CLIP, **nothing)
    with pytest.raises(InvalidRecipe, match="more than one thing to write"):
        shape("TEXT", CLIP, subtitles, **{**nothing, "text": "a"})
