"""A catalogue with one effect and two analyzers, as plugins would give it."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest

from artdagd.hooks import Analyzer, Effect, hookimpl
from artdagd.hooks.manager import Plugins
from artdagd.steps.catalogue import Catalogue


class Hue(msgspec.Struct, frozen=True):
    degrees: Annotated[float, msgspec.Meta(ge=-360, le=360)] = 0.0
    label: str = ""


def build(config: Hue, video: Any) -> list[Any]:
    return []


class Sample:
    @hookimpl
    def artdag_effects(self) -> list[Effect]:
        return [Effect(name="hue", version="1", description="", config=Hue, build=build)]

    @hookimpl
    def artdag_analyzers(self) -> list[Analyzer]:
        common: dict[str, Any] = {"version": "1", "description": "", "analyze": build}
        return [
            Analyzer(name="music", features={"beats": "", "energy": "", "tempo": ""}, **common),
            Analyzer(name="sight", features={"cuts": ""}, needs="video", **common),
        ]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return Catalogue.of(Plugins.of(Sample))
