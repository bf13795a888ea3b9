"""The timeline of the benchmark as somebody writes it with MoviePy: ``CLIP0 … CLIP5 INSET MUSIC OUTPUT``."""

from __future__ import annotations

import sys

import numpy
from moviepy import AudioFileClip, CompositeVideoClip, VideoFileClip
from moviepy.video.fx import CrossFadeIn, Loop

from benchmarks.parts.moviepy_chain import hue_matrix
from benchmarks.timeline import CROSSFADES, FADE, INSET


def main(*paths: str) -> None:
    *clips, inset, music, target = paths
    matrix = hue_matrix(40)

    def hue(frame: numpy.ndarray) -> numpy.ndarray:
        return numpy.clip(frame.astype(numpy.float32) @ matrix, 0, 255).astype(numpy.uint8)

    placed, end = [], 0.0
    for number, path in enumerate(clips):
        clip = VideoFileClip(path, audio=False).image_transform(hue)
        if number - 1 in CROSSFADES:
            end -= FADE
            clip = clip.with_effects([CrossFadeIn(FADE)])
        placed.append(clip.with_start(end))
        end += clip.duration
    small = VideoFileClip(inset, audio=False).resized(width=INSET).with_effects([Loop(duration=end)])
    made = CompositeVideoClip([*placed, small.with_opacity(0.8).with_position((20, 20))]).with_duration(end)
    made.with_audio(AudioFileClip(music).subclipped(0, end)).write_videofile(
        target,
        fps=25,
        codec="libx264",
        preset="veryfast",
        ffmpeg_params=["-crf", "20"],
        audio_codec="aac",
        temp_audiofile=f"{target}.m4a",
        logger=None,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
