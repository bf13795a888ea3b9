"""The one-file client before something that is no node: the token stays, and nothing half-written does."""

from __future__ import annotations

import datetime
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from one_file import OneFile, refused, well

from artdagd.cid import cid_of_bytes

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def stranger(
    answer: Answer, context: ssl.SSLContext | None = None
) -> Iterator[tuple[str, list[tuple[str, dict[str, str]]]]]:
    """Something else that listens; its address, and the requests that came."""
    seen: list[tuple[str, dict[str, str]]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append((self.path, dict(self.headers)))
            answer(self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def say(status: int, body: bytes = b"", **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def test_no_redirect_takes_the_token_elsewhere(asking: OneFile, tmp_path: Path):
    with stranger(say(200, b"{}")) as (there, taken):
        for status in (301, 302, 303, 307, 308):
            with stranger(say(status, Location=f"{there}/runs")) as (here, asked):
                for words in (["runs", "list"], ["get", cid_of_bytes(b"x"), "-o", "x"], ["runs", "show", "r"]):
                    refused(asking(*words, ARTDAG_URL=here), 3, f"answered {status}", "not as an artdagd node does")
                assert len(asked) == 3
                assert all(headers["Authorization"] == f"Bearer {asking.token}" for _, headers in asked)
    assert taken == []
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_no_proxy_gets_the_token(asking: OneFile, variable: str):
    with stranger(say(200, b"{}")) as (proxy, taken):
        well(asking("status", **{variable: proxy}))
    assert taken == []


def test_following_goes_on_after_the_last_event_seen(asking: OneFile):
    run = {"run_id": "r", "status": "running", "output_cid": None, "error": None, "steps": []}
    event = b'id: 7\nevent: progress\ndata: {"fraction": 0.5}\n\n: heartbeat\n\nid: 8\nevent: log\ndata: {}\n\n'
    last: list[str | None] = []

    def answer(handler: BaseHTTPRequestHandler) -> None:
        if handler.path.endswith("/events"):
            last.append(handler.headers.get("Last-Event-ID"))
            say(200, event, Content_Length="999" if len(last) == 1 else str(len(event)))(handler)  # once cut off
        else:
            say(200, json.dumps({**run, "status": "completed" if len(last) == 3 else "running"}).encode())(handler)

    with stranger(answer) as (url, _):
        assert (
            json.loads(well(asking("runs", "show", "r", "--follow", "--json", "--url", url)))["status"] == "completed"
        )
    assert last == [None, "8", "8"]


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (say(200, b"other bytes"), 1, "nothing was saved"),
        (say(200, b"cut", Content_Length="99"), 3, "after 3 of 99 bytes"),
        (say(206, b"x", Content_Range="bytes 0-0/9"), 3, "not as an artdagd node does"),
        (say(404, b"<html>"), 3, "not as an artdagd node does"),
        (say(500, b"[]"), 3, "not as an artdagd node does"),
        (say(409, b'{"title": "Bad", "detail": "\\u001b[31mred"}'), 1, "Bad: \\x1b[31mred"),
    ],
)
def test_a_download_that_is_wrong_or_cut_off_leaves_the_old_file(
    asking: OneFile, tmp_path: Path, answer: Answer, code: int, said: str
):
    target = tmp_path / "result.mp4"
    target.write_text("older")
    with stranger(answer) as (url, _):
        refused(asking("get", cid_of_bytes(b"x"), "-o", target, "--url", url), code, said)
    assert target.read_text() == "older"
    assert {file.name for file in tmp_path.iterdir()} == {"result.mp4", "artdag.py"}


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"items": 3}', b"\xff"])
@pytest.mark.parametrize("words", ["status", "runs list", "run x", "render blur x.mp4"])
def test_an_answer_of_another_shape_is_3(asking: OneFile, tmp_path: Path, words: str, body: bytes):
    (tmp_path / "x.mp4").touch()
    with stranger(say(200, body)) as (url, _):
        refused(asking(*words.split(), "--url", url), 3, url)


def test_a_certificate_that_nobody_signed_or_for_another_name_is_3(asking: OneFile, tmp_path: Path):
    certificate = self_signed(tmp_path / "certificate.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with stranger(say(404, b"<html>"), context) as (url, taken):
        there = url.replace("http://127.0.0.1", "https://localhost")
        refused(asking("status", "--url", there), 3, "certificate")
        trusted = {"SSL_CERT_FILE": str(certificate)}
        refused(asking("status", "--url", there.replace("localhost", "127.0.0.1"), **trusted), 3, "certificate")
        assert taken == []
        refused(asking("status", "--url", there, **trusted), 3, "answered 404")
        assert len(taken) == 1


def self_signed(file: Path) -> Path:
    """A key and a certificate for ``localhost`` that no authority vouches for."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form, pem = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM
    file.write_bytes(key.private_bytes(pem, form, serialization.NoEncryption()) + certificate.public_bytes(pem))
    return file
