"""What requests say and what answers look like, where it is not a view of the runs room."""

from __future__ import annotations

from typing import Annotated, Any, Generic, TypeVar

import msgspec

from artdagd.runs.machine import RunStatus
from artdagd.runs.views import Description, Order, Title
from artdagd.work import Kind

T = TypeVar("T")

PageNumber = Annotated[int, msgspec.Meta(ge=1, le=1_000_000, description="Counts from 1.")]
Short = Annotated[str, msgspec.Meta(max_length=200)]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=8192)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=100, description="Items a page.")]


class ListQuery(msgspec.Struct, frozen=True):
    page: PageNumber = 1
    limit: Limit = 20


class MediaQuery(ListQuery, frozen=True):
    kind: Annotated[Kind | None, msgspec.Meta(description="Only media of this kind.")] = None
    q: Annotated[Short | None, msgspec.Meta(description="Words: each is in name, title, description or tags.")] = None
    sort: Annotated[Order, msgspec.Meta(description="What comes first.")] = "newest"


class RecipesQuery(ListQuery, frozen=True):
    q: Annotated[Short | None, msgspec.Meta(description="Words in the name or description.")] = None


class ImportQuery(msgspec.Struct, frozen=True):
    path: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=4095,
            description="A file under an import root: absolute, or counted from the first root that has it.",
        ),
    ]


class RunsQuery(ListQuery, frozen=True):
    status: Annotated[RunStatus | None, msgspec.Meta(description="Only runs in this state.")] = None
    recipe: Annotated[Short | None, msgspec.Meta(description="A recipe's id or name.")] = None


class ExplainQuery(msgspec.Struct, frozen=True):
    against: Annotated[Short | None, msgspec.Meta(description="The id of the run to compare with.")] = None


class LiveQuery(msgspec.Struct, frozen=True):
    wanted: Annotated[
        Annotated[int, msgspec.Meta(ge=0, le=999_999)] | None,
        msgspec.Meta(description="The segment that a viewer waits for: it is rendered before others."),
    ] = None
    viewer: Annotated[
        str, msgspec.Meta(max_length=40, description="Made up by each viewer of a user, to be told apart from others.")
    ] = ""


class Draft(msgspec.Struct, frozen=True):
    """The text that an editor begins with."""

    yaml: str


class RecipeRunBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Input name -> CID, and values for the recipe's params."""

    inputs: dict[str, str] = {}
    params: dict[str, Any] = {}


class RunBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recipe and its inputs by name, or an effect, its inputs in order, and its config."""

    recipe: str | None = None
    effect: str | None = None
    inputs: dict[str, str] | list[str] = {}
    params: dict[str, Any] = {}
    config: dict[str, Any] = {}


class ExecuteBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A plan that the node keeps, by its CID, or a whole plan."""

    plan_id: str | None = None
    plan: dict[str, Any] | None = None


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """``ok`` or ``degraded`` once work is accepted, else ``starting`` or ``draining``. ``reasons`` are why it is
    degraded: it works, and something of it does not."""

    status: str
    version: str
    reasons: tuple[str, ...] = ()


class Uploaded(msgspec.Struct, frozen=True):
    """``existed``: these bytes were here before. ``ipfs_cid`` is set once the IPFS node has them, and null
    while no IPFS is configured."""

    cid: str
    size: int
    media_type: str
    filename: str | None
    existed: bool
    ipfs_cid: str | None = None


class Meta(msgspec.Struct, frozen=True):
    title: str
    description: str
    tags: list[str]
    metadata: dict[str, Any]
    pinned: bool = False


class MetaForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A description as a form has it: whole. ``tags`` have commas between them."""

    title: Title = ""
    description: Description = ""
    tags: Annotated[str, msgspec.Meta(max_length=10_100, pattern=r"\A[^\x00]*\Z")] = ""


class RecipeUploaded(msgspec.Struct, frozen=True):
    """``created`` is false if this very text was here before."""

    recipe_id: str
    name: str
    version: str
    cid: str
    created: bool


class Items(msgspec.Struct, Generic[T], frozen=True):
    """A whole list."""

    items: list[T]
