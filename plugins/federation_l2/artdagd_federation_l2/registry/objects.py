"""What nodes send, taken apart with suspicion: activities, and of works the little that our pages show."""

from __future__ import annotations

import html
import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from artdagd_federation_l2.registry.errors import Refused
from artdagd_federation_l2.registry.renderers import Renderer
from artdagd_federation_l2.registry.settings import origin

DEPTH = 32
"""Arrays and objects within each other."""

ID_MAX = 2048
NAME_MAX = 500
SUMMARY_MAX = 2000
LINKS_MAX = 50

TYPES = ("Video", "Audio", "Image", "Document")

_ADDRESS = re.compile(r"https?://[\x21-\x7e]+")
_PREVIEW = re.compile(r"(image|video|audio)/[a-z0-9.+-]{1,100}")
_CID = re.compile(r"[a-zA-Z0-9]{10,200}")


class Activity(msgspec.Struct, frozen=True):
    """``object`` is an address or an object, not looked at yet."""

    id: str
    type: str
    actor: str
    object: Any


class Shown(msgspec.Struct, frozen=True):
    """A work on our pages. Texts are plain, bounded and not yet escaped; addresses are of the node's own origin, or
    empty."""

    object: str
    renderer: str
    type: str
    title: str
    summary: str = ""
    cid: str = ""
    media: str = ""
    media_type: str = ""
    provenance: str = ""


def activity(body: bytes, renderer: Renderer) -> Activity:
    """The activity of a node's own actor. Raises Refused."""
    found = _object(body)
    id_, kind, actor = found.get("id"), found.get("type"), found.get("actor")
    if isinstance(actor, dict):
        actor = actor.get("id")
    if not isinstance(kind, str) or len(kind) > 100:
        raise Refused(400, "an activity has one type")
    if actor != renderer.actor:
        raise Refused(401, "the activity is of another actor than the one who signed it")
    if not _is_own(id_, renderer):
        raise Refused(422, "an activity has an id, an address of the node's own")
    return Activity(str(id_), kind, renderer.actor, found.get("object"))


def object_id(value: object, renderer: Renderer) -> str:
    """The id of an object, or of what stands for one. Raises Refused for another server's."""
    id_ = value.get("id") if isinstance(value, dict) else value
    if not _is_own(id_, renderer):
        raise Refused(422, "the object's id is no address of the node's own")
    return str(id_)


def rendered_by(value: object, domain: str) -> str:
    """The name of our person in ``artdag:renderedBy``. Raises Refused for anybody else."""
    said = value.get("artdag:renderedBy") if isinstance(value, dict) else None
    _, name, its = said.split("@") if isinstance(said, str) and said.count("@") == 2 else ("", "", "")
    if said != f"@{name}@{its}" or its.lower() != domain or not name:
        raise Refused(422, f"artdag:renderedBy names no person of {domain}: this registry takes theirs alone")
    return name


def shown(value: object, renderer: Renderer) -> Shown:
    """Raises Refused for what is no work of this node."""
    id_ = object_id(value, renderer)
    if not isinstance(value, dict) or value.get("type") not in TYPES:
        raise Refused(422, f"a work is an object of type {', '.join(TYPES)}")
    if value.get("attributedTo") != renderer.actor:
        raise Refused(422, "a work is attributedTo the node's actor")
    links = _links(value.get("url"))[:LINKS_MAX]
    attached = _links(value.get("attachment"))[:LINKS_MAX]
    media, media_type = _media(links, value.get("mediaType"), renderer)
    cid = value.get("artdag:cid")
    provenance = _own(value.get("artdag:provenance"), renderer) or next(
        (href for link in attached if "provenance" in _rel(link) and (href := _own(link.get("href"), renderer))), ""
    )
    return Shown(
        object=id_,
        renderer=renderer.url,
        type=value["type"],
        title=_line(value.get("name"), NAME_MAX) or "Untitled",
        summary=_line(html.unescape(_string(value.get("summary"), 4 * SUMMARY_MAX)), SUMMARY_MAX),
        cid=cid if isinstance(cid, str) and _CID.fullmatch(cid) else "",
        media=media,
        media_type=media_type,
        provenance=provenance,
    )


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Refused(400, "the body is no JSON") from None
    level: list[Any] = [found]
    for _ in range(DEPTH):
        level = [inner for value in level if isinstance(value, dict | list) for inner in _inside(value)]
    if level:
        raise Refused(400, f"the JSON is nested deeper than {DEPTH} levels")
    if not isinstance(found, dict):
        raise Refused(400, "an activity is a JSON object")
    return found


def _inside(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value


def _media(links: list[dict[str, Any]], otherwise: object, renderer: Renderer) -> tuple[str, str]:
    """The first picture, film or sound of the node's own, and its type."""
    for link in links:
        kind = link.get("mediaType", otherwise)
        href = _own(link.get("href"), renderer)
        if href and isinstance(kind, str) and _PREVIEW.fullmatch(kind) and kind != "image/svg+xml":
            return href, kind
    return "", ""


def _links(value: object) -> list[dict[str, Any]]:
    some = value if isinstance(value, list) else [value]
    return [one if isinstance(one, dict) else {"href": one} for one in some]


def _rel(link: dict[str, Any]) -> list[Any]:
    rel = link.get("rel")
    return rel if isinstance(rel, list) else [rel]


def _own(value: object, renderer: Renderer) -> str:
    return str(value) if _is_own(value, renderer) else ""


def _is_own(value: object, renderer: Renderer) -> bool:
    """Whether it is an address below the node's, which nothing reads as another's."""
    if not isinstance(value, str) or len(value) > ID_MAX or not _ADDRESS.fullmatch(value):
        return False
    if set(value) & set('\\"<>^`{|}'):
        return False
    return origin(value) == renderer.origin and value.startswith(f"{renderer.url}/") and bool(urlsplit(value).path)


def _string(value: object, most: int) -> str:
    return value[:most] if isinstance(value, str) else ""


def _line(value: object, most: int) -> str:
    """One line of plain text, without what turns it around."""
    text = _string(value, 4 * most)
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())[:most]
