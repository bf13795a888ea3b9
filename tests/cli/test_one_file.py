"""The way of a user who has a token and Python, and nothing else."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import threading
from pathlib import Path

import pytest
from nodes import EXAMPLES
from one_file import BARE, OneFile, refused, well
from processes import Daemon
from test_following import read_until
from test_following import rest as what_follows

from artdagd.cid import cid_of_bytes, cid_of_file
from artdagd.cid.unixfs import KNOWN_PROFILES, Importer
from artdagd.web.client import artdag

FOOTAGE = EXAMPLES / "media" / "bunny.mp4"


def test_a_recipe_is_run_and_its_result_comes_back(client: OneFile, node: Daemon, tmp_path: Path):
    assert json.loads(well(client("status", "--json")))["url"] == node.url
    assert well(client("put", FOOTAGE)) == f"{cid_of_file(FOOTAGE)}  {FOOTAGE}"
    uploaded = well(client("recipes", "upload", EXAMPLES / "effect-chain.yaml"))
    assert re.fullmatch(r"effect-chain 1.0  baf\w+", uploaded)
    assert uploaded in well(client("recipes", "list"))
    result = tmp_path / "é out.mp4"
    result.write_text("an older result")
    said = client("run", "effect-chain", "--input", f"video={FOOTAGE}", "-o", result)
    assert re.findall(r"^output +(\S+)$", well(said), re.M) == [cid_of_file(result)]
    run_id = re.findall(r"^run +(\S+)$", said.stdout, re.M)[0]
    assert f"{run_id}  completed" in well(client("runs", "list"))
    assert "  small  RESIZE  " in well(client("runs", "show", run_id))
    again = client(
        "run", EXAMPLES / "effect-chain.yaml", "--input", f"video={cid_of_file(FOOTAGE)}", "--follow", "--json"
    )
    view = json.loads(well(again))
    assert (view["output_cid"], view["passes_run"], again.stderr) == (cid_of_file(result), 0, "")


def test_an_effect_is_applied_with_a_parameter(client: OneFile, clip: Path, tmp_path: Path):
    said = client("render", "blur", clip, "--set", "sigma=2", "--sync", "-o", "soft.mp4")
    assert cid_of_file(tmp_path / "soft.mp4") in well(said)
    assert clip.name in said.stderr


def test_a_download_takes_its_own_name_and_replaces_no_other_file(asking: OneFile, tmp_path: Path):
    source = tmp_path / "elsewhere" / '.hi"dden.bin'
    source.parent.mkdir()
    source.write_bytes(os.urandom((3 << 20) + 5))
    cid = well(asking("put", source)).split()[0]
    got = tmp_path / well(asking("get", cid))
    assert got.name == "hi_dden.bin"
    assert got.read_bytes() == source.read_bytes()
    well(asking("get", cid))  # it is there already
    got.write_text("mine")
    refused(asking("get", cid), 1, "exists, and is not", "-o FILE")
    assert got.read_text() == "mine"


def test_a_recipe_that_is_wrong_shows_where(asking: OneFile, tmp_path: Path):
    (tmp_path / "wrong.yaml").write_text("name: x\nsteps:\n  - {id: a, type: BLURR}\noutput: a\n")
    refused(asking("recipes", "upload", "wrong.yaml"), 1, "wrong.yaml was not kept", "wrong.yaml:3:", "BLURR")
    refused(asking("run", "wrong.yaml"), 1, "wrong.yaml can't be run", "wrong.yaml:3:", "BLURR")
    lines = asking("recipes", "upload", "wrong.yaml").stderr.splitlines()
    assert re.match(r"wrong\.yaml:3:\d+: ", lines[1])


@pytest.mark.parametrize("token", ["wrong", "wröng", "two words", "x" * 5000])
def test_a_wrong_token_is_4_and_not_shown(asking: OneFile, tmp_path: Path, token: str):
    file = tmp_path / "token"
    file.write_text(token + "\n")
    for done in (asking("runs", "list", ARTDAG_TOKEN=token), asking("--token-file", file, "put", FOOTAGE)):
        refused(done, 4, "token", "--token-file")
        assert token not in done.stderr or token == "wrong"


def test_no_token_is_4(asking: OneFile):
    refused(asking("runs", "list", ARTDAG_TOKEN=""), 4, "Set ARTDAG_TOKEN")


def test_a_token_comes_from_a_file(asking: OneFile, tmp_path: Path):
    (tmp_path / "token").write_text(asking.token + "\n")
    well(asking("status", "--token-file", "token", ARTDAG_TOKEN=""))


@pytest.mark.parametrize("url", ["nonsense", "ftp://host", "http://", "http://[::1", "http://u:p@host", "http://a b"])
def test_an_address_that_is_none_is_2(asking: OneFile, url: str):
    refused(asking("status", ARTDAG_URL=url), 2, "is no address of a node")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("stauts", "invalid choice"),
        ("run nowhere.yaml", "no such file: nowhere.yaml"),
        ("render invert nowhere.mp4", "nowhere.mp4: no such file here"),
        ("put nowhere.mp4", "no such file: nowhere.mp4"),
        ("get nonsense", "not a CID"),
        ("get ../runs", "not a CID"),
        ("run x --input clip", "clip: expected NAME=VALUE"),
        ("run x --input a=b --input a=c", "given twice"),
        ("get bafkreigphfqe2rs2q4aemnj4w2wiek4uoq4r2mabcmeyhiefxa4p7cntyq -o no/x", "there is no folder"),
    ],
)
def test_wrong_usage_is_2(asking: OneFile, words: str, said: str):
    refused(asking(*words.split()), 2, said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("render blr CLIP", "unknown effect 'blr'"),
        ("render blur CLIP --set sgma=3", "did you mean 'sigma'?"),
        ("runs show ..", "no run .. here"),
        ("runs cancel run-nope", "no run run-nope here"),
        ("run nope", "no recipe 'nope' here"),
        ("get bafkreigphfqe2rs2q4aemnj4w2wiek4uoq4r2mabcmeyhiefxa4p7cntyq", "no blob"),
    ],
)
def test_what_the_node_refuses_is_1_with_its_words(asking: OneFile, clip: Path, words: str, said: str):
    refused(asking(*[word.replace("CLIP", str(clip)) for word in words.split()]), 1, said)


def test_a_node_that_is_not_there_is_3(asking: OneFile, tmp_path: Path):
    refused(asking("put", FOOTAGE, "--url", "http://127.0.0.1:1"), 3, "no answer from http://127.0.0.1:1", "refused")
    refused(asking("status", "--url", "http://nowhere.invalid"), 3, "no answer from http://nowhere.invalid")


def test_a_run_waits_and_is_cancelled(asking: OneFile, clip: Path):
    started = asking("render", "invert", clip)
    run_id = well(started)
    assert f"runs show {run_id} --follow" in started.stderr
    assert well(asking("runs", "cancel", run_id)) == f"cancelled {run_id}"
    ended = asking("runs", "show", run_id, "--follow")
    assert (ended.returncode, "status      cancelled" in ended.stdout) == (1, True)


@pytest.mark.slow
def test_a_run_is_followed_through_a_restart_of_the_node(clip: Path, tmp_path: Path):
    node = Daemon(tmp_path / "home", 0)
    node.start()
    client, port, target = OneFile(tmp_path / "artdag.py", node), node.url.rpartition(":")[2], tmp_path / "out.mp4"
    ours, theirs = pty.openpty()
    command = [*BARE, str(client.file), "render", "invert", str(clip), "-o", str(target)]
    process = subprocess.Popen(command, env=client.environment(), stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    try:
        read_until(ours, b"pending", b"analyzing", b"running")
        node.stop(signal.SIGKILL)
        (node.home / "address").unlink()
        read_until(ours, b"waiting for the node")
        shown: list[str] = []
        reader = threading.Thread(target=lambda: shown.append(what_follows(ours)))
        reader.start()
        node.workers = 1
        node.start(port)
        try:
            out, _ = process.communicate(timeout=90)
        finally:
            assert node.stop() == 0
        reader.join()
        assert process.returncode == 0, shown
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert f"output      {cid_of_file(target)}" in out.decode()


@pytest.mark.parametrize("size", [0, 1, 1 << 20, (1 << 20) + 1, 5_000_000])
def test_it_names_bytes_as_nodes_do(tmp_path: Path, size: int):
    file = tmp_path / "bytes"
    file.write_bytes(bytes(index % 251 for index in range(min(size, 251))) * (size // 251 + 1))
    os.truncate(file, size)
    for profile in KNOWN_PROFILES[:2]:
        importer = Importer(profile)
        importer.update(file.read_bytes())
        assert artdag.names(importer.finish().cid, file)
    assert not artdag.names(cid_of_bytes(b"other"), file)


def test_trees_of_two_levels_are_named_as_nodes_do(tmp_path: Path):
    file = tmp_path / "sparse"
    file.touch()
    os.truncate(file, 46 << 20)
    importer = Importer(KNOWN_PROFILES[1])  # 184 leaves, of which a node links 174
    importer.update(bytes(46 << 20))
    assert artdag.names(importer.finish().cid, file)


@pytest.mark.slow
def test_an_upload_takes_no_memory_that_grows_with_it(asking: OneFile, tmp_path: Path):
    """In an address space that the file alone would fill."""
    big = tmp_path / "big.bin"
    big.touch()
    os.truncate(big, 300 << 20)
    limited = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_AS, (200 << 20, 200 << 20));"
        "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    for words in (["put", str(big)], ["get", cid_of_file(big), "-o", str(tmp_path / "back")]):
        command = [*BARE, "-c", limited, str(asking.file), *words]
        done = subprocess.run(command, env=asking.environment(), capture_output=True, text=True, timeout=100)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "back").stat().st_size == 300 << 20
