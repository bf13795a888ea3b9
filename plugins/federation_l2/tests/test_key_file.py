"""The node's own key: made once, read by its owner alone, never half written."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from artdagd_federation_l2.signatures import SigningKey, kept_key, public_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from signed import ed25519_key


def test_it_is_made_once_and_private(tmp_path: Path) -> None:
    file = tmp_path / "actor.pem"
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(kept_key, [file] * 4))
    numbers = {key.public_key().public_numbers().n for key in (*keys, kept_key(file))}
    assert len(numbers) == 1
    assert keys[0].key_size == 2048
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["actor.pem"]
    pem = SigningKey("https://node.example/actor#main-key", keys[0]).public_pem
    assert public_key(pem) == keys[0].public_key()


def test_a_file_that_others_can_read_is_closed_to_them(tmp_path: Path) -> None:
    file = tmp_path / "actor.pem"
    kept_key(file)
    file.chmod(0o644)
    kept_key(file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        kept_key(tmp_path / "actor.pem")
    assert os.listdir(tmp_path) == []


def test_a_file_that_holds_something_else_is_not_replaced(tmp_path: Path) -> None:
    file = tmp_path / "actor.pem"
    other = ed25519_key().private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for text in (b"", b"half a k", other):
        file.write_bytes(text)
        with pytest.raises(ValueError, match=r"actor\.pem holds"):
            kept_key(file)
        assert file.read_bytes() == text
