"""``artdagctl token``, ``login`` and ``whoami``: who may ask, and how a browser signs in."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import click

from artdagd.cli.client import Client, part
from artdagd.cli.inputs import A_FILE
from artdagd.cli.show import Show, details, json_option

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
"""Units of a duration."""

LONGEST_TOKEN = 8192


@click.group()
def token() -> None:
    """Tokens of this node: make, list and revoke them."""


@token.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="What it may do: read, write, publish or admin; without it, all that you may.",
)
@click.option("--expires", metavar="WHEN", help="30d, 12h, 90m, or a date: 2027-01-31. Without it, never.")
@click.option("--owner", help="Whose it is, if it is to be another user's.")
@json_option
def create(name: str, scopes: tuple[str, ...], expires: str | None, owner: str | None, show: Show) -> None:
    """Make a token called NAME, and print it: this once."""
    body = {"name": name, "scopes": list(scopes), "expires_in": seconds(expires) if expires else None, "owner": owner}
    with Client() as client:
        made = client.post("/auth/tokens", body)
    until = f", until {made['expires_at']}" if made["expires_at"] else ""
    show.value(made, [made["token"]])
    show.remark(f"{made['name']} of {made['owner']}: {', '.join(made['scopes']) or 'all scopes'}{until}")


@token.command("list")
@json_option
def list_tokens(show: Show) -> None:
    """List tokens, newest first; their texts are known to nobody."""
    with Client() as client:
        found = client.get("/auth/tokens")
    rows = (
        (t["token_id"], t["name"], t["owner"], ", ".join(t["scopes"]) or "all", t["expires_at"] or "never")
        for t in found["items"]
    )
    show.table(found, ("id", "name", "owner", "scopes", "expires"), rows, "no tokens")


@token.command("revoke")
@click.argument("token_id", required=False)
@click.option("--token-file", type=A_FILE, help="Revoke the token that this file holds.")
@click.option("--user", help="Revoke all tokens and sessions of a user.")
@json_option
def revoke(token_id: str | None, token_file: Path | None, user: str | None, show: Show) -> None:
    """Revoke a token by its id, which `token list` tells; sessions that rest on it end."""
    if sum(given is not None for given in (token_id, token_file, user)) != 1:
        raise click.UsageError("give one of TOKEN_ID, --token-file and --user")
    with Client() as client:
        if token_id is not None:
            client.delete(f"/auth/tokens/{part(token_id)}")
            answer = {"revoked": 1}
        elif token_file is not None:
            text = token_file.read_bytes()[:LONGEST_TOKEN].decode(errors="replace").strip()
            answer = client.post("/auth/revoke", {"token": text})
        else:
            answer = client.post("/auth/revoke-user", {"username": user})
    show.value(answer, [f"revoked {answer['revoked']}"])


@click.command()
@json_option
def login(show: Show) -> None:
    """Print an address that signs a browser in as you: once, and soon."""
    with Client() as client:
        answer = client.post("/auth/login-address")
    show.value(answer, [answer["url"]])
    show.remark(f"it works once, within {answer['expires_in']:.0f} s")


@click.command()
@json_option
def whoami(show: Show) -> None:
    """Say who the node takes you for, and what you may do."""
    with Client() as client:
        view = client.get("/auth/session")
    show.value(view, details(view))


def seconds(text: str) -> float:
    """Seconds from now until ``text``: a duration, or a date, which is UTC where it has no zone."""
    if match := re.fullmatch(r"(\d{1,9}(?:\.\d+)?)([smhdw])", text, re.ASCII):
        return float(match[1]) * SECONDS[match[2]]
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is neither a duration, such as 30d, nor a date", param_hint="--expires"
        ) from None
    left = ((when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    if left <= 0:
        raise click.BadParameter(f"{text} is over", param_hint="--expires")
    return left
