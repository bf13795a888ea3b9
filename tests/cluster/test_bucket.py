"""Two nodes that have nothing in common but a database and a bucket of a real S3 service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from buckets import Copies, Gateway, gateway
from clips import numbered_clip

from artdagd.settings import Provider

RUN = {"effect": "blur", "config": {"sigma": 2}}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Gateway]:
    folder = tmp_path / "s3"
    folder.mkdir()
    with gateway(folder) as running:
        yield running


async def test_what_one_node_made_is_read_from_the_bucket_by_the_other(start, service: Gateway, tmp_path: Path):
    """``b`` has no workers: it renders nothing, and has no other way to the bytes of ``a``."""
    bucket = service.bucket()
    storage = (Provider("s3", "shared", msgspec.to_builtins(service.config(bucket))),)
    clip = numbered_clip(tmp_path / "clip.mp4", 25)
    async with start("a", storage=storage) as (_, a), start("b", workers=0, storage=storage) as (node, b):
        cid = await a.upload(clip)
        made = await a.run(inputs=[cid], **RUN)
        assert (made["status"], made["passes_run"]) == ("completed", 1), made
        await Copies(a.http).made(cid, made["output_cid"])
        again = await b.run(inputs=[cid], **RUN)
        assert (again["status"], again["output_cid"], again["passes_run"]) == ("completed", made["output_cid"], 0)

        shown = (await a.http.get(f"/cache/{made['output_cid']}/raw")).content
        assert (await b.http.get(f"/cache/{made['output_cid']}/raw")).content == shown
        assert (await b.http.get(f"/cache/{cid}/raw")).content == clip.read_bytes()

        # Bytes that went wrong there are not shown; the node that has good ones goes on showing them.
        (local,) = node.settings.cache.glob(f"blobs/*/{made['output_cid']}")
        local.unlink()
        there = service.root / bucket / made["output_cid"]
        there.write_bytes(b"!" + there.read_bytes()[1:])
        assert (await b.http.get(f"/cache/{made['output_cid']}/raw")).status_code == 502
        assert (await a.http.get(f"/cache/{made['output_cid']}/raw")).content == shown
