"""What numba compiles for librosa, kept between processes.

librosa has numba compile some functions while its modules are imported: half a minute of a processor's time, most of
it for functions that nothing here calls, and one of those that the beat tracker needs is not kept on disk at all. So
librosa is imported with numba's decorators replaced: a function is compiled at its first call, and always kept.
"""

from __future__ import annotations

import fcntl
import functools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

Compile = Callable[[bool], Callable[..., Any]]


@contextmanager
def kept(folder: Path) -> Iterator[None]:
    """While open, modules that are imported compile their numba functions at the first call, kept in ``folder``.

    ``folder`` may be deleted whenever no process uses it. Where it cannot be written, every process compiles anew. What
    is kept is numba's cache: it looks after the versions of Python, numba and librosa, and after the processor.
    """
    import numba

    originals = {name: getattr(numba, name) for name in ("guvectorize", "vectorize")}
    with ExitStack() as stack:
        if _writable(folder):
            code = folder / "code"
        else:
            # librosa cannot be imported without some folder for compiled code.
            code = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            folder = code
        stack.enter_context(_cache_folder(code))
        for name, original in originals.items():
            stack.callback(setattr, numba, name, original)
            setattr(numba, name, _deferring(original, folder))
        yield


class Deferred:
    """Stands for a function that numba has yet to compile."""

    def __init__(self, function: Callable[..., Any], compile_it: Compile, folder: Path) -> None:
        functools.update_wrapper(self, function)
        self._compile = compile_it
        self._folder = folder

    def __call__(self, *args: Any, **options: Any) -> Any:
        return self._compiled(*args, **options)

    @functools.cached_property
    def _compiled(self) -> Callable[..., Any]:
        try:
            # One process at a time: numba writes two files that must come from the same one (numba issue 10128:
            # a mixed pair crashes every process that loads it).
            with open(self._folder / "lock", "w") as lock, _cache_folder(self._folder / "code"):
                fcntl.flock(lock, fcntl.LOCK_EX)
                return self._load()
        except OSError:
            return self._compile(False)

    def _load(self) -> Callable[..., Any]:
        try:
            return self._compile(True)
        except OSError:
            # A full or a read-only disk.
            raise
        # A damaged file can raise anything while it is read.
        except Exception:
            _discard(self._folder / "code")
            return self._compile(False)


def _deferring(decorator: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    def replacement(*signature: Any, **options: Any) -> Callable[..., Any]:
        def decorate(function: Callable[..., Any]) -> Deferred:
            def compile_it(cache: bool) -> Any:
                return decorator(*signature, **(options | {"cache": cache}))(function)

            return Deferred(function, compile_it, folder)

        return decorate

    return replacement


@contextmanager
def _cache_folder(code: Path) -> Iterator[None]:
    """numba reads this when a function is decorated, not when it is compiled."""
    import numba

    config: Any = numba.config
    before = config.CACHE_DIR
    config.CACHE_DIR = str(code)
    try:
        yield
    finally:
        config.CACHE_DIR = before


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def _discard(code: Path) -> None:
    """Gone at once for whoever looks: half a folder would hold half a pair of files."""
    with tempfile.TemporaryDirectory(dir=code.parent, ignore_cleanup_errors=True) as away:
        shutil.move(code, away)
