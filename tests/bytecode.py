"""pytest compiles each test file anew after a change, in every process of a test run: here they divide the work."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from _pytest.assertion.rewrite import PYC_TAIL, _read_pyc, _rewrite_test, _write_pyc, assertstate_key, get_cache_dir

ROOT = Path(__file__).parents[1]


def compile_share(config: pytest.Config, worker: dict[str, object]) -> None:
    """Compile what is this process's to compile; it finds the rest compiled when it comes to it, or nearly so."""
    if sys.dont_write_bytecode:
        return
    files = sorted(path for under in config.getini("testpaths") for path in (ROOT / under).rglob("*.py"))
    tests = [path for path in files if path.name == "conftest.py" or path.name.startswith("test_")]
    for path in tests[int(str(worker["workerid"])[2:]) :: int(str(worker["workercount"]))]:
        compiled = get_cache_dir(path) / (path.name[:-3] + PYC_TAIL)
        if _read_pyc(path, compiled) is None:
            compiled.parent.mkdir(exist_ok=True)
            digest, code = _rewrite_test(path, config)
            _write_pyc(config.stash[assertstate_key], code, digest, compiled)
