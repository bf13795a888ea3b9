"""The documentation as tests see it: pages, their fenced blocks and tables."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w+)(?: ([^\n]*))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    language: str
    about: str
    text: str


class Pages:
    """``pages["docs/guide.md"]`` is a page's text."""

    def __getitem__(self, name: str) -> str:
        return (ROOT / name).read_text()

    @property
    def names(self) -> list[str]:
        skipped = (".venv", ".demo", "node_modules", ".pytest_cache")
        found = (path.relative_to(ROOT) for path in ROOT.rglob("*.md"))
        return sorted(str(path) for path in found if not any(part in skipped for part in path.parts))

    def blocks(self, name: str, language: str) -> list[Block]:
        return [Block(*match) for match in _FENCE.findall(self[name]) if match[0] == language]

    def vectors(self, name: str) -> dict[str, list[str]]:
        """The lines of each block that is marked ``vector NAME``."""
        found = [Block(*match) for match in _FENCE.findall(self[name])]
        return {b.about.split()[1]: b.text.splitlines() for b in found if b.about.startswith("vector ")}

    def table(self, name: str, first: str) -> list[list[str]]:
        """The rows of the table whose first column is called ``first``."""
        lines = iter(self[name].splitlines())
        for line in lines:
            if line.startswith(f"| {first} |"):
                next(lines)
                break
        rows = []
        for line in lines:
            if not line.startswith("|"):
                break
            rows.append([cell.strip() for cell in line.strip("|").split(" | ")])
        assert rows, f"no table {first!r} in {name}"
        return rows


@pytest.fixture
def pages() -> Pages:
    return Pages()


def load(path: Path, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def plugin(pages: Pages, tmp_path: Path):
    """A Python example of the plugin guide, written to a file and imported."""
    made = []

    def make(name: str) -> ModuleType:
        (block,) = [b for b in pages.blocks("docs/plugins.md", "python") if b.about == f"test {name}.py"]
        file = tmp_path / f"{name}.py"
        file.write_text(block.text)
        made.append(name)
        return load(file, name)

    yield make
    for name in made:
        sys.modules.pop(name, None)
