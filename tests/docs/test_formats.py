"""docs/formats.md, to the byte: its vectors against the code's public functions."""

from __future__ import annotations

import ast
import json
import typing
from pathlib import Path

import artdagd_effects
import msgspec

from artdagd.cid import CID, cid_of_bytes, cid_of_value, dag_cbor, dag_json, read_dag_json
from artdagd.database.runs import RunRow
from artdagd.database.tables import actions, metadata
from artdagd.hooks.manager import Plugins
from artdagd.plans.cache_ids import cache_id, cluster_digest
from artdagd.plans.document import plan_bytes, plan_from_bytes, plan_id
from artdagd.runs.provenance import provenance
from artdagd.steps.catalogue import Catalogue
from artdagd.steps.curves import curve
from artdagd.store.layout import Layout
from artdagd.work import Delivery
from artdagd.workers import messages, tickets

PAGE = "docs/formats.md"


def test_cids_of_blobs(pages):
    for line in pages.vectors(PAGE)["cid"]:
        what, cid = line.rsplit(" ", 1)
        data = bytes(int(what[6:-1])) if what.startswith("bytes(") else ast.literal_eval(what).encode()
        assert cid_of_bytes(data) == cid, what


def test_structured_values(pages):
    vectors = pages.vectors(PAGE)
    for name in ("dag-json", "identity", "cache-id", "cache-id-of-an-output", "plan"):
        text, cid, *cbor = vectors[name]
        value = read_dag_json(text.encode())
        assert dag_json(value).decode() == text, name
        assert cid_of_value(value) == cid, name
        if cbor:
            assert dag_cbor(value).hex() == cbor[0]


def test_an_identity_is_the_record_that_the_catalogue_makes(pages):
    record = json.loads(pages.vectors(PAGE)["identity"][0])
    identity = Catalogue.of(Plugins.of()).identity("step", "SPEED")
    assert identity.record.keys() == record.keys()
    assert cid_of_value(identity.record) == identity.cid


def test_curves(pages):
    for line in pages.vectors(PAGE)["curves"]:
        text, *numbers = line.split(" ")
        value = json.loads(text)
        assert dag_json(value).decode() == text
        at = curve(value)
        assert [at(float(time)) for time in numbers[::2]] == [float(level) for level in numbers[1::2]]
        catalogue = Catalogue.of(Plugins.of(effects=artdagd_effects))
        assert catalogue.config("EFFECT", {"effect": "hue", "degrees": value})[1]["degrees"] == value


def test_cache_ids(pages):
    for name, key in (("cache-id", "k"), ("cache-id-of-an-output", "")):
        text, cid = pages.vectors(PAGE)[name]
        record = json.loads(text)
        delivery = msgspec.convert(record["delivery"], Delivery) if "delivery" in record else None
        made = cache_id(
            record["type"], record["identity"], record["config"], record["inputs"], cluster_digest(key), delivery
        )
        assert made == cid
    rows = {row[0].strip("`") for row in pages.table(PAGE, "field")}
    assert rows == set(json.loads(pages.vectors(PAGE)["cache-id-of-an-output"][0]))


def test_the_plan(pages):
    text, cid = pages.vectors(PAGE)["plan"]
    plan = plan_from_bytes(text.encode())
    assert plan_bytes(plan).decode() == text
    assert plan_id(plan) == cid
    # Its only step's cache id is the page's own vector.
    assert plan.steps[0].cache_id == pages.vectors(PAGE)["cache-id"][1]


def test_the_provenance_record_has_these_fields(pages):
    (block,) = [b for b in pages.blocks(PAGE, "json") if b.about == "provenance"]
    shown = json.loads(block.text)
    plan = plan_from_bytes(pages.vectors(PAGE)["plan"][0].encode())
    run = RunRow(
        run_id="run-1", status="running", recipe_id="", recipe_name="", effect=None, inputs={}, params={},
        plan_id="", given_plan=False, owner="admin", created_at="",
    )  # fmt: skip
    made = provenance(run, plan, "bafy", "now", {}, Catalogue.of(Plugins.of()))
    assert made.keys() == shown.keys()
    for name in ("output", "recipe", "infrastructure"):
        assert made[name].keys() == shown[name].keys()
    for name in ("inputs", "effects", "steps"):
        assert made[name][0].keys() == shown[name][0].keys()
    for name in ("software", "hardware"):
        assert made["infrastructure"][name].keys() == shown["infrastructure"][name].keys()


def test_paths_under_cache_dir(pages):
    layout = Layout(Path("CACHE_DIR"))
    for line in pages.vectors(PAGE)["layout"]:
        path = Path(line)
        cid = CID.parse(path.name.removesuffix(".json"))
        assert layout.place(cid, path.parts[1]) == path
    folders = {row[0].strip("`").partition("/")[0] for row in pages.table(PAGE, "path")}
    assert folders == {folder.name for folder in layout.folders[1:]} | {"scratch"}


def test_tables_and_columns(pages):
    assert {row[0].strip("`") for row in pages.table(PAGE, "table")} == set(metadata.tables)
    assert {row[0].strip("`") for row in pages.table(PAGE, "column")} == {column.name for column in actions.columns}


def test_every_worker_message(pages):
    unions = (messages.FromWorker, messages.FromDaemon, messages.Job)
    kinds = {kind.__name__: kind for union in unions for kind in typing.get_args(union)}
    lines = pages.vectors(PAGE)["messages"]
    assert [line.partition(" ")[0] for line in lines] == list(dict.fromkeys(kinds))
    for line in lines:
        name, rest = line.split(" ", 1)
        text, data = rest.rsplit(" ", 1)
        message = msgspec.json.decode(text, type=kinds[name])
        assert messages.encode(message).hex() == data, name
    assert {"Done", "Failed", "Assignment"} <= set(vars(messages))
    assert f"Version\n{messages.VERSION}" in pages[PAGE]


def test_tickets(pages):
    read, write = (line.split(" ") for line in pages.vectors(PAGE)["tickets"])
    assert tickets.to_read("c2VjcmV0", 8, read[1]) == " ".join(read[2:])
    assert tickets.to_write("c2VjcmV0", 8, write[1], int(write[2])) == " ".join(write[3:])


def test_the_keys_of_a_recipe(pages):
    from artdagd.recipes import parse

    assert [row[0].strip("`") for row in pages.table(PAGE, "key")] == list(parse._KEYS)


def test_the_fields_of_a_delivery(pages):
    names = {name.strip("` ") for row in pages.table(PAGE, "delivery") for name in row[0].split(",")}
    assert names == set(Delivery.__struct_fields__)
