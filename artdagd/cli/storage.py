"""``artdagctl storage``: providers that keep copies of blobs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from artdagd.cli.client import Client, part
from artdagd.cli.inputs import pairs, scalar
from artdagd.cli.problems import FAILED, NodeError
from artdagd.cli.show import Show, details, json_option, size

UNITS = {"": 1, "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
LONGEST_SECRET = 64 << 10
"""Bytes."""

config_options = (
    click.option("--set", "values", multiple=True, metavar="NAME=VALUE", help="A field of its config."),
    click.option("--secret", "secrets", multiple=True, metavar="NAME=FILE", help="A secret field, read from a file."),
    click.option("--capacity", metavar="SIZE", help="How much it may hold: 500GB; none takes the bound away."),
)


def configured(function: Any) -> Any:
    for option in reversed(config_options):
        function = option(function)
    return function


@click.group()
def storage() -> None:
    """Providers that keep copies of blobs."""


@storage.command("list")
@json_option
def list_providers(show: Show) -> None:
    """List providers, newest first."""
    with Client() as client:
        found = client.get("/storage")
    rows = (
        (p["name"], p["type"], _capacity(p), p.get("blobs"), p.get("owed"), _state(p), p["provider_id"])
        for p in found["items"]
    )
    columns = ("name", "type", "capacity", "blobs", "owed", "state", "id")
    show.table(found, columns, rows, "no providers yet: artdagctl storage types")


@storage.command("types")
@click.argument("type", required=False)
@json_option
def types(type: str | None, show: Show) -> None:
    """List kinds of storage that are installed; with TYPE, what its config has."""
    with Client() as client:
        if type is None:
            plugins = client.get("/plugins")["items"]
            names = sorted({name for one in plugins for name in one["provides"].get("storage", ())})
            show.table({"items": names}, ("type",), ([name] for name in names), "no storage is installed")
            return
        view = client.get(f"/storage/type/{part(type)}")
    required = view["schema"].get("required", ())
    rows = (
        (name, "secret" if field.get("writeOnly") else field.get("type"), field.get("default"), name in required)
        for name, field in view["schema"].get("properties", {}).items()
    )
    table = ((name, kind, "required" if needed else default) for name, kind, default, needed in rows)
    show.table(view, ("field", "value", "default"), table, "it has no config")


@storage.command("show")
@click.argument("provider")
@json_option
def show_provider(provider: str, show: Show) -> None:
    """Show a provider (PROVIDER is an id or a name); its secrets are never shown."""
    with Client() as client:
        view = client.get(f"/storage/{_found(client, provider)['provider_id']}")
    show.value(view, details(view))


@storage.command("add")
@click.argument("type")
@click.argument("name")
@click.option("--own", is_flag=True, help="It is to keep what you have alone, though you are an administrator.")
@configured
@json_option
def add(
    type: str, name: str, own: bool, values: tuple[str, ...], secrets: tuple[str, ...], capacity: str | None, show: Show
) -> None:
    """Add a provider of TYPE called NAME. It gets copies of all that you have; an administrator's of all that there is,
    but with --own."""
    body: dict[str, Any] = {"type": type, "name": name} | ({"for_node": False} if own else {})
    if capacity is not None:
        body["capacity_bytes"] = byte_count(capacity, "--capacity")
    with Client() as client:
        body["config"] = _config(client, type, values, secrets)
        view = client.post("/storage/add", body)
    show.value(view, [f"{view['name']}  {view['provider_id']}"])
    show.remark(f"try it: artdagctl storage test {view['provider_id']}")


@storage.command("set")
@click.argument("provider")
@click.option("--name", help="Call it otherwise.")
@click.option("--unset", multiple=True, metavar="NAME", help="Take a field of its config away.")
@configured
@json_option
def change(
    provider: str,
    name: str | None,
    unset: tuple[str, ...],
    values: tuple[str, ...],
    secrets: tuple[str, ...],
    capacity: str | None,
    show: Show,
) -> None:
    """Change a provider (PROVIDER is an id or a name); what is not given stays."""
    body: dict[str, Any] = {} if name is None else {"name": name}
    if capacity is not None:
        body["capacity_bytes"] = byte_count(capacity, "--capacity")
    with Client() as client:
        found = _found(client, provider)
        config = _config(client, found["type"], values, secrets) | dict.fromkeys(unset)
        if config:
            body["config"] = config
        if not body:
            raise click.UsageError("nothing to change: give --name, --set, --secret, --unset or --capacity")
        view = client.patch(f"/storage/{found['provider_id']}", body)
    show.value(view, details(view))


@storage.command("test")
@click.argument("provider")
@json_option
def test(provider: str, show: Show) -> None:
    """Save a small blob with a provider, read it back and delete it. Exit code 1 if that fails."""
    with Client() as client:
        tested = client.post(f"/storage/{_found(client, provider)['provider_id']}/test")
    show.value(tested, [f"{'works' if tested['ok'] else 'fails'}: {tested['detail']} ({tested['latency_ms']:.0f} ms)"])
    if not tested["ok"]:
        raise SystemExit(FAILED)


@storage.command("remove")
@click.argument("provider")
@json_option
def remove(provider: str, show: Show) -> None:
    """Remove a provider; what it keeps stays with it."""
    with Client() as client:
        found = _found(client, provider)
        client.delete(f"/storage/{found['provider_id']}")
    show.value({"removed": found["provider_id"]}, [f"removed {found['name']}"])


def _found(client: Client, given: str) -> dict[str, Any]:
    """The provider with this id or name. Raises NodeError if there is none, or several of that name."""
    items: list[dict[str, Any]] = client.get("/storage")["items"]
    found = [one for one in items if given == one["provider_id"]] or [one for one in items if given == one["name"]]
    if len(found) == 1:
        return found[0]
    if not found:
        raise NodeError(f"no storage provider {given} here\n  artdagctl storage list shows them.")
    raise NodeError(f"{len(found)} providers are called {given}\n  Give an id, as artdagctl storage list shows it.")


def _config(client: Client, type: str, values: tuple[str, ...], secrets: tuple[str, ...]) -> dict[str, Any]:
    """A config for a provider of ``type``. A secret is taken from a file alone: others can read command lines."""
    given, files = pairs(values, "--set"), pairs(secrets, "--secret")
    if not given and not files:
        return {}
    fields = client.get(f"/storage/type/{part(type)}")["schema"].get("properties", {})
    for name in given:
        if fields.get(name, {}).get("writeOnly"):
            raise click.UsageError(f"{name} is a secret: --secret {name}=FILE")
    config = {name: scalar(text, fields.get(name, {}).get("type")) for name, text in given.items()}
    return config | {name: _secret(Path(file)) for name, file in files.items()}


def _secret(file: Path) -> str:
    with file.open("rb") as stream:
        data = stream.read(LONGEST_SECRET + 1)
    if len(data) > LONGEST_SECRET:
        raise click.UsageError(f"{file} has more than {size(LONGEST_SECRET)}, which no secret has")
    return data.decode(errors="replace").rstrip("\r\n")


def byte_count(text: str, option: str) -> int | None:
    """``500GB`` in bytes; None for ``none``."""
    if text == "none":
        return None
    match = re.fullmatch(r"(\d{1,15})([A-Za-z]{0,3})", text, re.ASCII)
    if match is None or match[2] not in UNITS:
        raise click.BadParameter(f"{text!r} is no size, such as 500GB or 2TB", param_hint=option)
    return int(match[1]) * UNITS[match[2]]


def _state(view: dict[str, Any]) -> str:
    if view.get("error"):
        return str(view["error"])
    if view.get("failing"):
        return f"{view['failing']} failing: {view.get('last_error')}"
    return "in use" if view.get("circuit", "closed") == "closed" else f"left alone: {view.get('last_error')}"


def _capacity(view: dict[str, Any]) -> str:
    return "" if view["capacity_bytes"] is None else size(view["capacity_bytes"])
