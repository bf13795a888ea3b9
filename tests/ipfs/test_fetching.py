"""Content by any CID: what others have on IPFS is fetched and verified; what is another's here stays theirs."""

from __future__ import annotations

import random

import httpx

from artdagd.cid import CID, cid_of_bytes
from artdagd.node import Node
from tests.kubo import Kubo
from tests.nodes import Person

MIB = 1 << 20
LAYOUTS = (
    (),
    ("--cid-version=1", "--chunker=size-1048576", "--max-file-links=1024"),
    ("--cid-version=0", "--chunker=rabin-16384-65536-131072"),
    ("--cid-version=1", "--trickle", "--chunker=size-20000"),
    ("--cid-version=1", "--raw-leaves=false", "--max-file-links=3", "--chunker=size-100000"),
)


def bytes_of(seed: object, size: int) -> bytes:
    return random.Random(str(seed)).randbytes(size)


async def somebody(node: Node, person: Person, name: str, **about: object) -> httpx.AsyncClient:
    token = (await person.http.post("/auth/tokens", json={"owner": name, "name": name, **about})).json()["token"]
    return httpx.AsyncClient(base_url=node.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


async def test_files_in_any_layout_are_fetched_once_and_by_part(node: tuple[Node, Person], ipfs: Kubo) -> None:
    _, person = node
    for index, layout in enumerate(LAYOUTS):
        for size in (1, 300_000) if layout else (0, 2 * MIB + 5):
            data = bytes_of(index, size)
            cid = ipfs.run("add", "--quieter", "--pin=false", *layout, data=data)
            answer = await person.http.get(f"/ipfs/{cid}/raw")
            assert answer.status_code == 200, (cid, answer.text)
            assert answer.content == data
            assert answer.headers["ETag"] == f'"{cid_of_bytes(data)}"'
    ipfs.run("block", "rm", "--force", cid)
    part = await person.http.get(f"/ipfs/{cid}/raw", headers={"Range": "bytes=7-9"})
    assert (part.status_code, part.content) == (206, data[7:10]), "it is here now, whether or not IPFS has it"
    assert (await person.http.get(f"/cache/{cid_of_bytes(data)}")).json()["size"] == len(data)
    other = str(CID.parse(cid).v1()).replace("bafy", "BAFY")
    assert (await person.http.get(f"/ipfs/{other}/raw")).status_code == 404, "that is no CID"


async def test_what_is_no_file_or_is_not_there_is_refused(node: tuple[Node, Person], ipfs: Kubo) -> None:
    _, person = node
    small = ipfs.run("add", "--quieter", "--wrap-with-directory", "--stdin-name=a", data=b"in a directory")
    (ipfs.folder / "many").mkdir()
    for number in range(20):
        (ipfs.folder / "many" / f"{number}").write_bytes(b"x")
    sharded = ipfs.run(
        "add", "--recursive", "--quieter", "--max-directory-links=2", "--max-hamt-fanout=8", str(ipfs.folder / "many")
    )
    for cid in (small, sharded):
        answer = await person.http.get(f"/ipfs/{cid}/raw")
        assert (answer.status_code, "directory" in answer.text) == (400, True), answer.text
    value = ipfs.run("dag", "put", "--store-codec=dag-pb", "--input-codec=dag-json", data=b'{"Links":[]}')
    assert (await person.http.get(f"/ipfs/{value}/raw")).status_code == 400
    missing = await person.http.get(f"/ipfs/{cid_of_bytes(b'nobody has this')}/raw")
    assert missing.status_code in (404, 503), missing.text


async def test_what_is_anothers_stays_so_and_what_was_fetched_is_everybodys(
    node: tuple[Node, Person], ipfs: Kubo
) -> None:
    served, person = node
    ada = await somebody(served, person, "ada")
    bob = await somebody(served, person, "bob")
    nobody = httpx.AsyncClient(base_url=served.url)
    reader = await somebody(served, person, "eve", scopes=["read"])
    try:
        private = (await ada.post("/cache/upload", files={"file": ("a", b"ada's own")})).json()["cid"]
        assert (await ada.get(f"/ipfs/{private}/raw")).content == b"ada's own"
        assert (await bob.get(f"/ipfs/{private}/raw")).status_code == 404
        public = ipfs.run("add", "--quieter", data=b"anybody's")
        assert (await reader.get(f"/ipfs/{public}/raw")).status_code == 403
        assert (await nobody.get(f"/ipfs/{public}/raw")).status_code == 401
        assert (await ada.get(f"/ipfs/{public}/raw")).content == b"anybody's"
        assert (await bob.get(f"/ipfs/{public}/raw")).content == b"anybody's"
        assert [one["cid"] for one in (await bob.get("/media")).json()["items"]] == [cid_of_bytes(b"anybody's")]
    finally:
        for one in (ada, bob, reader, nobody):
            await one.aclose()
