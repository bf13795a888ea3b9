"""docs/operations.md and config/artdagd.yaml name every setting and limit as the code has them."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import msgspec
import pytest
import yaml

from artdagd import access
from artdagd.api import body, calls, connections, plugged, server, sse, uploads
from artdagd.api.views import analysis, artifacts, graph, lists, plans, recipes
from artdagd.auth import attempts, authority, sessions, tokens
from artdagd.cli.daemon import EX_CONFIG
from artdagd.database import opening, trouble
from artdagd.database.blobs import WORDS
from artdagd.database.recipes import LISTED
from artdagd.hooks import Outbound, addresses, exchange, manager, outbound
from artdagd.plans import beat_sync, boundaries, deliveries, rules, segments, shapes, windows
from artdagd.plans import document as plan_document
from artdagd.recipes import document
from artdagd.render.reading import clock, shelf
from artdagd.render.reading import opening as media
from artdagd.runs import (
    afar,
    aside,
    boxes,
    events,
    fetching,
    fragments,
    keys,
    lanes,
    library,
    lineage,
    membership,
    previews,
    publishing,
    replication,
    reproducing,
    service,
    storage,
    wants,
    watching,
)
from artdagd.settings import ENVIRONMENT, Settings, load_settings
from artdagd.store import circuit, gateway, importing, providers, quarantine
from artdagd.store import fetching as reach
from artdagd.workers import carrier, depot, dispatch, jobs, limits, tasks

PAGE = "docs/operations.md"
DERIVED = {
    "cache_dir": "`home/cache`",
    "workers": "one a core",
    "storage": "none",
    "plugins": "none",
    "import_roots": "none",
    "cache_capacity_bytes": "what the disk holds",
}


def shown(name: str, value: object) -> str:
    words = {"": "empty", (): "none"}
    return DERIVED.get(name) or words.get(value, f"`{value}`")


def test_every_setting_with_its_variable_and_default(pages):
    variables = {key: f"`{variable}`" for variable, key in ENVIRONMENT.items()}
    expected = [
        [f"`{field.name}`", variables.get(field.name, "file only"), shown(field.name, field.default)]
        for field in msgspec.structs.fields(Settings)
    ]
    assert [row[:3] for row in pages.table(PAGE, "setting")] == expected


def test_the_example_settings_are_the_defaults(pages, tmp_path: Path):
    text = re.sub(r"^# (?=[a-z_]+:|  )", "", pages["config/artdagd.yaml"], flags=re.MULTILINE)
    file = tmp_path / "all.yaml"
    file.write_text(text)
    assert set(yaml.safe_load(text)) == {field.name for field in msgspec.structs.fields(Settings)}
    loaded, usual = load_settings(file, {}), load_settings(None, {})
    for field in msgspec.structs.fields(Settings):
        if field.name not in ("workers", "storage", "cache_dir"):
            assert getattr(loaded, field.name) == getattr(usual, field.name), field.name
        if field.name in ENVIRONMENT.values():
            variable = next(key for key, value in ENVIRONMENT.items() if value == field.name)
            assert re.search(rf"^# {field.name}: .*# {variable}\b", pages["config/artdagd.yaml"], re.MULTILINE)
    assert loaded.cache == usual.cache
    assert loaded.storage[0].type == "local"


CALL = inspect.signature(providers.Providers).parameters["timeout"].default
ASKED = inspect.signature(Outbound.request).parameters


def script(name: str, constant: str) -> str:
    """A number that a script of the pages has."""
    text = (Path(__file__).parents[2] / "artdagd/web/static/js" / f"{name}.js").read_text()
    return re.search(rf"const {constant} = (\d+);", text)[1]


LIMITS = {
    "upload": "`max_upload_bytes`",
    "JSON or YAML body": f"{calls.JSON_LIMIT >> 20} MiB",
    "slowest body": f"{body.MIN_RATE >> 10} KiB/s, after {body.GRACE:g} s",
    "imports at once": f"{importing.MOST}",
    "silence of a file that is imported": f"{importing.SILENCE:g} s for each MiB",
    "path of a file that is imported": "4095 characters",
    "free disk space": "`reserve_bytes`",
    "active runs": "`max_active_runs`",
    "active runs of one user": "`max_active_runs_per_user`",
    "jobs that wait for workers": f"{dispatch.QUEUE:,}",
    "recipe": f"{document.MAX_BYTES >> 20} MiB, {document.MAX_DEPTH} levels, {document.MAX_NODES:,} values",
    "steps and inputs in a drawing": f"{graph.MOST}",
    "steps that a page lists": f"{lists.STEPS}; {plans.LEVELS} levels of a plan, {plans.EACH} of each",
    "results that a run's page of artifacts shows": f"{artifacts.SHOWN}",
    "points of a curve on the page of an analysis": f"{analysis.COLUMNS}",
    "moments and spans of a feature there": f"{analysis.MARKS}; {analysis.CUTS} cuts with their times",
    "media that a field of a run's form offers": f"{recipes.OFFERED}",
    "recipes read and plans worked out at the same time": f"{aside.AT_ONCE}, beside the event loop",
    "parts that are named for a plan": f"{windows.MOST:,}",
    "recipe in a list": f"{LISTED >> 10} KiB of text",
    "plan": f"{plan_document.MAX_PLAN_BYTES >> 20} MiB, {plan_document.MAX_STEPS:,} steps",
    "result of a step": f"{rules.MAX_DURATION} s, {rules.MAX_SIDE} pixels a side, {shapes.MAX_RATE} frames a second",
    "seconds of a segment": f"{boundaries.LEAST} to {boundaries.MOST}",
    "what is made in segments": f"{segments.SHORTEST} s and more",
    "rounds of a LOOP that begin a segment each": f"{boundaries.ROUNDS:,}",
    "seconds that each frame of a segment may depend on": f"{windows.REMEMBERED}",
    "files that a worker keeps open between parts of a pass": (
        f"{shelf.PLACES}, for {jobs.REST_SECONDS:g} s without a job"
    ),
    "codecs of a live stream": "H.264 and H.265, with AAC or without sound",
    "a part of a live stream that is not there yet": f"asked for again after {watching.RETRY_AFTER} s",
    "viewers of a run who wait for a part of it": f"{wants.VIEWERS}, each for {wants.PATIENCE:g} s after they asked",
    "runs of other nodes whose viewers here wait for parts of them": f"{afar.RUNS}; told to the other node within "
    f"{afar.PAUSE + membership.LONGEST_PAUSE:g} s",
    "plans of which is remembered what there is to watch": f"{watching.FILMS}",
    "headers of a part of a live stream": (
        f"{boxes.HEADERS >> 20} MiB, {boxes.PACKETS:,} packets, and no more bytes of them than the file has"
    ),
    "fragments of live streams built at once": f"{watching.AT_ONCE}",
    "what a fragment holds of a track": (
        f"{fragments.PIECES:,} packets, {fragments.LARGEST >> 30} GiB; {fragments.RATE:,} samples a second"
    ),
    "silence in a live stream after its sound has ended": f"{fragments.QUIET:,} packets",
    "sounds of live streams of which it is remembered where their packets are": f"{fragments.FILES}",
    "pieces of a beat sync": f"{beat_sync.MAX_PIECES:,}",
    "media file": f"{media.MAX_STREAMS} streams, {media.MAX_PIXELS} pixels, {media.MAX_SECONDS} s",
    "GIF": f"{deliveries.GIF_RATE} frames a second, {deliveries.SIDES['gif'][1]} pixels a side",
    "previews being made": f"{previews.MOST_PENDING}, {previews.PENDING_EACH} of one user",
    "wait for a preview": f"{previews.PATIENCE:g} s",
    "failed previews remembered": f"{previews.MOST_FAILURES}",
    "pictures of a video": f"{media.MAX_SIDE} pixels a side, {clock.MAX_FRAMES} frames",
    "processor time of a probe": f"{tasks.PROBE_SECONDS} s",
    "memory of a worker": "`worker_memory_bytes`",
    "deaths of workers by one step": f"{dispatch.DEATHS}",
    "tries of a failure that may pass": f"{dispatch.ATTEMPTS}",
    "no progress of a job": f"{dispatch.Limits().stalled:g} s",
    "silence of a worker": f"{dispatch.Limits().lease:g} s",
    "result of a worker elsewhere": f"{limits.LARGEST_FILE >> 40} TiB, and what `reserve_bytes` leaves",
    "inputs that workers elsewhere keep": f"`--cache-bytes`, else {depot.MOST_BYTES >> 30} GiB",
    "inputs of a job fetched at once": f"{carrier.AT_ONCE}",
    "tries of a transfer that gets no further": f"{len(carrier.WAITS) + 1}, in {sum(carrier.WAITS):g} s and more",
    "stopping a cancelled job": f"{dispatch.Limits().stop:g} s",
    "`POST /api/plan`": f"{service.PLAN_DEADLINE:g} s",
    "plans being made": f"{service.PLANS}, {service.PLANS_EACH} of one user",
    "runs being rendered again to verify them": f"{reproducing.MOST}, {reproducing.MOST_EACH} of one user",
    "an `Idempotency-Key` is known": f"{keys.LIFE.total_seconds() / 3600:g} h",
    "keys of retries that are known": f"{keys.RETRIES:,}",
    "events kept for a run": f"{events.RING}",
    "event streams": f"{sse.STREAMS}, {sse.STREAMS_EACH} of one user",
    "uploads at once": f"{uploads.UPLOADS}, {uploads.UPLOADS_EACH} of one user",
    "uploads that a page sends at once": script("uploads/queue", "AT_ONCE"),
    "words of a search among media": str(WORDS),
    "runs that a medium's page names": f"{lineage.MAKERS} that made it, {lineage.USERS} that used it",
    "media of one user": "`user_quota_bytes`",
    "connections": f"{connections.MOST}; no more than (file descriptors - {connections.SPARE}) / 2",
    "file descriptors that connections leave free": f"{connections.KEPT}, or a quarter of what the process may have",
    "waiting for a request, whole or in parts": f"{server.IDLE:g} s",
    "a reader that takes nothing": f"{server.STALL_MS / 1000:g} s",
    "a plugin's hook": f"{manager.DEADLINE:g} s",
    "a plugin's route": f"{plugged.SECONDS:g} s",
    "routes of a plugin": f"{access.MOST}",
    "a sign-in at the identity provider": f"{authority.REDEEM_SECONDS:g} s; {authority.REDEEMED_AT_ONCE} at once, "
    "others wait within it",
    "whether the identity provider answers, before a browser is sent there": f"{authority.CHECK_SECONDS:g} s",
    "publishing, withdrawing": f"{publishing.SECONDS:g} s",
    "login addresses that wait to be used": f"{authority.TICKETS}; {authority.TICKETS_EACH} of one user",
    "sessions of one user": f"{sessions.EACH}",
    "tokens of one user": f"{tokens.MOST} good, {tokens.MADE:,} with those that ended less than "
    f"{tokens.KEPT.days} days ago",
    "wrong tokens from one address": f"{attempts.MOST} a minute",
    "connections to the database": f"{opening.POOL}; who finds none waits {opening.POOL_SECONDS} s, "
    f"with SQLite {opening.BUSY_SECONDS} s",
    "a database that is away": f"{trouble.PATIENCE:g} s; {opening.COMMAND_SECONDS} s if it falls silent in a statement",
    "another's lock on the SQLite file": f"{opening.BUSY_SECONDS} s",
    "start while PostgreSQL starts": f"{opening.START_SECONDS} s",
    "storage providers": f"{storage.MOST}, {storage.MOST_EACH} of one user",
    "copies that one provider is sent at once": f"{providers.AT_ONCE}; those of single users {lanes.OWN_AT_ONCE} "
    "together",
    "a call of a provider": f"{CALL:g} s, and as much again for each {providers.RATE / 1e6:g} MB to save; "
    f"{CALL:g} s for the next chunk of a read",
    "a provider's failures in a row": f"{circuit.FAILURES}",
    "a copy that failed": f"{lanes.FIRST_WAIT:g} s, doubled up to {lanes.LONGEST_WAIT:g} s",
    "calls of other servers at once": f"{outbound.AT_ONCE}, {outbound.RESOLVERS} of them resolving names",
    "a call of another server": f"{ASKED['seconds'].default:g} s, {ASKED['limit'].default >> 10} KiB of answer, "
    "unless the caller says otherwise",
    "address to call": f"{addresses.LONGEST} characters; {exchange.MOST_ADDRESSES} of its IP addresses are tried",
    "head of another server's answer": f"{exchange.HEADER_BYTES >> 10} KiB",
    "fetches from IPFS": f"{fetching.FETCHES}, {fetching.FETCHES_EACH} of one user; {fetching.FETCH_SECONDS:g} s each",
    "a file that is fetched from IPFS": f"`max_upload_bytes`; blocks of {gateway.BLOCK >> 20} MiB, "
    f"{reach.DEPTH} levels",
    "a block from IPFS": f"{reach.BLOCK_SECONDS:g} s from each source, {reach.AHEAD} at once for one file",
    "IPFS node takes an upload": f"{library.IPFS_SECONDS:g} s, and a second for each MB",
    "IPFS first: the IPFS node is away": f"{replication.PRIMARY_SECONDS:g} s",
    "damaged files in `cache/quarantine`": f"{quarantine.MOST}, {quarantine.MOST_BYTES >> 30} GiB",
    "items of a list": "100",
}


@pytest.mark.parametrize("limit", LIMITS)
def test_limits(pages, limit: str):
    assert {row[0]: row[1] for row in pages.table(PAGE, "limit")}[limit] == LIMITS[limit]


def test_no_limit_is_made_up(pages):
    assert {row[0] for row in pages.table(PAGE, "limit")} == set(LIMITS)
    assert f"{EX_CONFIG} when its settings" in pages[PAGE]
