"""Sessions, revocations, publications, providers, plugin values: on both databases."""

from __future__ import annotations

from artdagd.database import Database
from artdagd.database.providers import ProviderRow
from artdagd.database.publications import PublicationRow
from artdagd.database.sessions import SessionRow
from artdagd.database.tokens import TokenRow

LATER = "2999-01-01T00:00:00.000Z"


def session(number: int, ticket: str | None = None, user: str = "@ann@l2") -> SessionRow:
    return SessionRow(session_hash=f"{number:064}", ticket_hash=ticket, user=user, expires_at=LATER)


async def test_what_may_open_one_session_opens_no_other(database: Database):
    assert await database.sessions.add(session(1), once="t" * 64)
    await database.sessions.revoke([f"{1:064}"])
    assert not await database.sessions.add(session(2), once="t" * 64)
    assert await database.sessions.all() == []


async def test_revoking_a_token_ends_what_rests_on_it(database: Database):
    await database.sessions.add(session(1, "t" * 64))
    await database.sessions.add(session(2))
    await database.sessions.revoke(["t" * 64])
    assert [row.session_hash for row in await database.sessions.all()] == [f"{2:064}"]
    assert not await database.sessions.add(session(3), once="t" * 64)
    assert await database.sessions.revoked() == {"t" * 64, f"{1:064}"}


async def test_revoking_a_user_ends_tokens_sessions_and_what_rests_on_them(database: Database):
    await database.tokens.add(TokenRow(token_hash="a" * 64, name="n", owner="bob"))
    await database.tokens.add(TokenRow(token_hash="e" * 64, name="n", owner="bob", expires_at="2020-01-01T00:00:00Z"))
    await database.tokens.add(TokenRow(token_hash="c" * 64, name="n", owner="ann"))
    await database.sessions.add(session(1, "a" * 64, user="other"))
    await database.sessions.add(session(2, user="bob"))
    await database.sessions.add(session(3))
    assert await database.sessions.revoke([], "bob") == {"a" * 64, f"{1:064}", f"{2:064}"}
    assert await database.sessions.revoke([], "bob") == set()
    assert [row.session_hash for row in await database.sessions.all()] == [f"{3:064}"]
    assert [row.token_hash for row in await database.tokens.all() if not row.revoked_at] == ["c" * 64]
    assert await database.sessions.revoke(["u" * 64, "c" * 64], ahead=False) == {"c" * 64}
    assert await database.sessions.revoked() == {"a" * 64, "c" * 64, f"{1:064}", f"{2:064}"}
    assert await database.sessions.revoked("2999") == set()
    assert await database.sessions.get(f"{1:064}") is None
    found = await database.tokens.get("a" * 64)
    assert found is not None
    assert found.revoked_at
    await database.tokens.purge("2999", kept="ann")
    assert [row.owner for row in await database.tokens.all()] == ["ann"]


async def test_what_is_over_is_forgotten(database: Database):
    await database.sessions.add(session(1))
    await database.sessions.revoke(["t" * 64])
    await database.sessions.purge(expired_before="2000-01-01", revoked_before="2000-01-01")
    assert len(await database.sessions.all()) == 1
    assert await database.sessions.revoked()
    await database.sessions.purge(expired_before="3000-01-01", revoked_before="3000-01-01")
    assert await database.sessions.all() == []
    assert not await database.sessions.revoked()


async def test_publishing_again_keeps_one_row(database: Database):
    row = PublicationRow(cid="b1", owner="ann", activity_id="a", object_id="o", url="u", created_at="2000")
    await database.publications.put(row)
    await database.publications.put(PublicationRow(cid="b1", owner="ann", activity_id="b", object_id="o", url="u"))
    found = await database.publications.get("b1", "ann")
    assert found is not None
    assert (found.activity_id, found.created_at) == ("b", "2000")
    assert await database.publications.get("b1", "bob") is None
    assert await database.publications.get("b1", None) == found
    await database.publications.delete("b1", "ann")
    assert await database.publications.get("b1", None) is None


async def test_providers_have_one_name_each_for_an_owner(database: Database):
    row = ProviderRow(provider_id="p1", owner="ann", type="local", name="disk", config={"path": "/x"})
    assert await database.providers.add(row)
    assert not await database.providers.add(ProviderRow(provider_id="p2", owner="ann", type="local", name="disk"))
    await database.providers.update("p1", capacity_bytes=5, config={"path": "/y"})
    (found,) = await database.providers.all()
    assert (found.capacity_bytes, found.config) == (5, {"path": "/y"})
    await database.providers.delete("p1")
    assert await database.providers.all() == []


async def test_plugins_change_values_together_or_not_at_all(database: Database):
    values = database.plugin_values
    assert await values.write("one", {"a": {"n": 1}, "b": [2]}, {"a": None})
    assert not await values.write("one", {"a": 2, "b": None}, {"a": None})
    assert await values.get("one", "a") == {"n": 1}
    assert await values.get("two", "a") is None
    assert await values.write("one", {"a": 3, "b": None}, {"a": {"n": 1}})
    assert await values.items("one", "", "", 10, False) == [("a", 3)]


async def test_keys_come_in_the_order_of_code_points(database: Database):
    values = database.plugin_values
    keys = ["k/a", "k/B", "k/_", "k/10", "k/2", "k%", "other"]
    await values.write("one", dict.fromkeys(keys, 1), {})
    wanted = sorted(key for key in keys if key.startswith("k/"))
    assert [key for key, _ in await values.items("one", "k/", "", 10, False)] == wanted
    assert [key for key, _ in await values.items("one", "k/", wanted[1], 2, False)] == wanted[2:4]
    assert [key for key, _ in await values.items("one", "k/", "", 2, True)] == wanted[::-1][:2]
    assert await values.count("one", "k/") == 5
