#!/usr/bin/env python3
"""Talk to an artdagd node with Python 3.11 or later alone: nothing has to be installed.

This is one file, longer than others of its project, because it travels as one: a node hands it out at /download/client.
The commands are artdagctl's. Formats: multipart/form-data (RFC 7578), problem+json (RFC 9457), server-sent events
(WHATWG HTML, section 9.2), UnixFS 1 and dag-pb (specs.ipfs.tech/unixfs, ipld.io/specs/codecs/dag-pb).
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import os
import re
import secrets
import ssl
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from pathlib import Path
from typing import Any, BinaryIO, NoReturn
from urllib.parse import quote, urlencode, urlsplit

NODE = ""
"""The node that this copy was downloaded from: filled in by the node itself."""

FAILED, USAGE, UNREACHABLE, DENIED, INTERRUPTED = 1, 2, 3, 4, 130
ABOUT = """\
ARTDAG_URL or --url says which node, else the one that this file came from; ARTDAG_TOKEN or --token-file says who.

Exit codes: 0 success; 1 refused, or the run failed; 2 wrong usage; 3 no answer from the node; 4 no token, a wrong one,
or one that may not do this; 130 interrupted with Ctrl-C.
"""
CHUNK = 1 << 20
CONNECT_SECONDS, ANSWER_SECONDS, UPLOAD_SECONDS = 5, 60, 600
LONGEST_ANSWER, LONGEST_LINE, LONGEST_RECIPE = 64 << 20, 4 << 20, 1 << 20  # bytes
ENDED = ("completed", "failed", "cancelled")
PATIENCE, PAUSE = 60.0, 0.5
"""Seconds that a node may be away before following is given up, and between two attempts."""

Body = bytes | Iterator[bytes]
Progress = Callable[[int, int], None]
"""Told (done, total) bytes."""


class Trouble(Exception):
    """What a user is told, and the exit code. ``faults`` are the places that the node named."""

    def __init__(self, message: str, code: int = FAILED, faults: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.code, self.faults = code, faults


class Node:
    """A node's API. The token goes to this one host: a redirect is an answer, not followed, and no proxy is used."""

    def __init__(self, url: str, token: str) -> None:
        try:
            parts = urlsplit(url)
            wrong = parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc
            wrong = wrong or parts.port == 0 or bool(parts.query or parts.fragment) or not re.fullmatch("[!-~]+", url)
        except ValueError:
            wrong = True
        if wrong:
            raise Trouble(f"{url!r} is no address of a node\n  Write http://HOST:PORT, or https://HOST.", USAGE)
        if not re.fullmatch("[!-~]*", token):
            raise Trouble("the token has characters that no token has\n  Check ARTDAG_TOKEN, or --token-file.", DENIED)
        self.url, self._parts, self._token = url.rstrip("/"), parts, token

    def get(self, path: str, **query: object) -> Any:
        asked = urlencode({key: value for key, value in query.items() if value is not None})
        return self._ask("GET", f"{path}?{asked}" if asked else path)

    def post(self, path: str, body: dict[str, Any] | bytes) -> Any:
        """Send JSON, or YAML that is bytes already."""
        if isinstance(body, bytes):
            return self._ask("POST", path, body, {"Content-Type": "application/yaml"})
        return self._ask("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def upload(self, file: Path, progress: Progress) -> Any:
        """Send a file as the form's field ``file``, in memory that does not grow with it."""
        with file.open("rb") as stream:
            size, boundary = os.fstat(stream.fileno()).st_size, secrets.token_hex(16)
            head, tail = _form(file.name, boundary)
            headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
            headers["Content-Length"] = str(len(head) + size + len(tail))
            body = _pieces(head, stream, size, tail, progress)
            return self._ask("POST", "/cache/upload", body, headers, UPLOAD_SECONDS)

    def download(self, cid: str, out: BinaryIO, progress: Progress) -> None:
        """Write a blob's bytes. Raises Trouble unless they are as many as the node announced."""
        with self._answer("GET", f"/cache/{cid}/raw") as answer:
            length, done = answer.getheader("Content-Length", ""), 0
            if answer.status != 200 or not length.isdecimal():
                raise self._stranger(answer)
            while data := self._read(lambda: answer.read(CHUNK)):
                out.write(data)
                done += len(data)
                progress(done, int(length))
            if done != int(length):
                raise self._unreachable(f"the connection ended after {done} of {length} bytes")

    def events(self, run_id: str, after: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """A run's events as (id, event, data), until the node ends the stream."""
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": after} if after else {})}
        with self._answer("GET", f"/api/run/{segment(run_id)}/events", None, headers) as answer:
            fields: dict[str, str] = {}
            while line := self._read(lambda: answer.readline(LONGEST_LINE)):
                if text := line.decode(errors="replace").rstrip("\r\n"):
                    name, _, value = text.partition(":")
                    fields[name] = value.removeprefix(" ")
                elif "data" in fields:
                    yield fields.get("id", ""), fields.get("event", ""), self._decoded(answer, fields["data"])
                    fields = {}

    @contextlib.contextmanager
    def _answer(
        self,
        method: str,
        path: str,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = ANSWER_SECONDS,
    ) -> Iterator[HTTPResponse]:
        """An open answer. Raises Trouble for one that is not a success, and for none."""
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "https":  # the default context checks the certificate and its name
            connection: HTTPConnection = HTTPSConnection(
                host, port, timeout=CONNECT_SECONDS, context=ssl.create_default_context()
            )
        else:
            connection = HTTPConnection(host, port, timeout=CONNECT_SECONDS)
        said = {"Accept": "application/json", "Connection": "close", **(headers or {})}
        if self._token:
            said["Authorization"] = f"Bearer {self._token}"

        def send() -> HTTPResponse:
            connection.connect()
            connection.sock.settimeout(seconds)
            # A node that refuses an upload answers before it is whole: the reason is in that answer.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request(method, self._parts.path.rstrip("/") + path, body, said)
            return connection.getresponse()

        with contextlib.closing(connection):
            answer = self._read(send)
            if not 200 <= answer.status < 300 and (path, answer.status) != ("/healthz", 503):
                raise self._refusal(answer)
            yield answer

    def _ask(self, method: str, path: str, *rest: Any) -> Any:
        with self._answer(method, path, *rest) as answer:
            return self._decoded(answer, self._read(lambda: answer.read(LONGEST_ANSWER)))

    def _read(self, step: Callable[[], Any]) -> Any:
        try:
            return step()
        except (OSError, HTTPException) as error:
            raise self._unreachable(getattr(error, "strerror", None) or error or type(error).__name__) from None

    def _decoded(self, answer: HTTPResponse, text: bytes | str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise self._stranger(answer) from None

    def _refusal(self, answer: HTTPResponse) -> Trouble:
        problem = self._decoded(answer, self._read(lambda: answer.read(LONGEST_ANSWER)))
        try:
            faults = list(problem.get("errors") or ())
            lines = [f"{problem['title']}: {problem['detail']}"]
            lines += [f"  {_placed(fault)}" for fault in faults if fault["msg"] not in problem["detail"]]
            advice = problem.get("advice")
        except (KeyError, TypeError, AttributeError):
            return self._stranger(answer)
        if answer.status == 401:
            advice = f"{'Check' if self._token else 'Set'} ARTDAG_TOKEN, or name a file with the token: --token-file."
        lines += [f"  {advice}"] if advice else []
        return Trouble("\n".join(lines), DENIED if answer.status in (401, 403) else FAILED, faults)

    def _stranger(self, answer: HTTPResponse) -> Trouble:
        said = f"{self.url} answered {answer.status} {answer.reason}, but not as an artdagd node does."
        return Trouble(f"{said}\n  Check ARTDAG_URL, and what stands between you and the node.", UNREACHABLE)

    def _unreachable(self, reason: object) -> Trouble:
        return Trouble(f"no answer from {self.url}: {reason}\n  Check ARTDAG_URL, and that the node runs.", UNREACHABLE)


def segment(text: str) -> str:
    """``text`` as one segment of a path, whatever it contains."""
    return quote(text, safe="", errors="replace") if text.strip(".") else text.replace(".", "%2E")


def _form(name: str, boundary: str) -> tuple[bytes, bytes]:
    """What comes before and after a file's bytes; its name is escaped as WHATWG HTML says."""
    text = os.fsencode(name).decode(errors="replace")
    for letter in '"\r\n':
        text = text.replace(letter, f"%{ord(letter):02X}")
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{text}"\r\n'
    return f"{head}Content-Type: application/octet-stream\r\n\r\n".encode(), f"\r\n--{boundary}--\r\n".encode()


def _pieces(head: bytes, stream: BinaryIO, size: int, tail: bytes, progress: Progress) -> Iterator[bytes]:
    yield head
    done = 0
    while done < size:
        try:
            data = stream.read(min(CHUNK, size - done))
        except OSError as error:  # or it would pass for one of the connection
            raise Trouble(f"{stream.name}: {error.strerror}") from None
        if not data:
            raise Trouble(f"{stream.name} became shorter while it was sent")
        yield data
        done += len(data)
        progress(done, size)
    yield tail


def _placed(fault: dict[str, Any]) -> str:
    place = f"line {fault['line']}, column {fault['column']}" if fault.get("line") else fault.get("loc")
    return f"{place}: {fault['msg']}" if place else str(fault["msg"])


def is_cid(text: str) -> bool:
    return re.fullmatch("b[a-z2-7]{50,70}", text) is not None and len(text) % 8 not in (2, 4, 7)  # base32 with a b


def names(cid: str, file: Path) -> bool:
    """Whether ``file`` holds the bytes that ``cid`` names: their sha2-256, or the root of a UnixFS tree over them.

    A CID does not say how its tree was built: nodes' way (IPIP-499) and that of ``ipfs add --cid-version=1`` are tried.
    """
    data = base64.b32decode(cid[1:].upper() + "=" * (-len(cid[1:]) % 8))
    if data.startswith(b"\x01\x70"):
        return any(_root(file, leaf, links) == data for leaf, links in ((1 << 20, 1024), (1 << 18, 174)))
    with file.open("rb") as stream:
        return b"\x12\x20" + hashlib.file_digest(stream, "sha256").digest() == data[-34:]


def _root(file: Path, leaf: int, width: int) -> bytes:
    """The CID of a file as a balanced UnixFS tree with raw leaves of ``leaf`` bytes, and ``width`` links a node."""
    nodes: list[tuple[bytes, int, int]] = []  # of each: CID, bytes of the file under it, bytes of the blocks under it
    with file.open("rb") as stream:
        while (data := stream.read(leaf)) or not nodes:
            nodes.append((b"\x01\x55\x12\x20" + hashlib.sha256(data).digest(), len(data), len(data)))
    while len(nodes) > 1:
        nodes = [_parent(nodes[at : at + width]) for at in range(0, len(nodes), width)]
    return nodes[0][0]


def _parent(under: list[tuple[bytes, int, int]]) -> tuple[bytes, int, int]:
    size, block = sum(node[1] for node in under), b""
    for cid, _, total in under:  # PBLink: Hash (1), an empty Name (2), Tsize (3)
        link = b"\x0a" + _varint(len(cid)) + cid + b"\x12\x00\x18" + _varint(total)
        block += b"\x12" + _varint(len(link)) + link
    # UnixFS: Type (1) is File, filesize (3), blocksizes (4)
    about = b"\x08\x02\x18" + _varint(size) + b"".join(b"\x20" + _varint(node[1]) for node in under)
    block += b"\x0a" + _varint(len(about)) + about
    name = b"\x01\x70\x12\x20" + hashlib.sha256(block).digest()
    return name, size, len(block) + sum(node[2] for node in under)


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


class Show:
    """Results on standard output; remarks and progress on standard error, and not with ``--json``."""

    def __init__(self, as_json: bool) -> None:
        self.as_json, self._live, self._shown = as_json, sys.stderr.isatty() and not as_json, 0.0

    def value(self, value: object, lines: Iterable[str]) -> None:
        for line in [json.dumps(value, indent=2, ensure_ascii=False)] if self.as_json else map(clean, lines):
            print(line)

    def remark(self, text: str) -> None:
        if not self.as_json:
            self.progress("")
            print(clean(text), file=sys.stderr)

    def progress(self, what: str, fraction: float | None = None) -> None:
        """On a terminal a line that replaces itself, a few times a second; without a fraction at once."""
        if self._live and (fraction is None or time.monotonic() - self._shown > 0.2):
            self._shown = time.monotonic()
            percent = "" if fraction is None else f"  {fraction:.0%}"
            print(f"\r\x1b[K{clean(what)}{percent}", end="", file=sys.stderr, flush=True)

    def transfer(self, what: str) -> Progress:
        return lambda done, total: self.progress(f"{what} ({total / 1e6:.1f} MB)", done / total)


def clean(text: object) -> str:
    """``text`` as a terminal may get it: names are others' words, and a control character could say anything."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else letter.encode("unicode_escape").decode()
        for letter in str(text)
    )


def save(node: Node, cid: str, target: Path, show: Show) -> None:
    """Write a blob to ``target``: under another name beside it until it is whole and is what ``cid`` names."""
    part = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as out:
            node.download(cid, out, show.transfer(f"saving {target.name}"))
        show.progress("")
        if not names(cid, part):
            raise Trouble(f"what {node.url} sent is not {cid}: nothing was saved\n  Try again.")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def pairs(values: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for given in values:
        name, sign, value = given.partition("=")
        if not sign or not name or name in found:
            raise Trouble(f"{given}: {'given twice' if name in found else 'expected NAME=VALUE'}", USAGE)
        found[name] = value
    return found


def scalar(text: str, kind: str = "") -> Any:
    """A value as JSON would read it (``3``, ``true``), else as text; always as text for a param of type string."""
    try:
        return text if kind == "string" else json.loads(text, parse_constant=str)
    except ValueError:
        return text


def uploaded(node: Node, inputs: Sequence[str], show: Show) -> list[str]:
    """The CIDs of inputs that are files, which are uploaded, or CIDs; nothing is sent before all are looked over."""
    for value in inputs:
        if not (Path(value).is_file() or is_cid(value)):
            raise Trouble(f"{value}: no such file here, and not a CID", USAGE)
    cids = []
    for value in inputs:
        cids.append(value)
        if (file := Path(value)).is_file():
            cids[-1] = node.upload(file, show.transfer(f"uploading {file.name}"))["cid"]
            show.remark(f"{file.name} is {cids[-1]}")
    return cids


def recipe_text(file: Path) -> bytes:
    if file.stat().st_size > LONGEST_RECIPE:
        raise Trouble(f"{file} is too long: a recipe has at most 1 MiB of YAML", USAGE)
    return file.read_bytes()


def wrong_recipe(file: Path, said: str, faults: Sequence[dict[str, Any]]) -> Trouble:
    lines = (f"{file}:{fault.get('line', 1)}:{fault.get('column', 1)}: {fault['msg']}" for fault in faults)
    return Trouble("\n".join([f"{file} {said}", *lines]))


def started(node: Node, view: dict[str, Any], args: argparse.Namespace, show: Show) -> int:
    """Print the run; or, if it is to be followed or saved, its end."""
    run_id = view["run_id"]
    if not (args.follow or args.output):
        show.value(view, [run_id])
        show.remark(f"follow it: artdag.py runs show {run_id} --follow")
        return 0
    try:
        view = follow(node, view, show)
    except KeyboardInterrupt:
        show.remark(f"no longer following; the run goes on\n  to stop it: artdag.py runs cancel {run_id}")
        return INTERRUPTED
    except Trouble as error:
        kept = f"\n  The run is kept. To go on following: artdag.py runs show {run_id} --follow"
        raise Trouble(f"{error}{kept if error.code == UNREACHABLE else ''}", error.code) from None
    if args.output and view["status"] == "completed":
        save(node, view["output_cid"], args.output, show)
        show.remark(f"saved {args.output}")
    show.value(view, summary(view))
    return 0 if view["status"] == "completed" else FAILED


def follow(node: Node, view: dict[str, Any], show: Show) -> dict[str, Any]:
    """The run as it is at its end, through lost connections: each time from the last event that was seen."""
    last, lost = "", 0.0
    show.progress(view["status"])
    while view["status"] not in ENDED:
        try:
            for number, event, data in node.events(view["run_id"], last):
                last, lost = number, 0.0
                if event == "progress":
                    show.progress("running", data["fraction"])
            view, lost = node.get(f"/api/run/{segment(view['run_id'])}"), 0.0
        except Trouble as error:
            lost = lost or time.monotonic()
            if error.code != UNREACHABLE or time.monotonic() - lost > PATIENCE:
                raise
            show.progress("waiting for the node")
        if view["status"] not in ENDED:
            time.sleep(PAUSE)
    show.progress("")
    return view


def summary(view: dict[str, Any]) -> list[str]:
    told = {"run": view["run_id"], "status": view["status"], "output": view["output_cid"]}
    told["failed"] = view["error"] and view["error"]["detail"]
    return [f"{name:12}{value}" for name, value in told.items() if value]


def status(node: Node, args: argparse.Namespace, show: Show) -> int:
    """say whether the node is up, and what it is doing"""
    health = node.get("/healthz")
    if health["status"] not in ("ok", "degraded"):
        raise Trouble(f"{node.url} is {health['status']}\n  Try again in a moment.", UNREACHABLE)
    states = ("pending", "analyzing", "planning", "running")
    active = sum(node.get("/runs", status=state, limit=1)["total"] for state in states)
    workers = node.get("/workers")["items"]
    busy = sum(worker["state"] == "busy" for worker in workers)
    told = {"url": node.url, **health, "active_runs": active, "workers": len(workers), "busy": busy}
    about = f"{len(workers)} workers, {busy} busy; {active} active runs"
    reasons = health.get("reasons", [])
    show.value(told, [f"{node.url}  {health['status']}  artdagd {health['version']}", *reasons, about])
    return 0


def render(node: Node, args: argparse.Namespace, show: Show) -> int:
    """apply EFFECT to INPUTs, which are files or CIDs"""
    config = {name: scalar(text) for name, text in pairs(args.set).items()}
    known = [item["name"] for item in node.get("/api/steps")["items"] if item["kind"] == "effect"]
    if args.effect not in known:
        raise Trouble(f"unknown effect {args.effect!r}\n  The node has {', '.join(known)}.")
    body = {"effect": args.effect, "inputs": uploaded(node, args.inputs, show), "config": config}
    return started(node, node.post("/runs", body), args, show)


def run(node: Node, args: argparse.Namespace, show: Show) -> int:
    """run RECIPE: a YAML file, or the id or name of a recipe on the node"""
    given, values, file = pairs(args.input), pairs(args.param), Path(args.recipe)
    if file.is_file():
        text = recipe_text(file)
        about = node.post("/recipes/check", text)
        if about["errors"]:
            raise wrong_recipe(file, "can't be run", about["errors"])
        path, body = "/api/run-recipe", {"recipe_yaml": text.decode()}
    elif file.suffix in (".yaml", ".yml") or len(file.parts) > 1:
        raise Trouble(f"no such file: {file}", USAGE)
    else:
        path, body, about = "/runs", {"recipe": args.recipe}, node.get(f"/recipes/{segment(args.recipe)}")
    inputs, params = about["inputs"] or {}, about["params"] or {}
    wrong = [f"unknown input {name!r}; it has {', '.join(inputs)}" for name in given if name not in inputs]
    wrong += [f"unknown param {name!r}; it has {', '.join(params)}" for name in values if name not in params]
    wrong += [
        f"input {name!r} ({wanted['type']}) is missing: --input {name}=FILE"
        for name, wanted in inputs.items()
        if wanted.get("required", True) and name not in given
    ]
    if wrong:
        raise Trouble("\n  ".join(["this does not fit the recipe:", *wrong]))
    bound = dict(zip(given, uploaded(node, list(given.values()), show), strict=True))
    typed = {name: scalar(value, params[name]["type"]) for name, value in values.items()}
    return started(node, node.post(path, {**body, "inputs": bound, "params": typed}), args, show)


def list_runs(node: Node, args: argparse.Namespace, show: Show) -> int:
    """list runs, newest first"""
    return listed(node, "/runs", args, show, lambda run: f"{run['run_id']}  {run['status']}")


def list_recipes(node: Node, args: argparse.Namespace, show: Show) -> int:
    """list recipes, newest first"""
    return listed(node, "/recipes", args, show, lambda one: f"{one['name']} {one['version']}  {one['recipe_id']}")


def listed(node: Node, path: str, args: argparse.Namespace, show: Show, line: Callable[[Any], str]) -> int:
    page = node.get(path, page=args.page, limit=args.limit)
    show.value(page, map(line, page["items"]))
    if page["has_more"]:
        show.remark(f"{page['total']} in all; more: --page {page['page'] + 1}")
    return 0


def show_run(node: Node, args: argparse.Namespace, show: Show) -> int:
    """show a run and its steps"""
    view = node.get(f"/api/run/{segment(args.run_id)}")
    if args.follow or args.output:
        return started(node, view, args, show)
    show.value(
        view, summary(view) + [f"  {step['step_id']}  {step['type']}  {step['status']}" for step in view["steps"]]
    )
    return 0


def cancel(node: Node, args: argparse.Namespace, show: Show) -> int:
    """cancel a run that is active; what it finished stays in the cache"""
    show.value(node.post(f"/runs/{segment(args.run_id)}/cancel", {}), [f"cancelled {args.run_id}"])
    return 0


def upload_recipe(node: Node, args: argparse.Namespace, show: Show) -> int:
    """upload a recipe; errors come with line and column"""
    try:
        view = node.post("/recipes/upload", recipe_text(args.file))
    except Trouble as error:
        raise (wrong_recipe(args.file, "was not kept", error.faults) if error.faults else error) from None
    show.value(view, [f"{view['name']} {view['version']}  {view['recipe_id']}"])
    return 0


def put(node: Node, args: argparse.Namespace, show: Show) -> int:
    """upload FILEs"""
    answers = [node.upload(file, show.transfer(f"uploading {file.name}")) for file in args.files]
    show.progress("")
    show.value(answers, (f"{answer['cid']}  {file}" for answer, file in zip(answers, args.files, strict=True)))
    return 0


def get(node: Node, args: argparse.Namespace, show: Show) -> int:
    """download a blob and verify it; without -o under its own name, which replaces nothing"""
    if not is_cid(args.cid):
        raise Trouble(f"not a CID: {args.cid!r}", USAGE)
    # The node's word for a file of ours: in no folder, not hidden, without control characters.
    target = args.output or Path(
        re.sub(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f]', "_", node.get(f"/cache/{args.cid}")["filename"] or "").lstrip(". ")
        or args.cid
    )
    if args.output or not target.exists():
        save(node, args.cid, target, show)
    elif not (target.is_file() and names(args.cid, target)):
        raise Trouble(f"{target} exists, and is not {args.cid}\n  Say where to save it: -o FILE")
    show.value({"cid": args.cid, "file": str(target)}, [str(target)])
    return 0


def _a_file(text: str) -> Path:
    if not Path(text).is_file():
        raise argparse.ArgumentTypeError(f"no such file: {text}")
    return Path(text)


def _target(text: str) -> Path:
    """The file to write, looked at before anything is sent or rendered."""
    target = Path(text).absolute()
    if not target.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {target.parent}")
    if target.exists() and not target.is_file():
        raise argparse.ArgumentTypeError(f"{text} is not a file")
    return target


def command_line() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    shared.add_argument("--url", help="the node's address, instead of ARTDAG_URL")
    shared.add_argument("--token-file", metavar="FILE", help="a file that holds the token, instead of ARTDAG_TOKEN")
    shared.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    kind = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser("artdag.py", epilog=ABOUT, parents=[shared], formatter_class=kind)
    top.description = "Talk to an artdagd node."
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    def add(group: Any, name: str, work: Callable[..., int], *arguments: str, waits: str = "") -> Any:
        made = group.add_parser(name, help=work.__doc__, description=work.__doc__, parents=[shared])
        made.set_defaults(work=work)
        for argument in arguments:
            made.add_argument(argument)
        if waits:
            made.add_argument(waits, dest="follow", action="store_true", help="show progress and wait for the end")
        if waits or name == "get":
            made.add_argument("-o", "--output", type=_target, metavar="FILE", help="save it here, replacing a file")
        if name == "list":
            made.add_argument("--page", type=int, default=1)
            made.add_argument("--limit", type=int, default=20, help="items a page, at most 100")
        return made

    def group(name: str, said: str) -> Any:
        return commands.add_parser(name, help=said, description=said).add_subparsers(required=True, metavar="COMMAND")

    many: dict[str, Any] = {"action": "append", "default": [], "metavar": "NAME=VALUE"}
    add(commands, "status", status)
    one = add(commands, "render", render, "effect", waits="--sync")
    one.add_argument("inputs", nargs="+", metavar="INPUT")
    one.add_argument("--set", "--param", "--config", help="set a parameter of the effect", **many)
    one = add(commands, "run", run, "recipe", waits="--follow")
    one.add_argument("--input", help="bind an input to a file, which is uploaded, or a CID", **many)
    one.add_argument("--param", "--set", help="set a param of the recipe", **many)
    runs = group("runs", "look at runs, and cancel them")
    add(runs, "list", list_runs)
    add(runs, "show", show_run, "run_id", waits="--follow")
    add(runs, "cancel", cancel, "run_id")
    recipes = group("recipes", "recipes on the node")
    add(recipes, "list", list_recipes)
    add(recipes, "upload", upload_recipe).add_argument("file", type=_a_file)
    add(commands, "put", put).add_argument("files", nargs="+", type=_a_file, metavar="FILE")
    add(commands, "get", get, "cid")
    return top


def main() -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    args = command_line().parse_args(namespace=argparse.Namespace(url="", token_file="", json=False))
    url = args.url or os.getenv("ARTDAG_URL", "").strip() or NODE or "http://127.0.0.1:8100"
    try:
        token = Path(args.token_file).read_text(errors="replace") if args.token_file else os.getenv("ARTDAG_TOKEN", "")
        sys.exit(args.work(Node(url, token.strip()), args, Show(args.json)))
    except Trouble as error:
        print(f"Error: {clean(error)}", file=sys.stderr)
        sys.exit(error.code)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except (LookupError, TypeError, ValueError) as error:
        url = clean(url)
        print(f"Error: the answer of {url} is none that this client knows ({clean(repr(error))})", file=sys.stderr)
        print(f"  If it is a node, take the client that fits it: {url}/download/client", file=sys.stderr)
        sys.exit(UNREACHABLE)
    except OSError as error:
        print(f"Error: {clean(error.filename or '')}: {error.strerror or error}".replace(" :", ""), file=sys.stderr)
        sys.exit(FAILED)


if __name__ == "__main__":
    main()
