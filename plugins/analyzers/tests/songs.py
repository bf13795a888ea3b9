"""Songs whose beats, notes or keys are known, at 22050 Hz."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

RATE = 22_050

Samples = np.ndarray
Song = tuple[Samples, Samples]


def kick() -> Samples:
    time = np.arange(RATE // 4) / RATE
    return 0.9 * np.sin(2 * np.pi * (50 * time + 1.8 * (1 - np.exp(-time / 0.03)))) * np.exp(-time / 0.08)


def snare(noise: np.random.Generator) -> Samples:
    time = np.arange(RATE // 6) / RATE
    return 0.3 * noise.standard_normal(len(time)) * np.exp(-time / 0.04) + 0.24 * np.sin(1194 * time) * np.exp(
        -time / 0.05
    )


def hat(noise: np.random.Generator, level: float) -> Samples:
    count = RATE // 16
    return level * np.diff(noise.standard_normal(count + 1)) * np.exp(-np.arange(count) / (0.012 * RATE))


def click() -> Samples:
    time = np.arange(RATE // 50) / RATE
    return np.sin(6283 * time) * np.exp(-time / 0.005)


def clicks(bpm: float, seconds: float, start: float = 0.3) -> Song:
    return _song(lambda share: bpm, seconds, start, lambda put, beat, step: put(beat, click()))


def rock(bpm: Callable[[float], float], seed: int, noise: float = 0.0, swing: float = 0.5) -> Song:
    """Bass drum on 1 and 3, snare on 2 and 4, hi-hat on and between them."""
    random = np.random.default_rng(seed)

    def bar(put: Callable[..., None], beat: float, step: float, number: int = 0) -> None:
        put(beat, kick() if number % 2 == 0 else snare(random))
        put(beat, hat(random, 0.25))
        put(beat + swing * step, hat(random, 0.25))

    return _song(bpm, 30, 0.41, bar, random, noise)


def techno(bpm: float, seed: int, hats: float = 0.3, noise: float = 0.0) -> Song:
    """Bass drum on every beat, hi-hat between them."""
    random = np.random.default_rng(seed)

    def bar(put: Callable[..., None], beat: float, step: float) -> None:
        put(beat, kick())
        put(beat + step / 2, hat(random, hats))

    return _song(lambda share: bpm, 30, 0.123, bar, random, noise)


def syncopated(bpm: float, seed: int) -> Song:
    """As rock, but the bass drum of 3 comes half a beat early."""
    random = np.random.default_rng(seed)

    def bar(put: Callable[..., None], beat: float, step: float, number: int = 0) -> None:
        if number % 4 == 0:
            put(beat, kick())
        if number % 4 == 2:
            put(beat - step / 2, kick())
        if number % 2:
            put(beat, snare(random))
        for quarter in range(4):
            put(beat + quarter * step / 4, hat(random, 0.25 if quarter == 2 else 0.15))

    return _song(lambda share: bpm, 30, 0.9, bar, random)


CHORDS = {"M": (0, 4, 7), "m": (0, 3, 7), "7": (0, 4, 7, 10)}
MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 11)
MAJOR_CADENCE = ((0, "M"), (5, "M"), (7, "7"), (0, "M"), (9, "m"), (2, "m"), (7, "7"), (0, "M"))
MINOR_CADENCE = ((0, "m"), (5, "m"), (7, "7"), (0, "m"), (8, "M"), (5, "m"), (7, "7"), (0, "m"))


def note(pitch: float, seconds: float, attack: float = 0.005) -> Samples:
    """A decaying tone of five partials; ``pitch`` is a MIDI number."""
    time = np.arange(int(seconds * RATE)) / RATE
    frequency = 440 * 2 ** ((pitch - 69) / 12)
    partials = sum(np.sin(2 * np.pi * frequency * k * time) / k for k in range(1, 6))
    ends = np.minimum(1, time / attack) * np.minimum(1, (seconds - time) / 0.02)
    return np.asarray(0.2 * partials * ends * np.exp(-time / 0.4))


def scale(tonic: float, mode: str) -> Samples:
    """Up and down, and the triad; ``tonic`` is a MIDI number."""
    up = [*(tonic + step for step in (MAJOR if mode == "major" else MINOR)), tonic + 12]
    triad = [tonic + step for step in CHORDS["M" if mode == "major" else "m"]]
    return np.concatenate([note(pitch, 0.3) for pitch in [*up, *up[::-1], *triad, tonic]])


def cadence(tonic: float, mode: str) -> Samples:
    """Eight chords with their bass."""
    chords = MAJOR_CADENCE if mode == "major" else MINOR_CADENCE
    return np.concatenate(
        [
            sum(note(tonic + root + step, 0.7) for step in (*CHORDS[kind], -12)) / 4  # type: ignore[misc]
            for root, kind in chords
        ]
    )


def melody(seed: int, noise: float = 0.0, attack: float = 0.005) -> Song:
    """Notes of random pitch, length and loudness, one after the other; the times are those of the notes."""
    random = np.random.default_rng(seed)
    samples = np.zeros(12 * RATE)
    onsets, now = [], 0.3
    while now < 11:
        seconds = random.choice([0.15, 0.2, 0.3, 0.5])
        sound = note(random.integers(48, 80), seconds, attack) * random.uniform(0.3, 1)
        samples[round(now * RATE) :][: len(sound)] += sound
        onsets.append(now)
        now += seconds
    samples /= 1.1 * np.abs(samples).max()
    return (samples + noise * random.standard_normal(len(samples))).astype(np.float32), np.array(onsets)


def band(
    bpm: float,
    seed: int,
    metre: int = 4,
    start: float = 0.5,
    kicks: tuple[int, ...] = (0, 2),
    pad: float = 0.15,
    short: int | None = None,
) -> tuple[Samples, Samples, Samples]:
    """Samples, beats and downbeats of 16 bars: a chord a bar as loud as ``pad``, bass drum on the beats ``kicks`` and
    snare on the others, hi-hat on and between them. Bar ``short`` lacks its last beat."""
    random = np.random.default_rng(seed)
    step = 60 / bpm
    samples = np.zeros(int((16 * metre * step + start + 1) * RATE))
    beats, downbeats, now = [], [], start

    def put(time: float, sound: Samples) -> None:
        room = samples[round(time * RATE) :][: len(sound)]
        room += sound[: len(room)]

    for number in range(16):
        count = metre - (number == short)
        time = np.arange(int(step * count * RATE)) / RATE
        ends = pad * np.minimum(1, time / 0.02) * np.minimum(1, (step * count - time) / 0.03)
        root, kind = MAJOR_CADENCE[(0, 4, 1, 2)[number % 4]]
        for interval in CHORDS[kind][:3]:
            frequency = 440 * 2 ** ((48 + root + interval - 69) / 12)
            put(now, ends * sum(np.sin(2 * np.pi * frequency * k * time) / k for k in (1, 2, 3)))
        downbeats.append(now)
        for beat in range(count):
            put(now, kick() if beat in kicks else snare(random))
            put(now, hat(random, 0.25))
            put(now + step / 2, hat(random, 0.25))
            beats.append(now)
            now += step
    return (samples / (1.1 * np.abs(samples).max())).astype(np.float32), np.array(beats), np.array(downbeats)


def _song(
    bpm: Callable[[float], float],
    seconds: float,
    start: float,
    bar: Callable[..., None],
    random: np.random.Generator | None = None,
    noise: float = 0.0,
) -> Song:
    """``bpm(share of the song)``; ``bar(put, beat, step[, number])`` plays one beat."""
    samples = np.zeros(int(seconds * RATE))

    def put(time: float, sound: Samples) -> None:
        first = round(time * RATE)
        room = samples[first : first + len(sound)]
        room += sound[: len(room)]

    beats, now = [], start
    counted = bar.__code__.co_argcount == 4
    while now < seconds - 0.3:
        step = 60 / bpm(now / seconds)
        bar(put, now, step, len(beats)) if counted else bar(put, now, step)
        beats.append(now)
        now += step
    if random is not None:
        samples += noise * random.standard_normal(len(samples))
    return (samples / (1.1 * np.abs(samples).max())).astype(np.float32), np.array(beats)
