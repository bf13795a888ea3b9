"""What the runs room answers: the shapes of ``api.md``. Times are RFC 3339 UTC, durations seconds, sizes bytes."""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from artdagd.database.blobs import Order as Order
from artdagd.database.replicas import State
from artdagd.database.runs import RunFailure
from artdagd.errors import Fault
from artdagd.plans.explain import Change
from artdagd.runs.machine import RunStatus, StepStatus
from artdagd.work import Kind

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list, newest first; ``page`` counts from 1."""

    items: list[T]
    page: int
    limit: int
    total: int
    has_more: bool


class CopyView(msgspec.Struct, frozen=True):
    """How far the copy of a blob at a provider got, since when, and what went wrong. What ``failed`` is tried again."""

    state: State
    since: str
    error: str | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A blob as its owner sees it. Facts about the picture and sound are null until a worker has looked.

    ``locations`` are ``local`` and the ids of providers that have it; ``replication`` has those that are to have it.
    """

    cid: str
    size: int
    media_type: str
    filename: str | None
    kind: Kind
    created_at: str
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    title: str = ""
    description: str = ""
    tags: list[str] = []
    metadata: dict[str, Any] = {}
    pinned: bool = False
    locations: list[str] = []
    replication: dict[str, CopyView] = {}


class Received(msgspec.Struct, frozen=True):
    """An upload that is durable. ``existed``: these bytes were here before; ``ipfs_cid`` is set if IPFS has them."""

    entry: Entry
    existed: bool
    ipfs_cid: str | None = None


Title = Annotated[str, msgspec.Meta(max_length=300, pattern=r"\A[^\x00]*\Z")]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Description = Annotated[str, msgspec.Meta(max_length=20_000, pattern=r"\A[^\x00]*\Z")]


class MetaChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What ``PATCH /cache/{cid}/meta`` may change; a field that is absent stays."""

    title: Title | msgspec.UnsetType = msgspec.UNSET
    description: Description | msgspec.UnsetType = msgspec.UNSET
    tags: Annotated[list[Tag], msgspec.Meta(max_length=100)] | msgspec.UnsetType = msgspec.UNSET
    metadata: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    pinned: (
        Annotated[bool, msgspec.Meta(description="Never removed from the node's disk, nor deleted.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class Content(msgspec.Struct, frozen=True):
    """Verified bytes on the local disk, ready to be sent; ``published`` if others see them, too."""

    cid: str
    path: str
    size: int
    media_type: str
    filename: str | None
    published: bool = False


class LastRun(msgspec.Struct, frozen=True):
    """The newest run of a recipe."""

    run_id: str
    status: RunStatus
    created_at: str
    output_cid: str | None


class RecipeView(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe as uploaded. ``inputs``, ``params`` and ``steps`` are as parsed, ``delivery`` is how the output is
    encoded, with all that applies, ``yaml`` is the text. In a list all of these are empty where the text is over
    64 KiB. ``last_run`` is the caller's newest."""

    recipe_id: str
    cid: str
    name: str
    version: str
    description: str
    inputs: dict[str, Any]
    params: dict[str, Any]
    steps: list[dict[str, Any]]
    output: str
    yaml: str
    delivery: dict[str, Any] = {}
    created_at: str = ""
    last_run: LastRun | None = None


class Checked(msgspec.Struct, frozen=True):
    """What ``POST /recipes/check`` found. ``inputs`` and ``params`` are null where the text has errors."""

    valid: bool
    errors: list[Fault]
    inputs: dict[str, Any] | None = None
    params: dict[str, Any] | None = None


class PlanRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A recipe (id or name, or its text) and what it is bound to."""

    recipe: str | None = None
    recipe_yaml: str | None = None
    inputs: dict[str, str] = {}
    params: dict[str, Any] = {}


class RunRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One of: a recipe (``recipe`` or ``recipe_yaml``), an effect on one input, a plan (``plan_id`` or ``plan``)."""

    recipe: str | None = None
    recipe_yaml: str | None = None
    effect: str | None = None
    plan_id: str | None = None
    plan: dict[str, Any] | None = None
    inputs: dict[str, str] | list[str] = {}
    params: dict[str, Any] = {}
    config: dict[str, Any] = {}


class PlanStepView(msgspec.Struct, frozen=True, kw_only=True):
    step_id: str
    recipe_step: str
    type: str
    config: dict[str, Any]
    inputs: list[str]
    cache_id: str
    identity: str
    level: int
    pass_id: str | None
    cached: bool
    output_cid: str | None = None


class SegmentView(msgspec.Struct, frozen=True):
    """A part of a pass's picture: ``frames`` of them from number ``first`` on."""

    segment_id: str
    first: int
    frames: int


class PassView(msgspec.Struct, frozen=True):
    """``seconds`` is what it would take a worker, by what passes took before; null where that is not known, or where
    it would not run. It is made in ``segments``, or ``whole`` says why it is made in one piece."""

    pass_id: str
    steps: list[str]
    cached: bool
    seconds: float | None = None
    segments: list[SegmentView] = []
    whole: str = ""


class Estimate(msgspec.Struct, frozen=True):
    """``passes`` would run; they would take one worker ``seconds`` together, null where that is not known of each. Of
    those that are made in parts, ``segments`` would be made, and ``sounds``; the others are there, and those that are
    the same computation, as the rounds of a loop, count once. ``film_seconds`` of picture would be rendered, by all
    passes together; null where that is not known."""

    seconds: float | None
    passes: int
    segments: int = 0
    sounds: int = 0
    film_seconds: float | None = None


class StepReason(msgspec.Struct, frozen=True):
    """Why a step would be computed: as in an explanation of a run."""

    step_id: str
    reason: str
    detail: str
    changes: list[Change]
    cause: str | None


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """A plan and which of its results exist already. ``plan_id`` is the CID of the plan's dag-json.

    ``estimate`` is what running it would cost, null for a run's plan; ``reasons`` say why, of each step that would be
    computed, compared with the run ``against``, the user's last of that recipe.
    """

    plan_id: str
    recipe_id: str
    name: str
    inputs: dict[str, str]
    params: dict[str, Any]
    output: str
    steps: list[PlanStepView]
    levels: list[list[str]]
    passes: list[PassView]
    estimate: Estimate | None = None
    against: str | None = None
    reasons: list[StepReason] = []


class Progress(msgspec.Struct, frozen=True):
    """``done`` of ``total`` steps are finished; ``fraction`` also counts work in flight, 0..1."""

    done: int
    total: int
    fraction: float


class RecipeRef(msgspec.Struct, frozen=True):
    recipe_id: str
    name: str


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A step of a run. ``worker`` is who made it; while it runs, those who have parts of it, with commas between them.
    ``by_content``: it is cached because what it reads is the same to the byte."""

    step_id: str
    type: str
    status: StepStatus
    level: int
    cache_id: str | None
    output_cid: str | None
    cached: bool
    pass_id: str | None
    worker: str | None
    fraction: float
    started_at: str | None
    finished_at: str | None
    error: str | None
    by_content: bool = False


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A run. ``passes_run`` counts the passes that workers computed for it; 0 means that all was cached."""

    run_id: str
    status: RunStatus
    recipe: RecipeRef | None
    effect: str | None
    inputs: dict[str, str]
    params: dict[str, Any]
    plan_id: str | None
    output_cid: str | None
    error: RunFailure | None
    progress: Progress
    created_at: str
    started_at: str | None
    finished_at: str | None
    owner: str
    provenance_cid: str | None
    passes_run: int
    steps: list[StepView]


class Recent(msgspec.Struct, frozen=True):
    """Runs that go on, those that ended, without their steps, and how many there are in all. Newest first."""

    active: list[RunView]
    ended: list[RunView]
    total: int


class Tally(msgspec.Struct, frozen=True):
    """How many runs there are by status, and names of recipes that they are of."""

    states: dict[str, int]
    recipes: list[str]


class Artifact(msgspec.Struct, frozen=True):
    """What a step left. ``size`` is null where it is not on this node now: it was evicted, and is made again when it is
    needed, or a storage provider has it. ``is_data``: it is the record of an analysis, and no medium."""

    step: StepView
    cid: str
    size: int | None
    is_data: bool


Fate = Literal["new", "changed", "evicted", "unfinished", "there", "by content", "not made", "unknown"]
"""What became of a part of a result."""


class ExplainedSegment(msgspec.Struct, frozen=True):
    """Segment ``number`` of a result: ``frames`` from number ``first`` on, which are ``duration`` seconds of film from
    ``start`` on. ``seconds`` is what it took a worker, null where it was not made for this run, and where an earlier
    segment of the result is the same computation, as the rounds of a loop are.

    ``why`` it was made: ``new`` (there is no run to compare with), ``changed`` (that run has no such segment; the
    changes of the steps say why), ``evicted`` (that run had it, and it has gone from the cache) or ``unfinished`` (that
    run did not finish). Or why not: it was ``there``; it was found ``by content``, as what it reads is the same to the
    byte; ``not made``: the run did not get there (yet). ``unknown``: what became of it was recorded, and has gone.
    """

    number: int
    first: int
    frames: int
    start: float
    duration: float
    why: Fate
    seconds: float | None


class ExplainedSegments(msgspec.Struct, frozen=True):
    """A result that is made in segments: there are ``total``, of which ``changed`` are others than in the run before
    (null without one), and ``made`` were made for this run. Those that are the same computation, as the rounds of a
    loop, count once. ``sound`` says of its sound what ``why`` says of a segment, null where it has none. ``each`` are
    all of them in order, those that are the same, too."""

    total: int
    changed: int | None
    made: int
    sound: Fate | None = None
    each: list[ExplainedSegment] = []


class ExplainedStep(msgspec.Struct, frozen=True, kw_only=True):
    """Why a step was computed, or was not. ``status`` is ``ran``, ``cached``, ``fused`` or what a step may be besides.

    ``reason`` is ``new``, ``input changed``, ``parameter changed``, ``implementation changed``, ``evicted`` (its result
    was there and is gone), ``not stored``, ``unfinished`` (the earlier run did not get there), ``nothing changed``, or
    ``inputs equal by content``: what it reads came about in another way, and is the same to the byte. ``detail`` says
    it in a sentence. ``cause`` is the step further up that changed first. ``seconds`` is what computing it took, null
    where it was not computed by itself.
    """

    step_id: str
    type: str
    status: str
    reason: str
    detail: str
    changes: list[Change]
    cause: str | None
    seconds: float | None
    segments: ExplainedSegments | None = None


class Explanation(msgspec.Struct, frozen=True):
    """Why the steps of a run were computed, compared with the run ``against``; null where there is none."""

    run_id: str
    against: str | None
    steps: list[ExplainedStep]


class Event(msgspec.Struct, frozen=True):
    """One server-sent event of a run; ``id`` grows within the run."""

    id: int
    event: str
    data: dict[str, Any]
