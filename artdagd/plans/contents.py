"""The name of a pass by the content of what it reads: equal bytes, equal name, whatever led to them.

It is a cache id like those of a plan, with the CID of a source's bytes in the place of the source's cache id. So a pass
that reads nothing but recipe inputs has one name. A name by history is known before anything runs; this one is once the
sources are there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from artdagd.cid import cid_of_value
from artdagd.plans import cache_ids
from artdagd.plans.identities import identities
from artdagd.plans.model import Pass, Plan
from artdagd.plans.ports import expand_ports
from artdagd.steps.catalogue import Catalogue
from artdagd.work import RenderPass


def piece_id(piece: RenderPass, cids: Mapping[str, str], catalogue: Catalogue, cluster: str) -> str:
    """The name of a part of a pass, or of putting parts together, by what it reads: ``cids`` are those of all sources
    of ``piece``. The record is the work itself, with CIDs for paths, and who carries out its steps."""
    work = msgspec.structs.replace(piece, sources={name: cids[name] for name in piece.sources})
    record = {
        "v": cache_ids.VERSION,
        "engine": cache_ids.ENGINE,
        "cluster": cluster,
        "identity": [list(identities(step, catalogue)) for step in piece.steps],
        "work": msgspec.to_builtins(work),
    }
    return cid_of_value(record)


def content_id(
    item: Pass, step_ids: Sequence[str], made: Plan, cids: Mapping[str, str], catalogue: Catalogue, cluster: str
) -> str:
    """The name of what ``item`` of the plan ``made`` stores, when ``step_ids`` of its steps are computed from sources
    whose bytes are ``cids`` (by name). ``cluster`` is ``cluster_digest(key)``.

    A recipe input is named by its sound where nothing but sound is read of it, as in a plan.
    """
    names: dict[str, str] = {}
    steps = {step.step_id: step for step in made.steps}
    for step_id in step_ids:
        step = steps[step_id]
        inputs = []
        ports = expand_ports(step_id, catalogue.step_types[step.type].ports, len(step.inputs))
        for name, port in zip(step.inputs, ports, strict=True):
            heard = port.carries == "audio" and name in made.inputs
            inputs.append(names.get(name) or (cache_ids.audio_name(made.audio[name]) if heard else cids[name]))
        delivery = item.delivery if step_id == item.steps[-1] else None
        identity = identities(step, catalogue)
        names[step_id] = cache_ids.cache_id(step.type, identity, step.config, inputs, cluster, delivery)
    return names[item.steps[-1]]
