"""The output of a plan as the file to be wants it: size, rate, pixel format, opaque or not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from artdagd.delivery import STILLS, Delivery
from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render.compositing.conform import OVERLAYS, WITH_ALPHA
from artdagd.render.compositing.fitting import sized
from artdagd.render.compositing.timing import at_rate
from artdagd.render.graphs import scale
from artdagd.render.networks import Node
from artdagd.render.streams import AudioStream, Colour, Media, VideoStream, composed
from artdagd.render.writing.codecs import ALPHA, SOUND, picture_coding
from artdagd.steps.numbers import nearest


def delivered(media: Media, delivery: Delivery) -> Media:
    """Picture and sound as the delivery's encoders take them; what its format does not hold is left out.

    Raises StepFailed (``refused``) if nothing is left.
    """
    audio = media.synced()
    if delivery.audio_codec is None:
        audio = None
    elif audio is not None:
        audio = _resampled(audio, SOUND[delivery.audio_codec].rate(audio.rate))
    if delivery.video_codec is None or media.video is None:
        video = None
    else:
        video = _picture(media.moved(lambda stream: _fitted(stream, delivery)), delivery)
    if video is None and audio is None:
        part = "sound" if delivery.video_codec is None else "picture"
        raise StepFailed(f"{delivery.format} holds {part}, and the result has none", code="refused")
    return Media(video, audio)


def _resampled(audio: AudioStream, rate: int) -> AudioStream:
    """At another rate, and to the sample as long as before: the resampler may give one more or less."""
    if rate == audio.rate:
        return audio
    return audio.conformed(rate, audio.layout).lasting(nearest(Fraction(audio.samples * rate, audio.rate)))


def _fitted(video: VideoStream, delivery: Delivery) -> VideoStream:
    if delivery.fps is not None:
        video = at_rate(video, Fraction(*delivery.fps))
    if delivery.format in STILLS:
        video = video.lasting(1)
    return sized(video, delivery.width, delivery.height, delivery.fit)


def _picture(media: Media, delivery: Delivery) -> VideoStream | None:
    video, alpha = media.video, media.alpha
    if video is None:
        return None
    if alpha is not None:
        video = merged(video, alpha) if delivery.video_codec in ALPHA else over_black(video, alpha)
    if delivery.video_codec == "gif":
        return video  # its colours are chosen by all of its pictures
    wanted = picture_coding(delivery, video.picture, alpha=alpha is not None).format
    if delivery.video_codec == "mjpeg":  # JFIF knows BT.601 of full range, and nothing else
        convert = scale(out_range="pc", out_color_matrix="bt601")
        shape = replace(video.picture, format=wanted, colour=Colour(5, full_range=True))
        return video.filtered((convert, Filter("format", {"pix_fmts": wanted})), shape)
    if video.picture.format == wanted:
        return video
    return video.filtered((scale(), Filter("format", {"pix_fmts": wanted})), replace(video.picture, format=wanted))


def merged(video: VideoStream, alpha: VideoStream) -> VideoStream:
    """One stream of both, whose format has an alpha plane."""
    format = WITH_ALPHA[video.picture.format]
    network = (Node(Filter("format", {"pix_fmts": format}), (0,)), Node(Filter("alphamerge", {}), (2, 1)))
    return composed((video, alpha), lambda number: network, replace(video.picture, format=format))


def over_black(video: VideoStream, alpha: VideoStream) -> VideoStream:
    """The picture as it looks before black."""
    format = video.picture.format
    network = (
        Node(Filter("lutyuv", {"y": 16, "u": 128, "v": 128}), (0,)),
        Node(Filter("format", {"pix_fmts": WITH_ALPHA[format]}), (0,)),
        Node(Filter("alphamerge", {}), (3, 1)),
        Node(Filter("overlay", {"format": OVERLAYS[format]}), (2, 4)),
        Node(Filter("format", {"pix_fmts": format}), (5,)),
    )
    return composed((video, alpha), lambda number: network, video.picture)
