"""scenes, motion, colour and brightness: what the pictures of a video do, in one reading.

A cut is where the picture changes much more than around it (as the adaptive detector of PySceneDetect has it) and does
not come back at once: a flash is none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from artdagd.hooks import AnalysisRequest, Analyzer, Frames

if TYPE_CHECKING:
    import numpy

WIDTH = 64
"""Pixels across of what is looked at."""

LUMA = (0.2126, 0.7152, 0.0722)
"""How bright red, green and blue are (ITU-R BT.709)."""

COARSE = 4
"""Pixels a side that are one where pictures are compared for a cut: what moves a little is no change."""

AHEAD = 4
"""Pictures within which that before a flash is back."""

LEAST = 0.05
"""Share of full range by which a cut changes the picture on the mean."""

AROUND = 5
"""Pictures before and after a cut that are compared with it."""

RATIO = 3.0
"""How many times more a cut changes the picture than those around do."""

LIVELY = 0.01
"""Share of full range of which motion is a share at least: that of a still picture is no motion."""

MOST = 25_000
"""Values of a curve: 16 minutes at 25 pictures a second. Longer videos have them further apart."""

DECIMALS = 3
TIME_DECIMALS = 4


def analyze(request: AnalysisRequest) -> dict[str, Any]:
    """``scenes``: seconds; ``motion`` and ``brightness``: curves in 0..1; ``colour``: a curve of [r, g, b] in 0..1.

    A curve is {"hop": seconds, "values": [...]}; value ``i`` stands for the pictures around ``i * hop``.
    """
    import numpy as np

    frames = request.frames(WIDTH)
    colours, moved, changed = look(frames, request.progress)
    cuts = cuts_of(changed)
    size = step(len(colours))
    hop = float(size / frames.fps)
    luma = colours @ np.array(LUMA)
    result = {
        "scenes": [round(float(cut / frames.fps), TIME_DECIMALS) for cut in cuts],
        "motion": {"hop": hop, "values": _curve(motion(moved, cuts), size)},
        "colour": {"hop": hop, "values": _curve(colours, size)},
        "brightness": {"hop": hop, "values": _curve(luma, size)},
    }
    request.progress(1.0)
    return {name: result[name] for name in request.features}


def look(
    frames: Frames, progress: Callable[[float], None] = lambda share: None
) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Of ``count`` pictures the mean colour (count, 3); the mean change of luma from the one before (count,); and that
    of the coarse picture from one to the next, to the second next … (AHEAD, count), at the number of the next. All are
    float64 shares of full range; the first picture has not changed."""
    import numpy as np

    count = len(frames)
    colours, moved, changed = np.zeros((count, 3)), np.zeros(count), np.zeros((AHEAD, count))
    before = None
    recent: deque[numpy.ndarray] = deque(maxlen=AHEAD)
    number = -1
    for number, (_, picture) in enumerate(frames):
        colours[number] = picture.mean(axis=(0, 1)) / 255
        luma = picture @ (np.array(LUMA, np.float32) / np.float32(255))
        coarse = _coarse(picture)
        if before is not None:
            moved[number] = np.abs(luma - before).mean(dtype=np.float64)
        for back, other in enumerate(reversed(recent)):
            changed[back, number - back] = np.abs(coarse - other).mean(dtype=np.float64) / 255
        before = luma
        recent.append(coarse)
        progress(number / count)
    return colours[: number + 1], moved[: number + 1], changed[:, : number + 1]


def _coarse(picture: numpy.ndarray) -> numpy.ndarray:
    """Means of squares of COARSE pixels a side, float32; what is left at the right and at the bottom is cut off."""
    import numpy as np

    height, width = (max(1, side // COARSE) for side in picture.shape[:2])
    rows, columns = picture.shape[0] // height, picture.shape[1] // width
    part = picture[: height * rows, : width * columns].reshape(height, rows, width, columns, 3)
    return np.asarray(part.mean(axis=(1, 3), dtype=np.float32))


def cuts_of(changed: numpy.ndarray) -> list[int]:
    """The numbers of the pictures with which something new begins, from ``changed`` as :func:`look` gives it."""
    import numpy as np

    change = changed[0]
    count = len(change)
    found = []
    for number in np.flatnonzero(change >= LEAST).tolist():
        around = np.concatenate([change[max(1, number - AROUND) : number], change[number + 1 : number + 1 + AROUND]])
        if change[number] < RATIO * around.mean() if len(around) else False:
            continue
        # None of the pictures that follow is like the last before, and none before like the first that follows.
        later = [changed[ahead, number] for ahead in range(min(AHEAD, count - number))]
        earlier = [changed[back, number - back] for back in range(min(AHEAD, number))]
        if min(*later, *earlier) >= max(LEAST, change[number] / 2):
            found.append(number)
    return found


def motion(moved: numpy.ndarray, cuts: list[int]) -> numpy.ndarray:
    """Change as a share of the liveliest moment, the median of three pictures: one that is shown twice is no rest.

    A cut is no motion: it moves as the picture after it does.
    """
    import numpy as np

    moved = moved.copy()
    for number in [*reversed(cuts), 0]:
        moved[number] = moved[number + 1] if number + 1 < len(moved) else 0.0
    padded = np.pad(moved, 1, mode="edge")
    moved = np.median([padded[:-2], moved, padded[2:]], axis=0)
    return np.asarray(moved / max(LIVELY, float(moved.max(initial=0.0))))


def step(count: int) -> int:
    """How many pictures one value stands for: an odd number, so that they lie around its time."""
    return 1 if count <= MOST else -(-(-(-count // MOST) - 1) // 2) * 2 + 1


def _curve(values: numpy.ndarray, size: int) -> list[Any]:
    """Means over ``size`` pictures around each ``size``-th one."""
    import numpy as np

    if size > 1:
        places = np.maximum(np.arange(0, len(values), size) - size // 2, 0)
        counts = np.diff(np.append(places, len(values)))
        values = np.add.reduceat(values, places, axis=0) / counts.reshape(-1, *[1] * (values.ndim - 1))
    rounded: list[Any] = np.round(values, DECIMALS).tolist()
    return rounded


ANALYZER = Analyzer(
    name="picture",
    version="1",
    description="Cuts, motion, colour and brightness of the pictures",
    features={
        "scenes": (
            "times of the cuts in seconds, increasing, to 4 decimals: when the first picture of each new scene stands; "
            "dissolves and flashes are none"
        ),
        "motion": (
            '{"hop": seconds from value to value, "values": [0..1, ...]}: how much the picture changes around i * hop, '
            "as a share of the liveliest moment, to 3 decimals; cuts are left out"
        ),
        "colour": (
            '{"hop": seconds from value to value, "values": [[r, g, b], ...]}: mean colour around i * hop, each '
            "0..1 to 3 decimals"
        ),
        "brightness": (
            '{"hop": seconds from value to value, "values": [0..1, ...]}: mean luma around i * hop, 0 black and '
            "1 white, to 3 decimals"
        ),
    },
    analyze=analyze,
    needs="video",
    libraries=("numpy",),
)
