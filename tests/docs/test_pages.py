"""All pages: links lead somewhere, commands exist, recipes are valid, pictures of the code are true."""

from __future__ import annotations

import ast
import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest
from nodes import EXAMPLES

from artdagd.api.app import SECTIONS
from artdagd.cid import cid_of_bytes
from artdagd.cli.control import control
from artdagd.cli.daemon import daemon
from artdagd.delivery import FORMATS, PRESETS
from artdagd.hooks.manager import Plugins
from artdagd.plans.model import Analysis
from artdagd.plans.planner import analysis_requests, plan
from artdagd.recipes.parse import parse_recipe
from artdagd.steps.catalogue import Catalogue
from artdagd.work import AudioFacts, MediaFacts, VideoFacts
from docs import reference

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "artdagd"
PROGRAMS: dict[str, click.Command] = {"artdagctl": control, "artdagd": daemon}
FROM_THE_GUIDE = ("hello",)
"""Commands of the plugin guide's examples."""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    import artdagd_analyzers
    import artdagd_effects

    return Catalogue.of(Plugins.of(effects=artdagd_effects, analyzers=artdagd_analyzers))


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.*)$", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_link_leads_somewhere(pages):
    assert "docs/guide.md" in pages.names
    for name in pages.names:
        for target in re.findall(r"\]\(([^)\s]+)\)", pages[name]):
            if re.match(r"\w+:", target):
                continue
            path, _, anchor = target.partition("#")
            file = (ROOT / name).parent / path if path else ROOT / name
            assert file.exists(), f"{name}: {target}"
            if anchor:
                assert anchor in anchors(file.read_text()), f"{name}: {target}"


def leaves(command: click.Command, path: str) -> dict[str, click.Command]:
    if not isinstance(command, click.Group):
        return {path: command}
    return {k: v for name, one in command.commands.items() for k, v in leaves(one, f"{path} {name}").items()}


def test_every_command_is_in_the_guide(pages):
    commands = {path for name, program in PROGRAMS.items() for path in leaves(program, name)}
    assert {row[0].strip("`") for row in pages.table("docs/guide.md", "command")} == commands


def test_every_command_has_a_help_text():
    for name, program in PROGRAMS.items():
        for path, command in leaves(program, name).items():
            assert (command.help or "").strip(), path


def written_commands(pages, name: str) -> list[str]:
    found = []
    for language in ("sh", "console"):
        for block in pages.blocks(name, language):
            for line in block.text.replace("\\\n", " ").splitlines():
                line = line.removeprefix("$ ").split("/bin/")[-1]
                if line.partition(" ")[0] in PROGRAMS:
                    found.append(line)
    return found + re.findall(r"`(artda(?:gd|gctl) [^`…]+)`", pages[name])


def test_every_command_that_a_page_shows_exists(pages):
    seen = 0
    for name in pages.names:
        for line in written_commands(pages, name):
            first, *words = shlex.split(line.rstrip("&| "), comments=True)
            command = PROGRAMS[first]
            while isinstance(command, click.Group) and words and words[0] in command.commands:
                command = command.commands[words.pop(0)]
            if not words or words[0] in FROM_THE_GUIDE:
                continue
            assert not isinstance(command, click.Group), f"{name}: {line}"
            options = {option for one in command.params for option in (*one.opts, *one.secondary_opts)} | {"--help"}
            for word in words:
                if word.startswith("-"):
                    assert word.partition("=")[0] in options, f"{name}: {line}: {word}"
            seen += 1
    assert seen > 15


def test_recipes_on_the_pages_are_valid(pages, catalogue: Catalogue):
    found = [b.text for name in pages.names for b in pages.blocks(name, "yaml") if b.about == "recipe"]
    assert len(found) >= 2
    for text in found:
        parse_recipe(text, catalogue)


def test_outputs_in_the_guide_are_valid(pages, catalogue: Catalogue):
    outputs = [b.text for b in pages.blocks("docs/guide.md", "yaml") if b.text.startswith("output:")]
    assert len(outputs) >= 2
    for text in outputs:
        parse_recipe(
            "name: x\ninputs: {v: {type: video}}\nsteps: [{id: cut, type: SPEED, inputs: [v]}]\n" + text, catalogue
        )


def test_the_guide_lists_every_format_and_preset(pages):
    rows = [[cell.strip(" `|") for cell in row] for row in pages.table("docs/guide.md", "format")]
    listed = {name: (picture, sound) for name, picture, sound in rows}
    made = {name: [", ".join(codecs) or "–" for codecs in (kind.video, kind.audio)] for name, kind in FORMATS.items()}
    assert listed == {name: tuple(codecs) for name, codecs in made.items()}
    assert [row[0].strip("`") for row in pages.table("docs/guide.md", "for")] == list(PRESETS)


FACTS = MediaFacts(
    "video", "video/mp4", "mp4", 5.0, VideoFacts(640, 360, (25, 1), 5.0, "h264", "yuv420p"),
    AudioFacts(44100, 2, 44100 * 5, 5.0, "aac", "00" * 32),
)  # fmt: skip
MUSIC = MediaFacts(
    "audio", "audio/ogg", "ogg", 30.0, None, AudioFacts(44100, 2, 44100 * 30, 30.0, "vorbis", "00" * 32)
)  # fmt: skip


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.yaml")), ids=lambda file: file.name)
def test_examples_parse_and_plan(pages, catalogue: Catalogue, file: Path):
    recipe = parse_recipe(file.read_bytes(), catalogue)
    inputs = {name: cid_of_bytes(name.encode()) for name in recipe.inputs}
    times, curve = [0.5, 1.0, 2.0], {"hop": 1.0, "values": [0.5]}
    features = {**dict.fromkeys(("beats", "downbeats", "onsets"), times), "energy": curve, "bands": {"low": curve}}
    requests = analysis_requests(recipe, inputs, {}, catalogue)
    analyses = {request.step_id: Analysis(inputs[request.input], features) for request in requests}
    made = plan(
        recipe, recipe_id=cid_of_bytes(file.read_bytes()), inputs=inputs,
        facts={name: MUSIC if recipe.inputs[name].type == "audio" else FACTS for name in inputs},
        params={}, analyses=analyses, catalogue=catalogue,
    )  # fmt: skip
    assert made.passes
    assert f"]({file.name})" in pages["examples/README.md"]


def test_the_reference_of_steps_is_fresh(pages):
    assert pages["docs/steps.md"] == reference.page(), "docs/steps.md is stale: run `make docs`"


def test_every_route_says_what_it_is_for():
    for section in SECTIONS:
        assert section.description, section.name
        for route in section.routes:
            assert len(route.summary.split()) >= 2, route.path


def rooms() -> dict[str, set[str]]:
    """Which room imports which, from the source."""
    found: dict[str, set[str]] = {}
    for file in PACKAGE.rglob("*.py"):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room == "__init__":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if names == ["artdagd"]:
                names = [f"artdagd.{alias.name}" for alias in node.names if alias.name != "__version__"]
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                first, _, rest = name.partition(".")
                if first == "artdagd" and rest and rest.split(".")[0] != room:
                    found.setdefault(room, set()).add(rest.split(".")[0])
    return found


def reached(edges: dict[str, set[str]], room: str) -> set[str]:
    seen: set[str] = set()
    pending = [room]
    while pending:
        for after in edges.get(pending.pop(), set()) - seen:
            seen.add(after)
            pending.append(after)
    return seen


def test_the_drawing_of_the_rooms_is_true(pages):
    page = "docs/architecture.md"
    (drawn,) = [b.text for b in pages.blocks(page, "mermaid") if b.text.startswith("graph TD")]
    edges: dict[str, set[str]] = {}
    for before, after in re.findall(r"^  (\w+) --> (\w+)$", drawn, re.MULTILINE):
        edges.setdefault(before, set()).add(after)
    real = rooms()
    for room, afters in edges.items():
        assert afters <= real[room], f"drawn, but not imported by {room}: {afters - real[room]}"
    for room, afters in real.items():
        assert afters <= reached(edges, room), f"imported by {room}, but not drawn: {afters - reached(edges, room)}"
    described = {name for row in pages.table(page, "room") for name in re.findall(r"`(\w+)`", row[0])}
    assert described == set(real) | {after for afters in real.values() for after in afters}


def test_the_parts_of_the_media_engine_are_told_in_the_order_of_their_imports(pages):
    told = [
        re.findall(r"`(\w+)(?:/|\.py)`", row[0]) for row in pages.table("docs/architecture.md", "part of `render/`")
    ]
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract.get("containers") == ["artdagd.render"]]
    assert [name for names in told for name in names] == [name for layer in layers for name in layer.split(" | ")]
