"""The four effects of the render benchmark as somebody writes them with MoviePy: ``INPUT OUTPUT DEGREES``."""

from __future__ import annotations

import math
import sys

import numpy
from moviepy import VideoFileClip
from PIL import Image, ImageFilter


def hue_matrix(degrees: float) -> numpy.ndarray:
    """A rotation of the chroma plane, on RGB."""
    angle = math.radians(degrees)
    to_yiq = numpy.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
    turn = numpy.array([[1, 0, 0], [0, math.cos(angle), -math.sin(angle)], [0, math.sin(angle), math.cos(angle)]])
    return (numpy.linalg.inv(to_yiq) @ turn @ to_yiq).T.astype(numpy.float32)


def main(source: str, target: str, degrees: float) -> None:
    clip = VideoFileClip(source)
    matrix = hue_matrix(degrees)
    y, x = numpy.mgrid[-1 : 1 : clip.h * 1j, -1 : 1 : clip.w * 1j].astype(numpy.float32)
    mask = (numpy.cos(numpy.hypot(x, y) * math.pi / 5) ** 4)[:, :, None]

    def hue(frame: numpy.ndarray) -> numpy.ndarray:
        return numpy.clip(frame.astype(numpy.float32) @ matrix, 0, 255).astype(numpy.uint8)

    def blur(frame: numpy.ndarray) -> numpy.ndarray:
        return numpy.asarray(Image.fromarray(frame).filter(ImageFilter.GaussianBlur(2)))

    def vignette(frame: numpy.ndarray) -> numpy.ndarray:
        return (frame * mask).astype(numpy.uint8)

    made = clip.image_transform(hue).image_transform(blur).image_transform(vignette).resized(width=960)
    made.write_videofile(
        target, codec="libx264", preset="veryfast", ffmpeg_params=["-crf", "20"], audio=False, logger=None
    )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
