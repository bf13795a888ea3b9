"""CIDs against published vectors, against js-ipfs (tests/vectors/cid.mjs), and against the library dag-cbor."""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dag_cbor as independent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multiformats import CID as IndependentCID

from artdagd.cid import (
    CID,
    DAG_JSON,
    DAG_PB,
    RAW,
    Imported,
    Importer,
    Profile,
    cid_of_bytes,
    cid_of_dag_json_bytes,
    cid_of_file,
    cid_of_value,
    dag_cbor,
    dag_json,
    names_file,
    read_dag_json,
)
from artdagd.cid.dag import MAX_DEPTH

MIB = 1 << 20
VECTORS = json.loads((Path(__file__).parent / "vectors" / "cid.json").read_text())
BLOCK = b"".join(hashlib.sha256(b"artdagd" + index.to_bytes(4, "big")).digest() for index in range(32768))


def made(size: int) -> Iterator[bytes]:
    """The bytes of tests/vectors/cid.mjs."""
    while size:
        part = BLOCK[:size]
        size -= len(part)
        yield part


def named(pieces: Iterator[bytes], profile: Profile | None = None) -> str:
    importer = Importer(profile) if profile else Importer()
    for piece in pieces:
        importer.update(piece)
    return importer.finish().cid


@pytest.mark.parametrize(
    ("data", "cid"),
    [
        (b"", "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
        (b"hello world", "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"),
    ],
)
def test_published_names_of_small_files(data: bytes, cid: str) -> None:
    assert cid_of_bytes(data) == cid


@pytest.mark.parametrize("vector", VECTORS["files"], ids=lambda vector: str(vector["size"]))
def test_js_ipfs_gives_files_the_same_name(vector: dict[str, Any]) -> None:
    assert named(made(vector["size"])) == vector["cid"]


@pytest.mark.parametrize(
    "vector",
    [pytest.param(v, id=str(v["size"]), marks=[pytest.mark.slow] * (v["size"] > 2 * MIB)) for v in VECTORS["kubo"]],
)
def test_kubo_gives_files_the_same_name(vector: dict[str, Any]) -> None:
    key = hashlib.sha256(vector["seed"].encode()).hexdigest()
    command = f"head -c {vector['size']} /dev/zero | openssl enc -chacha20 -K {key} -iv {'0' * 32}"
    with subprocess.Popen(["sh", "-c", command], stdout=subprocess.PIPE) as stream:
        assert stream.stdout is not None
        assert named(iter(lambda: stream.stdout.read(MIB), b"")) == vector["cid"]


@pytest.mark.parametrize("vector", VECTORS["trees"], ids=lambda v: "{size}-{chunk}-{links}-{raw_leaves}".format(**v))
def test_js_ipfs_builds_the_same_trees(vector: dict[str, Any]) -> None:
    profile = Profile("small", vector["chunk"], vector["links"], vector["raw_leaves"], int(vector["raw_leaves"]))
    assert named(made(vector["size"]), profile) == vector["cid"]


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_chunking_of_the_stream_does_not_matter(pieces: list[bytes]) -> None:
    small = Profile("small", 7, 3, True, 1)
    assert named(iter(pieces), small) == named(iter([b"".join(pieces)]), small)


def test_long_and_short_pieces_give_one_name() -> None:
    data = BLOCK + BLOCK[:5000]
    pieces = [data[:1], data[1 : MIB - 1], data[MIB - 1 : MIB + 1], data[MIB + 1 :]]
    importer = Importer()
    for piece in pieces:
        importer.update(bytearray(piece))
    assert importer.finish() == Imported(cid_of_bytes(data), len(data))


def test_a_file_is_named_and_recognised_by_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(BLOCK * 3)
    name = cid_of_file(path)
    assert name == cid_of_bytes(BLOCK * 3)
    assert names_file(CID.parse(name), path)
    old = next(vector["cid"] for vector in VECTORS["v0"] if vector["size"] == 3 * MIB)
    assert names_file(CID.parse(old), path)
    assert names_file(CID.parse(old).v1(), path)
    assert names_file(CID(1, RAW, hashlib.sha256(BLOCK * 3).digest()), path)
    path.write_bytes(BLOCK * 3 + b"!")
    assert not names_file(CID.parse(name), path)
    assert not names_file(CID.parse(old), path)


@pytest.mark.parametrize("vector", VECTORS["v0"], ids=lambda vector: str(vector["size"]))
def test_names_of_version_0_are_verified(vector: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(b"".join(made(vector["size"])))
    assert names_file(CID.parse(vector["cid"]), path)


def test_the_texts_of_one_cid() -> None:
    cid = CID.parse("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")
    assert str(cid) == "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"
    assert str(cid.v1()) == "bafybeif7ztnhq65lumvvtr4ekcwd2ifwgm3awq4zfr3srh462rwyinlb4y"
    assert CID.parse(str(cid.v1())) == cid.v1()


@given(st.binary(min_size=32, max_size=32), st.sampled_from([RAW, DAG_PB, DAG_JSON]))
def test_an_independent_library_reads_and_writes_the_same_texts(digest: bytes, codec: int) -> None:
    cid = CID(1, codec, digest)
    theirs = IndependentCID.decode(str(cid))
    assert bytes(theirs) == bytes(cid)
    for base in ("base32", "base58btc", "base16"):
        assert CID.parse(theirs.encode(base)) == cid


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "0"),
        ("b" + "a" * 200, "characters"),
        ("../../etc/passwd", "starts with neither"),
        ("Qm../../../../../../../../../../../../etc/passwd", "starts with neither"),
        ("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1Aw0H", "no base58 digit"),
        ("BAFKREIHDWDCEFGH4DQKJV67UZCMW7OJEE6XEDZDETOJUZJEVTENXQUVYKU", "starts with neither"),
        ("bAFKREIHDWDCEFGH4DQKJV67UZCMW7OJEE6XEDZDETOJUZJEVTENXQUVYKU", "lower-case base32"),
        ("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyk", "base32"),
        ("bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku\n", "base32"),
        ("b/../../etc/passwd", "base32"),
        ("f01551220zz", "base16"),
        ("f0155122000", "32 bytes, this one has 1"),
        ("f0255" + "1220" + "00" * 32, "version 2"),
        ("f0172" + "1220" + "00" * 32, "codec 0x72"),
        ("f0155" + "1340" + "00" * 64, "hash function 0x13"),
        ("f0155" + "0001" + "00", "hash function 0x00"),
        ("f81005512", "shortest form"),
        ("b", "cut off"),
        ("z", "cut off"),
        ("f", "cut off"),
    ],
)
def test_a_wrong_text_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        CID.parse(text)


@given(st.text(max_size=70))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        cid = CID.parse(text)
    except ValueError:
        return
    assert CID.parse(str(cid)) == cid


LINK = CID.parse("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH")
VALUES: list[Any] = [
    *(None, True, 0, -1, 1.5, 0.1, 1e21, 123456789012345, "", 'é\n"\\\u0001\u2028😀', [], {}, [1, [2, {"a": 3}]]),
    {"b": 1, "a": 2, "aa": 3, "B": 4, "é": 5},
    *(b"\x00\xff\x01", b"", LINK, {"link": LINK, "data": b"\x01"}, {"beats": [0.5, 1.0625, 2.25], "tempo": 120.5}),
]


@pytest.mark.parametrize("index", range(len(VALUES)))
def test_values_have_the_bytes_that_js_ipld_gives_them(index: int) -> None:
    assert len(VALUES) == len(VECTORS["encoded"])
    assert dag_json(VALUES[index]).decode() == VECTORS["encoded"][index]["json"]
    assert dag_cbor(VALUES[index]).hex() == VECTORS["encoded"][index]["cbor"]


DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(max_size=300),
    lambda inner: st.lists(inner, max_size=30) | st.dictionaries(st.text().filter(lambda key: key != "/"), inner),
    max_leaves=40,
)


@given(DATA)
def test_dag_cbor_agrees_with_an_independent_encoder(value: Any) -> None:
    assert dag_cbor(value) == independent.encode(value)


@given(DATA)
def test_dag_json_comes_back_as_it_was(value: Any) -> None:
    data = dag_json(value)
    assert repr(read_dag_json(data)) == repr(_sorted(value))
    assert dag_json(read_dag_json(data)) == data


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value, key=str.encode)}
    return [_sorted(item) for item in value] if isinstance(value, list) else value


def test_keys_are_sorted_by_their_bytes_and_nothing_is_padded() -> None:
    assert (
        dag_json({"😀": 1, "\uffee": 2, "b": {"z": 1.0, "a": (1, 2)}})
        == '{"b":{"a":[1,2],"z":1.0},"\uffee":2,"😀":1}'.encode()
    )
    assert cid_of_value({"b": 1, "a": 2}) == cid_of_value({"a": 2, "b": 1}) == cid_of_dag_json_bytes(b'{"a":2,"b":1}')
    assert cid_of_value({}).startswith("baguqee")


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"a": [1, math.nan]}, r"value\.a\[1\] is nan"),
        (math.inf, "finite"),
        (2**64, "64 bits"),
        ({1: 2}, "keys are text"),
        ({"a": {1}}, r"value\.a is a set"),
        (object(), "object"),
        ("\ud800", "surrogates"),
        (nested(200), "nested deeper"),
    ],
)
def test_a_value_without_canonical_form_is_refused(value: Any, reason: str) -> None:
    for encode in (dag_json, dag_cbor):
        with pytest.raises(ValueError, match=reason):
            encode(value)


def test_the_depth_has_one_bound_everywhere() -> None:
    assert read_dag_json(dag_json(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    assert dag_cbor(nested(MAX_DEPTH))
    for encode in (dag_json, dag_cbor, lambda value: read_dag_json(json.dumps(value).encode())):
        with pytest.raises(ValueError, match="nested deeper"):
            encode(nested(MAX_DEPTH + 1))


def test_the_reserved_key_is_refused() -> None:
    with pytest.raises(ValueError, match="reserves"):
        dag_json({"a": {"/": "x"}})


@pytest.mark.parametrize("data", [b"", b"{", b"NaN", b'{"/":1}', b'{"/":"../x"}', b"[" * 5000, b"[" * 200 + b"]" * 200])
def test_bytes_that_are_no_dag_json_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_dag_json(data)
