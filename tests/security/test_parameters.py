"""F5: what is given for a parameter is that parameter's value or refused, and is never read as anything else."""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from nodes import Person, running_node

from artdagd.errors import InvalidRecipe, StepFailed
from artdagd.hooks import Filter
from artdagd.hooks.manager import Plugins
from artdagd.node import Node
from artdagd.recipes.parse import parse_recipe
from artdagd.render.graphs import run_video
from artdagd.render.steps import generate
from artdagd.steps.catalogue import Catalogue
from docs import examples
from tests.security.canaries import SECRET, Canary, canary
from tests.security.injections import payloads
from tests.security.places import Places, filled

CATALOGUE = Catalogue.of(Plugins.load())
ITEMS = [item for item in CATALOGUE.describe() if item["kind"] != "analyzer"]
PLACES = {item["name"]: Places(item).configs() for item in ITEMS}
FREE = {("TEXT", "text")}
"""The one place of all that takes any words."""

SKIPPED = 61
"""In the fast suite each place gets one of so many strings, another share than the place before it."""

OUTPUT = ("format", "video_codec", "audio_codec", "preset", "profile", "fit", "crf", "width", "height", "fps", "for")


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Canary]:
    """Fails the test if the canary was touched."""
    with canary(tmp_path / "canary-folder") as made:
        yield made
        assert made.touched() == []


@pytest.fixture
async def served(tmp_path: Path, watched: Canary) -> AsyncIterator[tuple[Node, Person]]:
    """A node with a worker, which has to live until the end, and whose log must not know the secret."""
    async with running_node(tmp_path / "home") as (node, person):
        yield node, person
        workers = (await person.http.get("/workers")).json()["items"]
        assert len(workers) == 1
        assert workers[0]["failed"] == 0


def strings(watched: Canary) -> list[str]:
    found = payloads(str(watched.folder), watched.address)
    assert len(found) >= 200
    return found


def step_of(item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return ("EFFECT", {"effect": item["name"]}) if item["kind"] == "effect" else (item["name"], {})


@pytest.mark.parametrize("skipped", [SKIPPED, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.timeout(600)
def test_no_parameter_but_words_takes_a_string_that_is_not_its_own(watched: Canary, docs_operations: str, skipped: int):
    """Every place of every config, forms that move included."""
    given, taken, tried = strings(watched), set(), 0
    distinct = sum(len({place for place, _ in places}) for places in PLACES.values())
    assert f"in each of {distinct} places" in docs_operations
    assert f"| {len(given)} × {distinct} |" in docs_operations
    for item in ITEMS:
        kind, base = step_of(item)
        places = PLACES[item["name"]]
        assert CATALOGUE.complaints(kind, {**base, **item["example"]}) == []
        for index, string in enumerate(given):
            for place, config in places[index % skipped :: skipped]:
                tried += 1
                if not CATALOGUE.complaints(kind, filled({**base, **config}, string)):
                    taken.add((item["name"], place))
            assert CATALOGUE.complaints(kind, {**base, **item["example"], string: 1}), "a parameter of that name"
    assert taken <= FREE
    assert tried > 400_000 / skipped


def test_no_name_or_output_takes_one(watched: Canary):
    """Written as JSON, which is YAML: types, effects, features, inputs, and all of the output."""
    for string in strings(watched):
        steps = [
            {"id": "a", "type": string, "inputs": ["clip"]},
            {"id": "b", "type": "EFFECT", "inputs": ["clip"], "config": {"effect": string}},
            {"id": "c", "type": "ANALYZE", "inputs": ["clip"], "config": {"features": [string]}},
            {"id": "d", "type": "BLUR", "inputs": [string]},
            {
                "id": "e",
                "type": "BLUR",
                "inputs": ["clip"],
                "config": {"sigma": {"energy": string, "from": 0, "to": 1}},
            },
            {"id": "f", "type": "BLUR", "inputs": ["clip"], "cache": string},
        ]
        recipe = {
            "name": "n", "inputs": {"clip": {"type": "video"}}, "steps": steps,
            "output": {"step": string, **dict.fromkeys(OUTPUT, string)},
        }  # fmt: skip
        with pytest.raises(InvalidRecipe) as caught:
            parse_recipe(json.dumps(recipe), CATALOGUE)
        found = [fault.loc for fault in caught.value.faults]
        if found == [""]:  # a character that no text may have
            continue
        for place in ("steps.a.type", "b.config.effect", "features[0]", "d.inputs[0]", "sigma.energy", "f.cache"):
            assert any(place in loc for loc in found), (string[:80], place, found)
        assert {f"output.{key}" for key in OUTPUT} <= set(found), (string[:80], found)


@pytest.mark.parametrize("skipped", [33, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.timeout(900)
async def test_a_node_refuses_them_wherever_they_stand(served: tuple[Node, Person], watched: Canary, skipped: int):
    """The routes that check, plan and run. In the fast suite one of three strings goes to one of them."""
    _, person = served
    plan = await kept_plan(served)
    for index, string in enumerate(strings(watched)):
        for number, (path, body) in enumerate(requests(string, forged(plan, string, index), index)):
            if (number + index) % skipped:
                continue
            answer = await person.http.post(path, json=body)
            where = (path, string[:80], answer.status_code, answer.text[:300])
            if path == "/api/run-recipe" and answer.status_code == 202:  # found wrong by the run's planning
                run = await person.finish(answer.json()["run_id"])
                assert (run["status"], run["passes_run"]) == ("failed", 0), where
            elif path == "/recipes/check" and answer.status_code == 200:
                errors = answer.json()["errors"]
                named = {error["loc"].split(".")[1] for error in errors if error["loc"].startswith("steps.s")}
                assert named == {step["id"] for step in body["steps"]} or errors[0]["loc"] == "", where
            else:
                assert 400 <= answer.status_code < 500, where
            assert SECRET not in answer.text


def requests(string: str, plan: dict[str, Any], index: int) -> list[tuple[str, dict[str, Any]]]:
    """Where it may be sent: (path, JSON body)."""
    declared = {name: {"type": kind} for name, kind in examples.TYPES.items()}
    steps = list(hostile_steps(string, index, 4))
    recipe = {"name": "n", "inputs": declared, "steps": steps, "output": "s1"}
    return [
        ("/recipes/check", recipe),
        ("/api/plan", {"recipe_yaml": json.dumps(recipe)}),
        ("/api/plan", {"recipe": string}),
        ("/api/plan", {"recipe_yaml": DIRECTED, "params": {"where": string}}),
        ("/api/run-recipe", {"recipe_yaml": DIRECTED, "params": {"where": string}}),
        ("/runs", {"effect": "blur", "inputs": ["bafkqaaa"], "config": {"sigma": string}}),
        ("/runs", {"effect": "flip", "inputs": ["bafkqaaa"], "config": {"direction": string}}),
        ("/runs", {"effect": string, "inputs": ["bafkqaaa"]}),
        ("/runs", {"effect": "blur", "inputs": [string]}),
        ("/api/execute", {"plan": plan}),
        ("/api/execute", {"plan_id": string}),
    ]


DIRECTED = """\
name: directed
params: {where: {type: string}}
steps:
  - {id: clip, type: GENERATE, config: {duration: 0.1, width: 64, height: 64}}
  - {id: out, type: EFFECT, inputs: [clip], config: {effect: flip, direction: $params.where}}
output: out
"""


def hostile_steps(string: str, index: int, skipped: int) -> Iterator[dict[str, Any]]:
    """A step for one of so many items, if it has parameters, with the string for one of them."""
    for item in ITEMS[index % skipped :: skipped]:
        kind, base = step_of(item)
        configs = [made for place, made in PLACES[item["name"]] if (item["name"], place) not in FREE]
        if configs:
            made = examples.steps(item)[-1] if item["name"] != "ANALYZE" else examples.RHYTHM
            inputs = ["song" if name == "rhythm" else name for name in made["inputs"]]
            config = {**base, **filled(configs[index % len(configs)], string)}
            yield {"id": f"s{ITEMS.index(item)}", "type": kind, "inputs": inputs, "config": config}


async def kept_plan(served: tuple[Node, Person]) -> dict[str, Any]:
    """A plan as the node keeps it."""
    node, person = served
    answer = await person.http.post("/api/plan", json={"recipe_yaml": DIRECTED, "params": {"where": "both"}})
    assert answer.status_code == 200, answer.text
    begin = b'{"analyses":'
    files = [file for file in node.settings.cache.rglob("*") if file.is_file()]
    return dict(json.loads(next(data for file in files if (data := file.read_bytes()).startswith(begin))))


def forged(plan: dict[str, Any], string: str, index: int) -> dict[str, Any]:
    """A plan with the string in one of its places."""
    made = json.loads(json.dumps(plan))
    step, last = made["steps"][-1], made["passes"][-1]
    delivery = {"format": "mp4"}
    changes = (
        (step["config"], "direction"), (step["config"], "effect"), (step["config"], string), (step, "type"),
        (step, "cache_id"), (step, "identity"), (step, "pass_id"), (step, "step_id"), (last, "pass_id"),
        (delivery, "format"), (delivery, "video_codec"), (delivery, "preset"), (delivery, "audio_codec"),
        (delivery, "crf"), (delivery, "fit"), (made, "output"), (made["inputs"], string),
    )  # fmt: skip
    place, key = changes[index % len(changes)]
    place[key] = string
    if place is delivery:
        last["delivery"] = delivery
    return dict(made)


@pytest.mark.parametrize("skipped", [4, pytest.param(1, marks=pytest.mark.slow)])
async def test_words_are_written_as_they_are(
    served: tuple[Node, Person], watched: Canary, tmp_path: Path, skipped: int
):
    """Each string as a caption of one picture, and as a subtitle of a file: all drawn, none carried out."""
    _, person = served
    given = [string for string in strings(watched) if 0 < len(string) < 10_000 and "\0" not in string][::skipped]
    seconds = [round(number / 25, 2) for number in range(len(given) + 1)]
    captions = [
        {"start": start, "end": end, "text": text}
        for start, end, text in zip(seconds, seconds[1:], given, strict=False)
        if parses(text)
    ]
    recipe = WRITTEN | {"steps": [ground(seconds[-1]), {**LETTERS, "config": {"captions": captions, "size": 14}}]}
    run = await person.run(recipe_yaml=json.dumps(recipe), inputs={})
    assert run["status"] == "completed", run["error"]
    await show(person, run, tmp_path / "captions.mp4", lit=0.9 * len(captions))
    srt = tmp_path / "words.srt"
    srt.write_text("".join(f"{n}\n{stamp(n)} --> {stamp(n + 1)}\n{text}\n\n" for n, text in enumerate(given)))
    recipe = WRITTEN | {
        "inputs": {"words": {"type": "data"}},
        "steps": [ground(seconds[-1]), {**LETTERS, "inputs": ["ground", "words"], "config": {"size": 14}}],
    }
    run = await person.run(recipe_yaml=json.dumps(recipe), inputs={"words": await person.upload(srt)})
    assert run["status"] == "completed", run["error"]
    await show(person, run, tmp_path / "subtitles.mp4", lit=0.8 * len(given))


WRITTEN: dict[str, Any] = {"name": "written", "output": "out"}
LETTERS: dict[str, Any] = {"id": "out", "type": "TEXT", "inputs": ["ground"]}


def ground(seconds: float) -> dict[str, Any]:
    plain = {"pattern": "color", "colors": ["#000000"], "width": 256, "height": 64, "duration": seconds, "fps": 25}
    return {"id": "ground", "type": "GENERATE", "config": plain}


def parses(text: str) -> bool:
    recipe = WRITTEN | {"steps": [ground(1), {**LETTERS, "config": {"text": text}}]}
    try:
        parse_recipe(json.dumps(recipe), CATALOGUE)
    except InvalidRecipe:
        return False
    return True


def stamp(frame: int) -> str:
    return f"00:00:{frame // 25:02d},{frame % 25 * 40:03d}"


async def show(person: Person, run: dict[str, Any], path: Path, *, lit: float) -> None:
    """At least ``lit`` pictures have letters."""
    import av

    await person.save(run["output_cid"], path)
    with av.open(str(path)) as file:
        bright = [int(frame.to_ndarray(format="gray").max()) > 100 for frame in file.decode(video=0)]
    assert sum(bright) >= lit, f"{sum(bright)} of {len(bright)}"


def test_a_value_of_a_filter_is_never_a_graph(watched: Canary):
    """Even an effect that hands a string on to a filter as it came: an option's value stays one."""
    for string in strings(watched):
        for name, option in (("drawbox", "color"), ("hue", "h"), ("scale", "w"), ("format", "pix_fmts")):
            picture = generate.lower(
                CATALOGUE.config("GENERATE", {"duration": 0.1, "width": 16, "height": 16, "fps": 10})[1], [], {}
            ).video
            assert picture is not None
            try:
                frames = list(run_video([Filter(name, {option: string})], picture.picture, picture.frames()))
            except StepFailed:
                continue
            assert len(frames) == 1


def test_the_canary_sings(tmp_path: Path):
    with canary(tmp_path / "folder") as made:
        assert made.touched() == []
        (made.folder / "canary").read_bytes()
        assert made.touched()
        (made.folder / "written").touch()
        assert made.touched()
        host, port = made.address.split(":")
        socket.create_connection((host, int(port))).close()
        assert made.touched() == ["a call"]
