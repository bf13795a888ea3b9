"""The public plugin API: what a plugin imports, and all that it may import of the core.

Version of this API: see :data:`API_VERSION`; it follows semantic versioning, apart from the daemon's.
"""

from artdagd.hooks.addresses import AddressRules, is_loopback
from artdagd.hooks.checks import Check, ConfiguredStorage, Installation
from artdagd.hooks.finishing import finished
from artdagd.hooks.identity import Identity, IdentityProvider, ProviderUnreachable, SignInRefused
from artdagd.hooks.markers import API_VERSION, hookimpl, hookspec
from artdagd.hooks.node import NodeAccess, PluginSettings, State
from artdagd.hooks.outbound import Outbound, OutboundAnswer, OutboundFailed, OutboundRefused
from artdagd.hooks.publishing import Delivery, Published, Publisher, PublishRefused, Work
from artdagd.hooks.secret_files import kept_secret
from artdagd.hooks.types import (
    AnalysisRequest,
    Analyzer,
    BlockSource,
    Effect,
    Filter,
    Frames,
    Moment,
    NodeStorage,
    Painter,
    RangedStorage,
    RunEvent,
    Sound,
    StorageBackend,
    StorageType,
    VideoFormat,
)
from artdagd.hooks.web import WebRequest, WebResponse, WebRoute

__all__ = [
    "API_VERSION",
    "AddressRules",
    "AnalysisRequest",
    "Analyzer",
    "BlockSource",
    "Check",
    "ConfiguredStorage",
    "Delivery",
    "Effect",
    "Filter",
    "Frames",
    "Identity",
    "IdentityProvider",
    "Installation",
    "Moment",
    "NodeAccess",
    "NodeStorage",
    "Outbound",
    "OutboundAnswer",
    "OutboundFailed",
    "OutboundRefused",
    "Painter",
    "PluginSettings",
    "ProviderUnreachable",
    "PublishRefused",
    "Published",
    "Publisher",
    "RangedStorage",
    "RunEvent",
    "SignInRefused",
    "Sound",
    "State",
    "StorageBackend",
    "StorageType",
    "VideoFormat",
    "WebRequest",
    "WebResponse",
    "WebRoute",
    "Work",
    "finished",
    "hookimpl",
    "hookspec",
    "is_loopback",
    "kept_secret",
]
