"""The contract of storage backends, on a directory."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from artdagd_storage_local.directory import Directory, LocalConfig

from artdagd.testing import Place, StorageContract


class TestDirectory(StorageContract):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        root = tmp_path / "shelf"

        async def leftovers() -> Sequence[str]:
            return [str(path) for path in root.rglob("*") if path.is_file() and len(path.parent.name) != 2]

        async def overwrite(cid: str, data: bytes) -> None:
            path = root / cid[-2:] / cid
            os.chmod(path, 0o644)
            path.write_bytes(data)

        return Place(partial(Directory, LocalConfig(str(root))), leftovers, overwrite)
