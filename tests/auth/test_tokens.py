"""Tokens of a node: made once, kept as hashes, asked for by every route that is not exempt."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nodes import running_node

from artdagd.api.app import create_app
from artdagd.auth.tokens import LONGEST, Tokens, new_token, token_hash
from artdagd.database import Database
from artdagd.database.tokens import TokenRow
from artdagd.errors import ConfigError, Unauthorized
from tests import databases

pytestmark = pytest.mark.database

EXEMPT = {"/healthz", "/", "/docs", "/openapi.json", "/auth", "/auth/start", "/logout", "/download/client"}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await Database.open(databases.url_of(tmp_path))
    yield opened
    await opened.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def secret(home: Path) -> str:
    return (home / "admin-token").read_text().strip()


async def holder(database: Database, text: str) -> str | None:
    tokens = Tokens(database)
    await tokens.load()
    try:
        return (await tokens.authenticate(text)).name
    except Unauthorized:
        return None


async def test_the_admin_token_is_made_once_for_its_owner_alone(database: Database, home: Path):
    file = await Tokens(database).ensure_admin_token(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    first = secret(home)
    assert await holder(database, first) == "admin"
    await Tokens(database).ensure_admin_token(home)
    assert secret(home) == first
    assert [name.name for name in home.iterdir()] == ["admin-token"]
    assert [row.token_hash for row in await database.tokens.all()] == [token_hash(first)]


async def test_a_new_file_means_a_new_token_and_the_old_one_is_dead(database: Database, home: Path):
    await Tokens(database).ensure_admin_token(home)
    first = secret(home)
    (home / "admin-token").unlink()
    await Tokens(database).ensure_admin_token(home)
    assert await holder(database, secret(home)) == "admin"
    assert await holder(database, first) is None
    (home / "admin-token").write_text(first)
    with pytest.raises(ConfigError, match="was revoked"):
        await Tokens(database).ensure_admin_token(home)


async def test_nodes_that_share_a_database_keep_their_own_tokens(database: Database, home: Path):
    other = home / "other"
    other.mkdir()
    for folder in (home, other):
        await Tokens(database).ensure_admin_token(folder)
    assert await holder(database, secret(home)) == await holder(database, secret(other)) == "admin"


async def test_a_file_that_others_can_read_is_closed(database: Database, home: Path, caplog: pytest.LogCaptureFixture):
    file = await Tokens(database).ensure_admin_token(home)
    file.chmod(0o644)
    await Tokens(database).ensure_admin_token(home)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert str(file) in caplog.text
    assert secret(home) not in caplog.text


@pytest.mark.parametrize(
    "content",
    [b"", b"password", b"artdag_short", b"\xff\xfe\x00", b"artdag_" + b"x" * 300, b"artdag_" + b"\xc3\xa9" * 50],
)
async def test_a_file_that_holds_no_token_is_refused(database: Database, home: Path, content: bytes):
    (home / "admin-token").write_bytes(content)
    with pytest.raises(ConfigError, match="holds no token") as caught:
        await Tokens(database).ensure_admin_token(home)
    assert "Delete the file" in caught.value.advice
    assert await database.tokens.all() == []


async def test_expired_and_revoked_tokens_are_nobodys(database: Database):
    texts = {name: new_token() for name in ("good", "expired", "revoked", "later")}
    ends = {"expired": "2020-01-01T00:00:00Z", "later": "2999-01-01T00:00:00Z"}
    for name, text in texts.items():
        row = TokenRow(token_hash=token_hash(text), name=name, owner=name, expires_at=ends.get(name))
        await database.tokens.add(row)
    await database.tokens.revoke(token_hash(texts["revoked"]))
    found = {name: await holder(database, text) for name, text in texts.items()}
    assert found == {"good": "good", "expired": None, "revoked": None, "later": "later"}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=2 * LONGEST) | st.text("artdg_xyz-\0\ud800", max_size=60))
async def test_no_other_text_is_a_token(database: Database, text: str):
    await database.tokens.add(TokenRow(token_hash=token_hash("artdag_" + "x" * 43), name="a", owner="ann"))
    if text != "artdag_" + "x" * 43:
        assert await holder(database, text) is None


async def test_a_token_that_is_almost_right_is_nobodys(database: Database):
    text = new_token()
    await database.tokens.add(TokenRow(token_hash=token_hash(text), name="a", owner="ann"))
    assert await holder(database, text) == "ann"
    for wrong in (text[:-1], text + "x", text.upper(), text.swapcase(), token_hash(text), "", text + "\0", " " + text):
        assert await holder(database, wrong) is None, wrong


def open_rules(app: object) -> list[tuple[str, str]]:
    """(method, path) of every rule of the application, with something in the place of each parameter."""
    found = []
    for rule in app.url_map.iter_rules():  # type: ignore[attr-defined]
        path = rule.rule
        for name in rule.arguments:
            path = path.replace(f"<path:{name}>", "x").replace(f"<{name}>", "x")
        assert "<" not in path, rule.rule
        found += [(method, path) for method in rule.methods - {"OPTIONS"}]
    return sorted(found)


async def test_every_route_but_the_exempt_asks_who_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """From the URL map of a whole node: a route that is added tomorrow is in it."""
    made: list[object] = []
    monkeypatch.setattr("artdagd.node.create_app", lambda *given: made.append(create_app(*given)) or made[0])
    async with running_node(tmp_path / "home", workers=0) as (node, _):
        asked = open_rules(made[0])
        assert len(asked) > 30
        token = secret(node.settings.home)
        wrong = [
            None, "", "Bearer", "Bearer wrong", f"Basic {token}", f"Token {token}", token, f"Bearer{token}",
            f"Bearer {token}x", f"Bearer {token[:-1]}", "Bearer " + "x" * 6000, b"Bearer \xff\xfe",
            f"Bearer {token}, Bearer {token}", f"Digest username={token}",
        ]  # fmt: skip
        async with httpx.AsyncClient(base_url=node.url, trust_env=False, timeout=20) as nobody:
            for method, path in asked:
                answer = await nobody.request(method, path)
                if path in EXEMPT or path.startswith("/static/"):
                    assert answer.status_code in (200, 303, 400, 404, 409), path
                    continue
                if path.startswith("/auth/revoke") and answer.status_code == 400:
                    continue  # a body that is none is refused before its signature is looked at
                assert_refused(answer, method)
            for header in wrong:
                headers = {} if header is None else {"Authorization": header}
                assert_refused(await nobody.get("/runs", headers=headers), "GET")
            for accepted in (f"Bearer {token}", f"bearer {token}"):
                assert (await nobody.get("/runs", headers={"Authorization": accepted})).status_code == 200
            # A token where it would be logged is no token.
            assert_refused(await nobody.get("/runs", params={"token": token, "auth_token": token}), "GET")


def assert_refused(answer: httpx.Response, method: str) -> None:
    assert answer.status_code == 401, answer.request.url
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    if method != "HEAD":
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == 401


async def test_a_refusal_repeats_no_token(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    async with running_node(tmp_path / "home", workers=0) as (node, _), httpx.AsyncClient(trust_env=False) as nobody:
        almost = secret(node.settings.home)[:-1]
        answers = await asyncio.gather(
            *(nobody.get(f"{node.url}/runs", headers={"Authorization": f"{kind} {almost}"}) for kind in ("Bearer", "X"))
        )
    for answer in answers:
        assert almost not in answer.text + str(answer.headers)
    assert almost not in caplog.text
