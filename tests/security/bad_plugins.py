"""Plugins that are broken or mean harm: row F16 of the threat model. Each is the source of one installed module.

What a plugin does to the process that imports it is outside this: plugins are trusted code (docs/plugins.md).
"""

from __future__ import annotations

from pathlib import Path

HEAD = '''\
import asyncio, os, sys, time
from typing import Annotated, Any
import msgspec
from artdagd.hooks import Analyzer, Effect, Filter, StorageType, WebRoute, WebResponse, hookimpl


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    amount: float = 0.0


class Mine(BaseException):
    """Nobody's Exception."""


def build(config, video):
    return []


def analyze(request):
    return {}


def effect(name, **other):
    return Effect(**{"name": name, "version": "1", "description": "", "config": Config, "build": build, **other})


def raising(error):
    def made(*args):
        raise error
    return made
'''


def effects(*made: str) -> str:
    return f"{HEAD}\n@hookimpl\ndef artdag_effects():\n    return [{', '.join(made)}]\n"


def hook(name: str, body: str, arguments: str = "", *, word: str = "def") -> str:
    return f"{HEAD}\n@hookimpl\n{word} {name}({arguments}):\n    {body}\n"


UNUSABLE = {
    "no_module": "import nothing_of_that_name",
    "syntax": "def (",
    "raises": "raise RuntimeError('boom')",
    "exits": "import sys; sys.exit(3)",
    "cancels": "import asyncio; raise asyncio.CancelledError",
    "own_base_exception": f"{HEAD}\nraise Mine",
    "recursion": "def f(): f()\nf()",
    "bad_bytes": "# -*- coding: nothing -*-",
    "null": "\0",
    "old_api": "from artdagd.hooks import EffectSpecification",
    "no_hooks": "x = 1",
    "misspelt": hook("artdag_efects", "return []"),
    "arguments": hook("artdag_run_event", "return None", "evnt"),
    "wrapper": f"{HEAD}\n@hookimpl(wrapper=True)\ndef artdag_effects():\n    yield\n",
    "async_effects": hook("artdag_effects", "return []", word="async def"),
    "effects_raise": hook("artdag_effects", "raise ValueError('no')"),
    "effects_exit": hook("artdag_effects", "sys.exit(1)"),
    "effects_base": hook("artdag_effects", "raise Mine"),
    "effects_cancel": hook("artdag_effects", "raise asyncio.CancelledError"),
    "effects_none": hook("artdag_effects", "return None"),
    "effects_endless": hook("artdag_effects", "return iter(lambda: effect('a'), 1)"),
    "strings": effects("'blur'"),
    "lies_about_type": effects("type('Effect', (), {'name': 'x'})()"),
    "path_name": effects("effect('../../x')"),
    "capital_name": effects("effect('Blur')"),
    "number_name": effects("effect(5)"),
    "long_name": effects("effect('a' * 100_000)"),
    "no_version": effects("effect('a', version=None)"),
    "no_build": effects("effect('a', build=None)"),
    "built_in_build": effects("effect('a', build=print)"),
    "dict_config": effects("effect('a', config=dict)"),
    "needs": effects("effect('a', config=msgspec.defstruct('C', [('x', int)]))"),
    "no_schema": effects("effect('a', config=msgspec.defstruct('C', [('x', type(sys), None)]))"),
    "half": effects("effect('zz_half')", "'the other half'"),
    "analyzers": hook("artdag_analyzers", "return [effect('a')]"),
    "feature_names": hook(
        "artdag_analyzers",
        "return [Analyzer(name='a', version='1', description='', features={'B': ''}, analyze=analyze)]",
    ),
    "storage": hook("artdag_storage_types", "return [StorageType(name='a', description='', config=None, open=build)]"),
}
"""Left out, with an error in the report."""

TWINS = {
    "blur_again": effects("effect('blur', version='evil', build=raising(OSError('the wrong one')))"),
    "all_again": effects("effect('invert')", "effect('hue')", "effect('identity')"),
    "twice": effects("effect('zz_twice')", "effect('zz_twice', version='2')"),
}
"""Give what a plugin before them gives. What they alone give can be used."""

BAD_HOOKS = {
    "settings": hook("artdag_settings", "raise ValueError('no settings')"),
    "settings_type": hook("artdag_settings", "return 5"),
    "identity": hook("artdag_identity_provider", "raise Mine", "node"),
    "identity_type": hook("artdag_identity_provider", "return object()", "node"),
    "publisher": hook("artdag_publisher", "sys.exit(2)", "node"),
    "routes": hook("artdag_routes", "raise asyncio.CancelledError", "node"),
    "routes_type": hook("artdag_routes", "return ['/runs']", "node"),
    "routes_taken": f"""{HEAD}
async def handler(request): return WebResponse(body=b"not the node")
@hookimpl
def artdag_routes(node):
    return [WebRoute(method="GET", path=path, summary="", handler=handler, scope=None)
            for path in ("/runs", "/runs/{{x}}", "/healthz", "/auth", "/cache/{{name}}/raw", "/zz-own")]
""".replace("{{", "{").replace("}}", "}"),
    "startup": hook("artdag_startup", "raise ValueError('late')"),
    "startup_exits": hook("artdag_startup", "sys.exit(4)"),
    "startup_cancels": hook("artdag_startup", "raise asyncio.CancelledError", word="async def"),
    "startup_base": hook("artdag_startup", "raise Mine", word="async def"),
    "shutdown": hook("artdag_shutdown", "raise Mine"),
    "events": hook("artdag_run_event", "raise KeyError(event)", "event"),
    "events_exit": hook("artdag_run_event", "sys.exit(5)", "event", word="async def"),
    "events_cancel": hook("artdag_run_event", "raise asyncio.CancelledError", "event", word="async def"),
    "events_gone": hook("artdag_run_event", "asyncio.current_task().cancel(); await asyncio.sleep(1)", "event",
                        word="async def"),
    "commands": hook("artdag_commands", "raise Mine"),
    "commands_type": hook("artdag_commands", "return ['runs']"),
    "noise": f"{HEAD}\nprint('x' * 100_000)\nsys.stderr.write('noise')\n@hookimpl\ndef artdag_startup():\n    pass\n",
}  # fmt: skip
"""Wrong when a hook of theirs is called: the node goes on."""

BAD_EFFECTS = {
    "raise": "build=raising(RuntimeError('inside'))",
    "exit": "build=raising(SystemExit(3))",
    "base": "build=raising(Mine())",
    "none": "build=lambda config, video: None",
    "words": "build=lambda config, video: ['hue']",
    "no_filter": "build=lambda config, video: [Filter('no_such_filter')]",
    "reads": "build=lambda config, video: [Filter('movie', {'filename': '/etc/passwd'})]",
    "options": "build=lambda config, video: [Filter('hue', {'no_such': '1'})]",
    "drops": "build=lambda config, video: [Filter('select', {'expr': '0'})]",
    "doubles": "build=lambda config, video: [Filter('fps', {'fps': '200'})]",
    "paint_raise": "build=None, paint=raising(RuntimeError('inside'))",
    "paint_shape": "build=None, paint=lambda video: lambda picture, moment: picture[:3]",
    "paint_none": "build=None, paint=lambda video: lambda picture, moment: None",
    "dies": "build=lambda config, video: os._exit(9)",
}
"""Effects of one plugin that load, and fail in a worker: the run fails in words, and the next one is done."""


def sources() -> dict[str, str]:
    """Name of an entry point -> the module's source."""
    made = {f"zz_{name}": code for group in (UNUSABLE, TWINS, BAD_HOOKS) for name, code in group.items()}
    bad = (f"effect('zz_{name}', {how})" for name, how in BAD_EFFECTS.items())
    return {**made, "zz_bad_effects": effects(*bad)}


def install(site: Path) -> None:
    """What pip would leave behind of all of them, and of some whose metadata are damaged."""
    site.mkdir()
    for name, code in sources().items():
        (site / f"{name}.py").write_text(code)
        _about(site, name, f"{name} = {name}\n")
    _about(site, "zz_points", "zz_points = no such thing : at all\nzz_gone = zz_noise:gone\nzz_none =\n")
    _about(site, "zz_effects", "effects = zz_noise\nanalyzers = zz_noise\n")
    (site / "zz_torn-1.dist-info").mkdir()
    (site / "zz_torn-1.dist-info" / "entry_points.txt").write_text("[artdagd]\nzz_torn = zz_noise\n")


def _about(site: Path, name: str, points: str) -> None:
    about = site / f"{name}-1.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1\n")
    (about / "entry_points.txt").write_text(f"[artdagd]\n{points}")
