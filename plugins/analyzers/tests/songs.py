"""Songs whose beats are known: (samples at 22050 Hz, beats in seconds)."""

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
