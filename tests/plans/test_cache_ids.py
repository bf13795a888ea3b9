"""Cache ids, to the byte: worked out here with nothing but json, hashlib and base64."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest

from artdagd.plans import cache_ids
from artdagd.work import Delivery

BASE: dict[str, Any] = {
    "step_type": "SPEED",
    "identity": ["bafyA"],
    "config": {"factor": 2.0, "keep_pitch": True},
    "inputs": ["bafyB"],
    "cluster": cache_ids.cluster_digest("k"),
}


def cid_of_json(text: str) -> str:
    """CIDv1, dag-json (0x0129 as a varint), sha2-256 (0x12), 32 bytes, base32 without padding."""
    raw = bytes([0x01, 0xA9, 0x02, 0x12, 0x20]) + hashlib.sha256(text.encode()).digest()
    return "b" + base64.b32encode(raw).decode().lower().rstrip("=")


def test_the_documented_vector() -> None:
    record = (
        '{"cluster":"8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a",'
        '"config":{"factor":2.0,"keep_pitch":true},"engine":4,"identity":["bafyA"],"inputs":["bafyB"],'
        '"type":"SPEED","v":1}'
    )
    assert cache_ids.cache_id(**BASE) == cid_of_json(record)
    assert cid_of_json(record) in (cache_ids.__doc__ or "")


def test_the_delivery_is_part_of_the_output_s_name() -> None:
    delivered = cache_ids.cache_id(**BASE, delivery=Delivery(crf=18, preset="slow"))
    record = {
        "cluster": BASE["cluster"],
        "config": BASE["config"],
        "delivery": {"crf": 18, "preset": "slow"},
        "engine": cache_ids.ENGINE,
        "identity": ["bafyA"],
        "inputs": ["bafyB"],
        "type": "SPEED",
        "v": 1,
    }
    assert delivered == cid_of_json(json.dumps(record, sort_keys=True, separators=(",", ":")))
    other = cache_ids.cache_id(**BASE, delivery=Delivery(crf=21))
    assert len({delivered, other, cache_ids.cache_id(**BASE)}) == 3


@pytest.mark.parametrize(
    "change",
    [
        {"step_type": "SEGMENT"},
        {"identity": ["bafyC"]},
        {"identity": ["bafyA", "bafyC"]},
        {"config": {"factor": 2.5, "keep_pitch": True}},
        {"config": {"factor": 2.0, "keep_pitch": False}},
        {"inputs": ["audio:bafyB"]},
        {"inputs": ["bafyB", "bafyB"]},
        {"cluster": ""},
        {"cluster": cache_ids.cluster_digest("l")},
    ],
)
def test_everything_that_shapes_the_result_is_in_the_name(change: dict[str, Any]) -> None:
    assert cache_ids.cache_id(**{**BASE, **change}) != cache_ids.cache_id(**BASE)


def test_the_order_of_keys_makes_no_difference_and_that_of_inputs_does() -> None:
    config = dict(reversed(BASE["config"].items()))
    assert cache_ids.cache_id(**{**BASE, "config": config}) == cache_ids.cache_id(**BASE)
    one, two = ({**BASE, "inputs": inputs} for inputs in (["x", "y"], ["y", "x"]))
    assert cache_ids.cache_id(**one) != cache_ids.cache_id(**two)


def test_the_cluster_key_is_not_recoverable() -> None:
    assert cache_ids.cluster_digest("") == ""
    assert cache_ids.cluster_digest("schlüssel") == hashlib.sha256("schlüssel".encode()).hexdigest()


def test_features_are_a_set() -> None:
    one, two = (
        cache_ids.analysis_cache_id(["i"], features, "bafyB", "")
        for features in (["energy", "beats"], ["beats", "energy", "beats"])
    )
    assert one == two
    assert one != cache_ids.analysis_cache_id(["i"], ["beats"], "bafyB", "")
    assert one != cache_ids.analysis_cache_id(["i"], ["beats", "energy"], "bafyC", "")
