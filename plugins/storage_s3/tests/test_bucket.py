"""What is the bucket's own: objects, wrong settings in plain words, retries, large blobs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import botocore.auth
import msgspec
import pytest
from artdagd_storage_s3 import Bucket, S3Config, artdag_storage_types, bucket, client, upload
from artdagd_storage_s3.upload import PART
from gateways import Gateway, gateway

from artdagd.cid import cid_of_file
from artdagd.hooks import finishing
from artdagd.testing import Made, make, read, sparse
from artdagd.testing.storage import listed
from artdagd.testing.storage_faults import OPERATIONS
from tests.remotes import remote

MIB = 1 << 20
Opening = Callable[..., Bucket]
SECRET = {"secret_access_key": "the secret half of another"}
NONE = b"HTTP/1.1 %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def answer(status: bytes, code: str, more: str = "") -> bytes:
    body = f"<Error><Code>{code}</Code><Message>said so</Message>{more}</Error>".encode()
    head = b"HTTP/1.1 %b\r\nContent-Type: application/xml\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
    return head % (status, len(body)) + body


@pytest.fixture
async def opened() -> AsyncIterator[Callable[..., Bucket]]:
    """Opens a bucket that is closed at the end."""
    backends: list[Bucket] = []

    def opening(config: S3Config, **options: float) -> Bucket:
        backends.append(Bucket(config, **options))
        return backends[-1]

    yield opening
    for backend in backends:
        await backend.close()


async def call(backend: Bucket, operation: str, made: Made) -> None:
    if operation == "load":
        await read(backend, made.cid)
    elif operation == "list":
        await listed(backend)
    else:
        await getattr(backend, operation)(made.cid, *([made.path] if operation == "save" else []))


async def told(backend: Bucket, made: Made) -> set[str]:
    """What each of the five calls says."""
    said = set()
    for operation in OPERATIONS:
        with pytest.raises(OSError) as caught:
            await call(backend, operation, made)
        said.add(str(caught.value))
    return said


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"bucket": "no-such-bucket"}, "there is no bucket 'no-such-bucket'"),
        ({"access_key_id": "nobody"}, "the access key is not known there"),
        (SECRET, "correct secret_access_key"),
        ({"port": 1}, "can't be reached"),
        ({"endpoint_url": "https://127.0.0.1:{port}"}, "TLS failed"),
    ],
)
async def test_a_wrong_setting_is_named(
    opened: Opening, service: Gateway, tmp_path: Path, wrong: dict[str, str], words: str
) -> None:
    wrong = {k: v.format(port=service.port) if isinstance(v, str) else v for k, v in wrong.items()}
    bucket = wrong.pop("bucket", None) or service.bucket()
    config = service.config(bucket, **wrong)
    for said in await told(opened(config, timeout=5, attempts=1), make(tmp_path, 10)):
        assert words in said
        assert config.secret_access_key not in said


async def test_a_wrong_clock_is_named(
    opened: Opening, service: Gateway, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = botocore.auth.get_current_datetime
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *a, **k: now(*a, **k) + timedelta(hours=1))
    for said in await told(opened(service.config(service.bucket())), make(tmp_path, 10)):
        assert "the clock of this machine is wrong" in said


async def test_a_wrong_region_is_found_out(opened: Opening, service: Gateway, tmp_path: Path) -> None:
    backend = opened(service.config(service.bucket(), region="eu-west-3"))
    made = make(tmp_path, 10)
    await backend.save(made.cid, made.path)
    assert await read(backend, made.cid) == made.data


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer(b"403 Forbidden", "AccessDenied"), "it needs s3:GetObject"),
        (answer(b"400 Bad Request", "InvalidRegion"), "is in another region than 'us-east-1'"),
        (answer(b"400 Bad Request", "ExpiredToken"), "session token"),
        (answer(b"503 Slow Down", "SlowDown"), "overloaded"),
        (answer(b"418 Teapot", "ShortAndStout"), "ShortAndStout"),
        (NONE % b"503 Service Unavailable", "overloaded"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\n<a>", "Internal Server Error"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "the connection failed"),
    ],
)
async def test_what_the_service_says_is_told(opened: Opening, said: bytes, words: str) -> None:
    async with remote(said) as server:
        config = S3Config(
            bucket="art", access_key_id="a", secret_access_key="hidden", endpoint_url=f"http://127.0.0.1:{server.port}"
        )
        backend = opened(config, timeout=5, attempts=2)
        with pytest.raises(OSError, match=words) as caught:
            await listed(backend)
        assert "hidden" not in str(caught.value)
        passes = "overloaded" in words or "failed" in words or "Error" in words
        assert len(server.heads) == (2 if passes else 1)


async def test_objects_are_named_by_cid_below_the_prefix_and_say_so(
    opened: Opening, service: Gateway, tmp_path: Path
) -> None:
    bucket = service.bucket()
    backend = opened(service.config(bucket, prefix="a/b/"))
    one, parts = make(tmp_path, 10), make(tmp_path, PART + 1)
    for made in (one, parts):
        await backend.save(made.cid, made.path)
        path = service.root / bucket / "a" / "b" / made.cid
        assert path.read_bytes() == made.data
        assert f'{{"cid":"{made.cid}"}}'.encode() in [os.getxattr(path, name) for name in os.listxattr(path)]
    (service.root / bucket / "a" / "b" / "somebody-elses").write_text("x")
    (service.root / bucket / one.cid).write_text("x")
    assert sorted(await listed(backend)) == sorted([one.cid, parts.cid])


async def test_more_objects_than_a_page_are_listed(opened: Opening, service: Gateway, tmp_path: Path) -> None:
    bucket = service.bucket()
    made = [make(tmp_path, 4, seed).cid for seed in range(1005)]
    for cid in made:
        (service.root / bucket / cid).write_bytes(b"")
    backend = opened(service.config(bucket))
    assert sorted(await listed(backend)) == sorted(made)


async def test_one_that_is_there_is_not_written_again(opened: Opening, service: Gateway, tmp_path: Path) -> None:
    bucket, made = service.bucket(), make(tmp_path, 10)
    backend = opened(service.config(bucket))
    await backend.save(made.cid, made.path)
    before = (service.root / bucket / made.cid).stat()
    await backend.save(made.cid, made.path)
    after = (service.root / bucket / made.cid).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    "wrong",
    [
        {"bucket": "../up"},
        {"bucket": "a/b"},
        {"endpoint_url": "ftp://x"},
        {"endpoint_url": "http://user:pass@host"},
        {"endpoint_url": "http://host/path"},
        {"prefix": "/a"},
        {"prefix": "a//b"},
        {"prefix": "a\n"},
        {"region": "a b"},
        {"secret_access_key": ""},
        {"other": 1},
    ],
)
def test_a_config_that_can_not_be_is_refused(wrong: dict[str, object]) -> None:
    right = {"bucket": "art", "access_key_id": "a", "secret_access_key": "b"}
    msgspec.convert(right, S3Config)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(right | wrong, S3Config)


def test_secrets_are_marked_and_not_printed() -> None:
    (kind,) = artdag_storage_types()
    fields = msgspec.json.schema(kind.config)["$defs"]["S3Config"]["properties"]
    assert {name for name in fields if fields[name].get("writeOnly")} == {"secret_access_key", "session_token"}
    config = S3Config(bucket="art", access_key_id="a", secret_access_key="hidden", session_token="hidden")
    assert "hidden" not in repr(config) + repr(Bucket(config))


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    code = (
        "import sys, artdagd_storage_s3 as s;"
        "s.Bucket(s.S3Config(bucket='art', access_key_id='a', secret_access_key='b'));"
        "print([m for m in ('botocore', 'aiobotocore', 'aiohttp') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"


def test_the_readme_tells_the_bounds() -> None:
    page = " ".join((Path(__file__).parents[1] / "README.md").read_text().split())
    assert f"Up to {upload.PART >> 20} MiB go in one request, more in parts of {upload.PART >> 20} MiB" in page
    assert f"beyond {upload.PART * upload.MOST_PARTS // 10**9 // 10 * 10} GB" in page
    assert f"nothing happens for {bucket.TIMEOUT:g} s fails" in page
    assert f"tried {bucket.ATTEMPTS} times in all" in page
    assert f"{client.CONNECTIONS} connections at most" in page
    assert f"waits at most {finishing.STOPPING_SECONDS:g} s" in page
    assert set(S3Config.__struct_fields__) == {
        name for row in re.findall(r"\| (`[^|]*) \|", page) for name in re.findall(r"`(\w+)`", row)
    } & set(S3Config.__struct_fields__)


def _peak() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) << 10


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("gigabytes", [2, 8])
async def test_gigabytes_go_through_little_memory(opened: Opening, tmp_path: Path, gigabytes: int) -> None:
    cid, path = sparse(tmp_path, gigabytes * 1024 * MIB)
    (tmp_path / "service").mkdir()
    with gateway(tmp_path / "service", sidecar=True) as service:
        backend = opened(service.config(service.bucket()))
        await backend.size(cid)
        Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
        before = _peak()
        await backend.save(cid, path)
        saved = _peak() - before
        back = tmp_path / "back"
        with back.open("wb") as file:
            async for chunk in backend.load(cid):
                file.write(chunk)
        loaded = _peak() - before
        print(f"\n{gigabytes} GiB: {saved / MIB:.1f} MiB more after saving, {loaded / MIB:.1f} MiB after loading")
        assert cid_of_file(back) == cid
        assert loaded < 64 * MIB
        await backend.delete(cid)
        back.unlink()
