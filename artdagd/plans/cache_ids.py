"""Cache ids: the name of a computation, known before it runs.

A cache id is the CID (v1, dag-json, sha2-256, base32) of this record in canonical dag-json::

    {"v": 1, "engine": number, "type": step type, "identity": [CID, ...], "config": {...}, "inputs": [name, ...],
    "cluster": hex or ""}

``engine``
    The version of what all steps share: reading, clocks, filter graphs, encoding. A step's identity has its own module
    alone.
``identity``
    The CID of the step type's identity record; for EFFECT and ANALYZE followed by the effect's or the analyzer's, since
    both pieces of code shape the result.
``config``
    Canonical: every default filled in, floats where the type says float. An option left out and its default written
    out are the same computation.
``inputs``
    In the order of the step's ports: the cache id of a step; the CID of a recipe input; or ``audio:`` and
    ``AudioFacts.digest`` where a port that carries audio is fed by a recipe input, so that a song whose tags changed
    renders nothing again. A recipe input can't pass for a step: its bytes would have to be the step's record, which is
    text, and no port takes text.
``cluster``
    SHA-256 (hex) of the cluster key's UTF-8, or "" without one. Results are shared inside one trust domain alone.
``delivery``
    Present only for the plan's output: the fields of :class:`artdagd.delivery.Delivery` that don't stand at their
    defaults. The same step, once delivered and once an intermediate, is two artifacts with two names; so is an output
    delivered in two formats.

Test vector: type ``SPEED``, identity ``["bafyA"]``, config ``{"factor": 2.0, "keep_pitch": true}``, inputs
``["bafyB"]``, cluster key ``k``, no delivery, engine 4, is the record (one line, no newline at its end)::

    {"cluster":"8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a","config":{"factor":2.0,
    "keep_pitch":true},"engine":4,"identity":["bafyA"],"inputs":["bafyB"],"type":"SPEED","v":1}

and the cache id ``baguqeerazxv6jc5msqdg7qynz6urjqlcruf6xjdtapp735guq4yrhhxgu5eq``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from artdagd.cid import cid_of_value
from artdagd.work import Delivery

VERSION = 1

ENGINE = 4
"""To be raised whenever what steps share, in ``render/`` and ``steps/``, gives other bytes for the same plan or input.
A test fails when one of them changes, until it is recorded whether that was so."""


def cluster_digest(cluster_key: str) -> str:
    """What a cache id knows of the cluster key: its SHA-256 in hex, or "" for no key. The key itself is a secret."""
    return hashlib.sha256(cluster_key.encode()).hexdigest() if cluster_key else ""


def audio_name(digest: str) -> str:
    """The name of a recipe input's sound, from ``AudioFacts.digest``."""
    return f"audio:{digest}"


def cache_id(
    step_type: str,
    identity: Sequence[str],
    config: Mapping[str, Any],
    inputs: Sequence[str],
    cluster: str,
    delivery: Delivery | None = None,
) -> str:
    """The cache id of one computation. ``cluster`` is ``cluster_digest(key)``, ``inputs`` are names as above."""
    record: dict[str, Any] = {
        "v": VERSION,
        "engine": ENGINE,
        "type": step_type,
        "identity": list(identity),
        "config": dict(config),
        "inputs": list(inputs),
        "cluster": cluster,
    }
    if delivery is not None:
        record["delivery"] = msgspec.to_builtins(delivery)
    return cid_of_value(record)


def analysis_cache_id(identity: Sequence[str], features: Sequence[str], input_cid: str, cluster: str) -> str:
    """The cache id of ``features`` of one recipe input, in any order: of one analyzer's share of them, or, with the
    identities of all analyzers that take part, of an ANALYZE step."""
    return cache_id("ANALYZE", identity, {"features": sorted(set(features))}, [input_cid], cluster)
