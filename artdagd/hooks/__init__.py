"""The public plugin API: what a plugin imports, and all that it may import of the core.

Version of this API: see :data:`API_VERSION`; it follows semantic versioning, apart from the daemon's.
"""

from artdagd.hooks.markers import API_VERSION, hookimpl, hookspec
from artdagd.hooks.outbound import Outbound, OutboundAnswer, OutboundFailed, OutboundRefused
from artdagd.hooks.types import (
    AnalysisRequest,
    Analyzer,
    Effect,
    Filter,
    Frames,
    Moment,
    Painter,
    RunEvent,
    Sound,
    StorageBackend,
    StorageType,
    VideoFormat,
)

__all__ = [
    "API_VERSION",
    "AnalysisRequest",
    "Analyzer",
    "Effect",
    "Filter",
    "Frames",
    "Moment",
    "Outbound",
    "OutboundAnswer",
    "OutboundFailed",
    "OutboundRefused",
    "Painter",
    "RunEvent",
    "Sound",
    "StorageBackend",
    "StorageType",
    "VideoFormat",
    "hookimpl",
    "hookspec",
]
