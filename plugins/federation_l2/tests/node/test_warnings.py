from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from artdagd_federation_l2 import FederationPlugin
from artdagd_federation_l2.settings import FederationSettings


@pytest.mark.parametrize(
    ("settings", "public_url", "said"),
    [
        ({"domain": "art.example"}, "https://node.example", ["L2_SERVER is not"]),
        ({"server": "https://art.example"}, "http://127.0.0.1:8100", ["http://127.0.0.1:8100: set L1_PUBLIC_URL"]),
        ({"server": "https://art.example"}, "https://node.example", []),
        ({}, "http://127.0.0.1:8100", []),
    ],
)
async def test_settings_that_can_hardly_be_meant(
    settings: dict[str, str],
    public_url: str,
    said: list[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    plugin = FederationPlugin()
    monkeypatch.setattr(plugin, "_of", lambda node: None)
    node = SimpleNamespace(settings=FederationSettings(**settings), public_url=public_url)
    await plugin.artdag_startup(cast(Any, node))
    assert len(caplog.messages) == len(said)
    for words, message in zip(said, caplog.messages, strict=True):
        assert words in message
