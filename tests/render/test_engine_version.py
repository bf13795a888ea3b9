"""Whoever changes what all steps share is reminded of the engine's version, which stands in every cache id.

A step's own module is part of its identity; clocks, sources, graphs, encoders and all else that steps share is not. A
record of these modules lies beside this file. Comments and docstrings don't count.
"""

from __future__ import annotations

import ast
import hashlib
import json
from pathlib import Path

import artdagd
from artdagd.plans.cache_ids import ENGINE
from artdagd.steps.primitives import STEP_TYPES

ROOM = Path(artdagd.__file__).parent
RECORD = Path(__file__).with_name("engine.json")
INSTRUCTION = """\
Modules of the render engine have changed: {names}.
If a byte of some output, intermediate or analysis may differ now, raise ENGINE in artdagd/plans/cache_ids.py, and the
vectors with it (docs/formats.md, cache_ids.py): results that are cached under the old number are then made anew.
If no byte differs, leave it. Either way, record the modules as they are: .venv/bin/python {file}"""


def digests() -> dict[str, str]:
    """Module -> the start of the SHA-256 of its code, of all that several steps use; and of their font."""
    own = {f"{kind.module.removeprefix('artdagd.').replace('.', '/')}.py" for kind in STEP_TYPES}
    borne = (
        ROOM / "steps" / f"{name}.py" for name in ("curves", "maps", "numbers", "sizes")
    )  # by planning and rendering
    files = [*(ROOM / "render").rglob("*.py"), *borne]
    names = {file.relative_to(ROOM).as_posix(): file for file in files}
    borrowed = {f"render/steps/{name}.py" for file in files for name in _steps_used(_tree(file))}
    code = {name: _digest(_tree(file)) for name, file in names.items() if name not in own - borrowed}
    fonts = {file.relative_to(ROOM).as_posix(): file for file in (ROOM / "render").rglob("*.ttf")}
    letters = {name: hashlib.sha256(file.read_bytes()).hexdigest()[:16] for name, file in fonts.items()}
    return dict(sorted((code | letters).items()))


def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


def _steps_used(tree: ast.Module) -> list[str]:
    imports = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return [name.removeprefix("artdagd.render.steps.") for name in imports if name.startswith("artdagd.render.steps.")]


def _digest(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list):  # a string that stands alone does nothing, be it a docstring or below a constant
            node.body = [each for each in body if not _is_text(each)]  # type: ignore[attr-defined]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def test_the_engine_is_the_one_that_was_recorded():
    recorded = json.loads(RECORD.read_text())
    found = digests()
    names = {name for name in found | recorded["modules"] if found.get(name) != recorded["modules"].get(name)}
    assert not names, INSTRUCTION.format(names=", ".join(sorted(names)), file="tests/render/test_engine_version.py")
    assert recorded["engine"] == ENGINE, "ENGINE was changed: record it, with the same command"


def test_comments_and_docstrings_do_not_count():
    plain = "x = 1\ndef f(a):\n    return a\n"
    told = '"""What."""\nx = 1  # one\n"""The x."""\ndef f(a):\n    """Gives a."""\n    # Why.\n    return a\n'
    assert _digest(ast.parse(plain)) == _digest(ast.parse(told))
    assert _digest(ast.parse(plain)) != _digest(ast.parse(plain.replace("1", "2")))


def test_what_one_step_alone_uses_is_not_recorded():
    assert "render/steps/segment.py" not in digests()
    assert {"render/reading/clock.py", "render/writing/encode.py", "steps/curves.py"} <= digests().keys()


if __name__ == "__main__":
    RECORD.write_text(json.dumps({"engine": ENGINE, "modules": digests()}, indent=2) + "\n")
