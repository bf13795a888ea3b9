"""What a user gets wrong ends in a message that names the thing and the remedy, and in a code; never in a trace."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import Daemon, ctl, well


def refused(done: object, code: int, *said: str) -> None:
    assert done.returncode == code, done  # type: ignore[attr-defined]
    for words in said:
        assert words in done.stderr  # type: ignore[attr-defined]
    assert "Traceback" not in done.stderr  # type: ignore[attr-defined]
    assert done.stdout == ""  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("stauts", "Did you mean 'status'?"),
        ("run nowhere.yaml", "no such file: nowhere.yaml"),
        ("run folder/recipe", "no such file: folder/recipe"),
        ("run soft.yaml --input clip", "--input clip: expected NAME=VALUE"),
        ("run soft.yaml --input clip=a --input clip=b", "--input clip is given twice"),
        ("run soft.yaml --input clip=nowhere.mp4", "nowhere.mp4: no such file here"),
        ("run soft.yaml --input clip=here", "here is a folder"),
        ("run huge.yaml", "at most 1 MiB"),
        ("render invert", "Missing argument 'INPUT"),
        ("render invert here/nowhere.mp4", "here/nowhere.mp4: no such file"),
        ("runs list --status done", "'done' is not one of"),
        ("runs list --limit 101", "101 is not in the range"),
        ("cache get nonsense", "not a CID: 'nonsense'"),
        ("cache get bafkreigphfqe2rs2q4aemnj4w2wiek4uoq4r2mabcmeyhiefxa4p7cntyq -o here/no/x", "there is no folder"),
        ("cache get bafkreigphfqe2rs2q4aemnj4w2wiek4uoq4r2mabcmeyhiefxa4p7cntyq -o here", "here is not a file"),
        ("cache get bafkreigphfqe2rs2q4aemnj4w2wiek4uoq4r2mabcmeyhiefxa4p7cntyq -o /dev/null", "not a file"),
        ("cache put nowhere.mp4", "'nowhere.mp4' does not exist"),
        ("recipes check nowhere.yaml", "'nowhere.yaml' does not exist"),
    ],
)
def test_wrong_usage_is_2(
    idle: Daemon, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, said: str
):
    monkeypatch.chdir(tmp_path)
    Path("here").mkdir()
    Path("soft.yaml").write_bytes(recipe.read_bytes())
    Path("huge.yaml").write_bytes(b"#" * (1 << 20) + b"\n")
    refused(idle.ctl(*words.split()), 2, said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("run Žižkow --input clip=CLIP", "did you mean 'Žižkov'?"),
        ("run RECIPE", "input 'clip' (video) is missing: --input clip=FILE"),
        ("run RECIPE --input clop=CLIP", "unknown input 'clop'; did you mean 'clip'?"),
        ("run RECIPE --input clip=CLIP --param deth=1", "unknown param 'deth'; did you mean 'depth'?"),
        ("render blr CLIP", "unknown effect 'blr'; did you mean 'blur'?"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_uploaded(
    idle: Daemon, recipe: Path, tmp_path: Path, words: str, said: str
):
    well(idle.ctl("recipes", "upload", recipe))
    clip = tmp_path / "never-uploaded.mp4"
    clip.write_text("x")
    given = [word.replace("CLIP", str(clip)).replace("RECIPE", str(recipe)) for word in words.split()]
    refused(idle.ctl(*given), 1, said)
    assert json.loads(well(idle.ctl("cache", "list", "-q", clip.name, "--json")))["items"] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("render blur CLIP --param sgma=3", "unknown parameter 'sgma'; did you mean 'sigma'?"),
        ("render blur CLIP --param sigma=NaN", "sigma"),
        ("render blur CLIP CLIP", "takes one input"),
        ("run RECIPE --input clip=CLIP --param depth=99", "more than the maximum 9"),
        ("run RECIPE --input clip=bafkreigphfqe2rs2q4aemnj4w2wiek4uoq4r2mabcmeyhiefxa4p7cntyq", "no blob bafkreig"),
        ("runs show run-nope", "no run run-nope here"),
        ("runs show ..", "no run .. here"),
        ("runs cancel ../../cache", "nothing has this address here"),
        ("runs retry run-nope", "artdagctl runs list shows what there is"),
        ("recipes show nope", "no recipe 'nope' here"),
        ("recipes delete a/b?c#d", "nothing has this address here"),
        ("cache show bafkreigphfqe2rs2q4aemnj4w2wiek4uoq4r2mabcmeyhiefxa4p7cntyq", "bafkreig"),
    ],
)
def test_what_the_node_refuses_is_1_with_its_words(idle: Daemon, clip: Path, recipe: Path, words: str, said: str):
    given = [word.replace("CLIP", str(clip)).replace("RECIPE", str(recipe)) for word in words.split()]
    done = idle.ctl(*given)
    assert done.returncode == 1, done
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    if " " in said:  # one message says a thing once
        assert done.stderr.count(said) == 1
    assert done.stdout == ""


@pytest.mark.parametrize("url", ["nonsense", "ftp://host", "http://", "http://[::1", "http://host:port"])
def test_an_address_that_is_none_is_2(tmp_path: Path, url: str):
    refused(ctl(tmp_path, "status", ARTDAG_URL=url), 2, f"ARTDAG_URL is {url!r}", "http://HOST:PORT")


def test_a_node_that_is_not_there_is_3(tmp_path: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
        (tmp_path / "address").write_text(f"http://127.0.0.1:{port}\n")
        refused(ctl(tmp_path, "status"), 3, f"no answer from http://127.0.0.1:{port}: Connection", "artdagd serve")
        url = f"http://127.0.0.1:{port}/"
        refused(ctl(tmp_path, "status", ARTDAG_URL=url), 3, url.rstrip("/"), "Check ARTDAG_URL")


@pytest.mark.parametrize(
    ("body", "status"), [(b"<html>", 200), (b"[]", 200), (b"<html>", 503), (b"{}", 404), (b"{}", 301), (b"", 200)]
)
def test_something_else_that_answers_is_3(tmp_path: Path, stranger: Callable[..., str], body: bytes, status: int):
    url = stranger(body, status=status)
    refused(ctl(tmp_path, "status", ARTDAG_URL=url), 3, url, f"answered {status}", "not as an artdagd node does")


def test_a_node_that_starts_is_3(tmp_path: Path, stranger: Callable[..., str]):
    url = stranger(b'{"status": "draining", "version": "1"}', status=503, media_type="application/json")
    refused(ctl(tmp_path, "status", ARTDAG_URL=url), 3, f"{url} is draining", "Try again")


@pytest.mark.parametrize("token", ["wrong", "wröng", "two words", "a\nb", "x" * 5000])
def test_a_wrong_token_is_4(idle: Daemon, token: str):
    done = idle.ctl("runs", "list", ARTDAG_TOKEN=token)
    refused(done, 4, "token", "ARTDAG_TOKEN")
    assert token not in done.stderr or token == "wrong"


def test_no_token_is_4(idle: Daemon, tmp_path: Path):
    refused(ctl(tmp_path, "runs", "list", ARTDAG_URL=idle.url), 4, "needs a token", "Set ARTDAG_TOKEN")


def test_the_admin_token_goes_to_this_machine_alone(idle: Daemon, monkeypatch: pytest.MonkeyPatch):
    import httpx

    from artdagd.cli.client import Client

    sent: dict[str, str | None] = {}

    def note(self: httpx.Client, **options: object) -> None:
        sent[str(options["base_url"])] = options["headers"].get("Authorization")  # type: ignore[attr-defined]

    monkeypatch.setattr(httpx.Client, "__init__", note)
    monkeypatch.setenv("ARTDAG_HOME", str(idle.home))
    monkeypatch.delenv("ARTDAG_TOKEN", raising=False)
    secret = "Bearer " + (idle.home / "admin-token").read_text().strip()
    for url in ("", "http://localhost:1", "http://[::1]:2"):
        monkeypatch.setenv("ARTDAG_URL", url)
        Client()
    for url in ("http://node.example:8100", "https://10.0.0.7"):
        monkeypatch.setenv("ARTDAG_URL", url)
        Client()
    assert list(sent.values()) == [secret, secret, secret, None, None]


CID = "bafkreigphfqe2rs2q4aemnj4w2wiek4uoq4r2mabcmeyhiefxa4p7cntyq"


@pytest.mark.parametrize(("length", "code", "said"), [(None, 1, "is not bafkreig"), (99, 3, "no answer")])
def test_a_download_that_is_wrong_or_cut_off_leaves_the_old_file(
    tmp_path: Path, stranger: Callable[..., str], length: int | None, code: int, said: str
):
    target = tmp_path / "result.mp4"
    target.write_text("older")
    url = stranger(b"other bytes", media_type="video/mp4", length=length)
    refused(ctl(tmp_path, "cache", "get", CID, "-o", target, ARTDAG_URL=url), code, said)
    assert target.read_text() == "older"
    assert [file.name for file in tmp_path.iterdir()] == ["result.mp4"]
