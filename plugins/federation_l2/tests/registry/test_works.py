"""Works that nodes publish, on the registry's pages and in its people's outboxes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from artdagd_federation_l2.registry.works import PAGE
from artdagd_federation_l2.signatures import SigningKey
from fake_nodes import FakeNode, fake_node
from published import CID, KIND, activity, post, work
from registries import RunningRegistry, running_registry
from signed import rsa_key


@asynccontextmanager
async def approved(home: Path) -> AsyncIterator[tuple[RunningRegistry, FakeNode]]:
    """A registry with anna, who has approved a node."""
    async with running_registry(home) as registry, fake_node() as node:
        await registry.add_user("anna")
        await registry.add_user("bela")
        await registry.add_renderer(node.url)
        await registry.registry.services.renderers.approve("anna", node.url)
        yield registry, node


async def page(registry: RunningRegistry, path: str) -> str:
    async with registry.visitor() as browser:
        answer = await browser.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text


async def test_a_published_work_gets_a_page(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node), registry.visitor() as browser:
        answer = await post(node, registry.url, activity(node, work(node)))
        assert answer.status_code == 202, answer.text
        where = answer.headers["Location"]
        assert where.startswith(f"{registry.url}/works/")
        shown = await browser.get(where)
        for part in (
            "<h1>Rain on tin</h1>",
            "Video by",
            "@anna@art.example",
            CID,
            "Two minutes &amp; a half",
            f'<video src="{node.url}/cache/{CID}/raw"',
            f'href="{node.url}/ap/objects/1/provenance"',
        ):
            assert part in shown.text, part
        assert f"media-src 'self' {node.url};" in shown.headers["Content-Security-Policy"]
        path = where.removeprefix(registry.url)
        for listing in ("/", "/works", "/users/anna"):
            assert path in await page(registry, listing)
        assert path not in await page(registry, "/users/bela")


async def test_an_activity_counts_once_and_an_update_changes_the_work(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node):
        first = await post(node, registry.url, activity(node, work(node)))
        again = await post(node, registry.url, activity(node, work(node, name="Rain on tin, again")))
        assert again.status_code == 202
        assert again.headers["Location"] == first.headers["Location"]
        path = first.headers["Location"].removeprefix(registry.url)
        assert "again" not in await page(registry, path)
        changed = activity(node, work(node) | {"name": "Hail"}, "Update", "2")
        assert (await post(node, registry.url, changed)).headers["Location"] == first.headers["Location"]
        assert "Hail" in await page(registry, path)
        assert "1 published" in await page(registry, "/works")


async def test_a_work_that_is_taken_back_is_gone_also_if_it_comes_late(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node), registry.visitor() as browser:
        where = (await post(node, registry.url, activity(node, work(node)))).headers["Location"]
        tombstone = {"type": "Tombstone", "id": work(node)["id"]}
        assert (await post(node, registry.url, activity(node, tombstone, "Delete", "2"))).status_code == 202
        assert (await browser.get(where)).status_code == 410
        assert "0 published" in await page(registry, "/works")
        for number in ("1", "3"):
            late = await post(node, registry.url, activity(node, work(node), id_=number))
            assert late.status_code == 409
        early = activity(node, f"{node.url}/ap/objects/late", "Delete", "4")
        assert (await post(node, registry.url, early)).status_code == 202
        assert (await post(node, registry.url, activity(node, work(node, "late"), id_="5"))).status_code == 409


async def test_a_person_has_to_have_approved_the_node(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node):
        for name, status in (
            *(("@bela@art.example", 403), ("@carl@art.example", 422), ("@anna@elsewhere.example", 422)),
            *(
                ("admin", 422),
                (None, 422),
                ("@anna@art.example@x", 422),
                ("anna@art.example", 422),
                ("@@art.example", 422),
            ),
        ):
            object_ = work(node) | {"artdag:renderedBy": name}
            assert (await post(node, registry.url, activity(node, object_))).status_code == status, name
        # What was refused was not used up: they may attach in the meantime.
        await registry.registry.services.renderers.approve("bela", node.url)
        object_ = work(node) | {"artdag:renderedBy": "@bela@art.example"}
        assert (await post(node, registry.url, activity(node, object_))).status_code == 202


async def test_a_node_changes_no_work_of_another(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node), fake_node("evil") as other:
        await registry.add_renderer(other.url)
        await registry.registry.services.renderers.approve("anna", other.url)
        where = (await post(node, registry.url, activity(node, work(node)))).headers["Location"]
        hostile = [
            activity(other, work(node) | {"name": "Stolen"}, "Update"),
            activity(other, work(node) | {"name": "Stolen", "attributedTo": f"{other.url}/ap/actor"}, "Update"),
            activity(other, work(other) | {"id": work(node)["id"]}, "Create"),
            activity(other, work(node)["id"], "Delete"),
            activity(other, {"type": "Tombstone", "id": work(node)["id"]}, "Delete"),
            activity(node, work(node)["id"], "Delete"),
            activity(other, work(other), id_="1") | {"id": f"{node.url}/ap/activities/9"},
        ]
        for one in hostile:
            assert (await post(other, registry.url, one)).status_code in (401, 422), one
        shown = await page(registry, where.removeprefix(registry.url))
        assert "Rain on tin" in shown


async def test_unsigned_forged_and_replayed_posts_are_refused(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node), fake_node("evil") as stranger:
        value = activity(node, work(node))
        body = json.dumps(value).encode()
        forged = SigningKey(node.key.key_id, rsa_key("evil").private)
        good = await post(node, registry.url, activity(node, None, "Like"), scheme="cavage")
        assert good.status_code == 202
        headers = {**good.request.headers}
        inboxes = ("/inbox", "/users/anna/inbox")
        for inbox in inboxes:
            url = registry.url + inbox
            refused = [
                await node.http.post(url, content=body, headers={"Content-Type": KIND}),
                await node.http.post(url, content=good.request.content, headers=headers),
                await node.http.post(url, content=body, headers=headers | {"content-length": str(len(body))}),
                await post(node, registry.url, value, inbox=inbox, key=forged),
                await post(stranger, registry.url, value, inbox=inbox),
                await post(stranger, registry.url, activity(stranger, work(stranger)), inbox=inbox),
                await post(node, registry.url, value, inbox=inbox, at=1_700_000_000.0),
                await post(node, registry.url, value, inbox=inbox, scheme="cavage", at=1_700_000_000.0),
            ]
            assert [answer.status_code for answer in refused] == [401] * len(refused)
        assert stranger.asked == 0
        assert "0 published" in await page(registry, "/works")


async def test_kinds_that_are_not_known_are_let_be(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node):
        for number, kind in enumerate(("Follow", "Like", "Announce", "Undo", "Question", "x" * 100)):
            answer = await post(node, registry.url, activity(node, "https://x.example/", kind, str(number)))
            assert (answer.status_code, "Location" in answer.headers) == (202, False)


def nested(depth: int) -> bytes:
    return b'{"type":"Create","x":' + b"[" * depth + b"]" * depth + b"}"


BODIES = [
    *((b"", 400), (b"{", 400), (b"[]", 400), (b"null", 400), (b"\xff\xfe", 400), (b'"\\ud800"', 400)),
    *((nested(40), 400), (nested(100_000), 400), (b'{"type": ["Create"]}', 400), (b'{"type": NaN}', 400)),
    *((b" " * (256 * 1024 + 1), 413), (b'{"type": "Create"}', 401)),
]


async def test_bodies_that_are_no_activity_are_refused_in_words(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node):
        for body, status in BODIES:
            answer = await post(node, registry.url, body)
            assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")


async def test_another_media_type_is_refused(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node):
        assert (await post(node, registry.url, activity(node, work(node)), kind="text/plain")).status_code == 415


HOSTILE = [
    "<script>alert(1)</script>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&amp;lt;script&amp;gt;",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "\u202eevil\u2066\x00\x1b[31m\r\nSet-Cookie: x",
    "x" * 5000,
    "</title></h1><svg onload=alert(1)>",
]
ADDRESSES = [
    *("javascript:alert(1)", "data:text/html,x", "//evil.example/x.mp4", "https://evil.example/x.mp4", "file:///etc/x"),
    *("NODE.evil.example/x", "NODE@evil.example/x", 'NODE/x" onerror="alert(1)', "NODE/x y", "NODE\\@evil.example/"),
    *("NODE", "NODE/\nx", "x", "", None, 7, ["NODE/x"], {"href": "NODE/x"}, "NODE/" + "x" * 3000, "ipfs://x"),
]


KINDS = ("text/html", "image/svg+xml", "application/pdf", "IMAGE/PNG", "image/png; x", "image/", "x", 7, None, ["a/b"])
NO_WORKS: list[dict[str, Any]] = [
    *({"type": "Note"}, {"type": None}, {"type": ["Video"]}, {"attributedTo": "https://evil.example/actor"}, {"id": 7}),
    *({"attributedTo": None}, {"id": None}, {"id": "https://evil.example/1"}, {"id": "x"}, {"id": {"id": "x"}}),
]


async def test_texts_are_shown_as_text(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node):
        paths = ["/", "/works", "/users/anna"]
        for number, text in enumerate(HOSTILE):
            object_ = work(node, str(number), name=text, summary=text, content=text) | {"artdag:cid": text}
            answer = await post(node, registry.url, activity(node, object_, id_=str(number)))
            paths.append(answer.headers["Location"].removeprefix(registry.url))
        bad = ("<script", "<img", "<svg", "onerror=alert(1)>", "' onmouseover='", "\u202e", "\x1b", "x" * 2001)
        for path in paths:
            shown = await page(registry, path)
            assert not [one for one in bad if one in shown], path


async def test_addresses_lead_to_the_node_alone(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node):
        for number, pattern in enumerate(ADDRESSES):
            address: Any = json.loads(json.dumps(pattern).replace("NODE", node.url))
            link = {"type": "Link", "href": address, "mediaType": "image/png"}
            object_ = work(node, str(number)) | {"url": [link], "attachment": [], "artdag:provenance": address}
            answer = await post(node, registry.url, activity(node, object_, id_=str(number)))
            shown = await page(registry, answer.headers["Location"].removeprefix(registry.url))
            assert "<img" not in shown, pattern
            assert "How it was made" not in shown, pattern
            assert "evil.example" not in shown


async def test_only_pictures_films_and_sounds_are_shown(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node):
        for number, kind in enumerate(KINDS):
            link = {"type": "Link", "href": f"{node.url}/x", "mediaType": kind}
            object_ = work(node, str(number), url=link, mediaType="x")
            answer = await post(node, registry.url, activity(node, object_, id_=str(number)))
            shown = await page(registry, answer.headers["Location"].removeprefix(registry.url))
            assert not [tag for tag in ("<img", "<video", "<audio") if tag in shown], kind


async def test_objects_that_are_no_work_of_the_node_are_refused(tmp_path: Path) -> None:
    async with approved(tmp_path) as (registry, node):
        for changes in NO_WORKS:
            answer = await post(node, registry.url, activity(node, work(node) | changes))
            assert answer.status_code == 422, changes
        for number, value in enumerate((None, [], "x", 7, [work(node)])):
            assert (await post(node, registry.url, activity(node, value, id_=str(number)))).status_code == 422, value


async def test_people_are_actors_with_outboxes(tmp_path: Path) -> None:
    numbers = sorted(map(str, range(PAGE * 2 + 1)))
    async with approved(tmp_path) as (registry, node):
        for number in numbers:
            await post(node, registry.url, activity(node, work(node, number), id_=number))
        http = node.http
        found = await http.get(f"{registry.url}/.well-known/webfinger?resource=acct:anna@art.example")
        assert found.headers["Content-Type"] == "application/jrd+json"
        address = found.json()["links"][0]["href"]
        assert address == f"{registry.url}/users/anna"
        actor = (await http.get(address, headers={"Accept": KIND})).json()
        assert (actor["id"], actor["type"], actor["publicKey"]["owner"]) == (address, "Person", address)
        collection = (await http.get(actor["outbox"])).json()
        assert (collection["type"], collection["totalItems"]) == ("OrderedCollection", len(numbers))
        following, objects = collection["first"], []
        while following:
            one = (await http.get(following)).json()
            assert {item["type"] for item in one["orderedItems"]} == {"Announce"}
            objects += [item["object"] for item in one["orderedItems"]]
            following = one.get("next")
        assert sorted(objects) == [f"{node.url}/ap/objects/{number}" for number in numbers]
        assert (await http.get(f"{registry.url}/users/anna", headers={"Accept": "text/html"})).text.startswith("<!doc")
        for missing in ("acct:nobody@art.example", "acct:anna@evil.example", "x", ""):
            answer = await http.get(f"{registry.url}/.well-known/webfinger", params={"resource": missing})
            assert answer.status_code == 404
