"""The pluggy markers, and the version of the plugin API."""

from __future__ import annotations

import pluggy

PROJECT = "artdagd"
"""pluggy's project name, and the entry-point group in which plugins are found."""

API_VERSION = "1.2"
"""Semantic version of :mod:`artdagd.hooks`: a major step may break plugins, a minor one adds."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)
