from __future__ import annotations

import fcntl
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artdagd_analyzers.compiled import Deferred, kept

TINY = """
import numba

@numba.guvectorize(["void(float64[:], float64[:])"], "(n)->(n)", nopython=True, cache=False)
def twice(values, result):
    for place in range(len(values)):
        result[place] = 2 * values[place]

@numba.jit(nopython=True, cache=True)
def never_called(value):
    return value
"""

Twice = Callable[[Any], Any]


@pytest.fixture
def twice(tmp_path: Path) -> Callable[[Path], Twice]:
    """``twice(folder)``: the function of a freshly imported module, as in another process."""
    file = tmp_path / "tiny.py"
    file.write_text(TINY)

    def load(folder: Path) -> Twice:
        spec = importlib.util.spec_from_file_location("tiny", file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        with kept(folder):
            spec.loader.exec_module(module)
        return lambda value: module.twice(np.array([value]))[0]

    return load


def files(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.nb*")}


def test_a_function_is_compiled_at_its_first_call_and_kept(twice: Callable[[Path], Twice], tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    first = twice(folder)
    assert not files(folder)
    assert first(4.0) == 8.0
    written = files(folder)
    assert {path.suffix for path in written} == {".nbi", ".nbc"}
    assert twice(folder)(5.0) == 10.0
    assert files(folder) == written


def test_where_nothing_can_be_kept_it_is_compiled_anew(
    twice: Callable[[Path], Twice], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "kept"
    folder.write_text("in the way")
    # Nor where numba would go instead: beside the module, or to the user's cache.
    (tmp_path / "__pycache__").write_text("in the way")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    assert twice(folder)(4.0) == 8.0
    assert folder.read_text() == "in the way"


def test_a_disk_that_fills_up_does_no_harm(
    twice: Callable[[Path], Twice], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from numba.core.caching import IndexDataCacheFile

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(IndexDataCacheFile, "_save_data", full)
    assert twice(tmp_path / "kept")(4.0) == 8.0
    monkeypatch.undo()
    assert twice(tmp_path / "kept")(5.0) == 10.0
    assert twice(tmp_path / "kept")(6.0) == 12.0


@pytest.mark.parametrize("suffix", [".nbi", ".nbc"])
def test_damaged_files_are_thrown_away(twice: Callable[[Path], Twice], tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "kept"
    assert twice(folder)(4.0) == 8.0
    for path in files(folder):
        if path.suffix == suffix:
            path.write_bytes(b"")
    assert twice(folder)(5.0) == 10.0
    assert not files(folder)
    assert twice(folder)(6.0) == 12.0
    assert files(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["code", "lock"]


def test_one_process_at_a_time_writes(tmp_path: Path) -> None:
    alone = []

    def compile_it(cache: bool) -> Callable[[int], int]:
        with open(tmp_path / "lock", "w") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone.append(cache)
        return lambda value: value + 1

    function = Deferred(lambda value: value, compile_it, tmp_path)
    assert [function(1), function(2)] == [2, 3]
    assert alone == [True]
    with open(tmp_path / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_numba_is_as_before_afterwards(tmp_path: Path) -> None:
    import numba

    before = numba.guvectorize, numba.vectorize, numba.config.CACHE_DIR
    with pytest.raises(ZeroDivisionError), kept(tmp_path):
        raise ZeroDivisionError
    assert (numba.guvectorize, numba.vectorize, numba.config.CACHE_DIR) == before
