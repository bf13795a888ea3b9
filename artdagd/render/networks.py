"""libavfilter graphs with several inputs, and with options that change from frame to frame.

A network is written as nodes: each names a filter and where its inputs come from. Where an option changes between two
frames, the filter is told so by its command of that name, if that is known to do what a new filter would; else the
graph is built anew, which only filters without a memory survive. Either way no pixel passes through Python.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from av import VideoFrame
from av.filter import Graph
from av.filter.context import FilterContext

from artdagd.errors import StepFailed
from artdagd.hooks.types import Filter
from artdagd.render import threads
from artdagd.render.failures import reason
from artdagd.render.graphs import add, pull, push, source_options
from artdagd.render.wanted import still_wanted

if TYPE_CHECKING:
    from artdagd.render.streams import Picture


COMMANDS: Mapping[str, frozenset[str]] = {
    "blend": frozenset({"all_opacity"}),
    "colorchannelmixer": frozenset({"rr", "rg", "rb", "gr", "gg", "gb", "br", "bg", "bb"}),
    "colorize": frozenset({"hue", "saturation", "lightness", "mix"}),
    "crop": frozenset({"x", "y"}),
    "drawgrid": frozenset({"x", "y", "width", "height", "thickness", "color"}),
    "gblur": frozenset({"sigma", "sigmaV", "steps"}),
    "hue": frozenset({"h", "s", "b"}),
    "lagfun": frozenset({"decay"}),
    "lut": frozenset({"c0", "c1", "c2"}),
    "overlay": frozenset({"x", "y"}),
    "pixelize": frozenset({"width", "height"}),
    "pseudocolor": frozenset({"opacity"}),
    "rgbashift": frozenset({"rh", "rv", "gh", "gv", "bh", "bv"}),
    "rotate": frozenset({"angle"}),
}
"""Options that a command sets just as a new filter would: a test holds each against one. (Others look as if they did:
the command ``sigma`` of gblur leaves the vertical blur as it was, unless sigmaV is among the options.)"""

NEEDED: Mapping[str, frozenset[str]] = {"gblur": frozenset({"sigmaV"})}
"""Options that have to be given for a filter's commands to be of use."""


@dataclass(frozen=True)
class Node:
    """A filter and the numbers of what it takes: input ``i`` of a network of ``n`` inputs has the number ``i``, its
    node ``k`` the number ``n + k``. What is taken more than once is split; an input may be left alone."""

    filter: Filter
    takes: tuple[int, ...]


Network = Sequence[Node]
"""Nodes in an order in which each takes only what stands before it; the last one gives the result."""


def chain(filters: Sequence[Filter]) -> Network:
    """A network of one input that passes through ``filters`` in turn."""
    return tuple(Node(filter, (number,)) for number, filter in enumerate(filters))


def run_network(
    network_at: Callable[[int], Network],
    pictures: Sequence[Picture],
    inputs: Sequence[Iterator[VideoFrame]],
    start: int = 0,
    *,
    forgets: bool = True,
) -> Iterator[VideoFrame]:
    """Push the frames of all ``inputs``, numbered from ``start``, through the network that ``network_at(number)`` gives
    for them, until one input ends. Raises StepFailed (``effect_error``) if it can't be set up, or doesn't give a frame
    for each that it got. ``forgets`` says that no filter remembers earlier frames: else the network has to stay the
    same but for options that commands set."""
    built: _Built | None = None
    for number, frames in enumerate(zip(*inputs, strict=False), start):
        still_wanted()
        network = network_at(number)
        if built is None or not built.become(network):
            if built is not None:
                if not forgets:
                    raise _must_stay(network)
                yield from built.rest()
            built = _Built(network, pictures)
        yield from built.frames(number, frames)
    if built is not None:
        yield from built.rest()


class _Built:
    """A configured graph, and the network that its filters are set to."""

    def __init__(self, network: Network, pictures: Sequence[Picture]) -> None:
        self._network = network
        self._base = 1 / pictures[0].fps
        self._awaited = 0
        self._graph = graph = Graph()
        graph.threads = threads.filters()
        self._sources = [add(graph, "buffer", source_options(picture)) for picture in pictures]
        ends = [(source, 0) for source in self._sources]
        users = Counter(number for node in network for number in node.takes)
        free: dict[int, Iterator[tuple[FilterContext, int]]] = {}
        self._filters: list[FilterContext] = []

        def end(number: int) -> tuple[FilterContext, int]:
            if users[number] == 1:
                return ends[number]
            if number not in free:
                split = add(graph, "split", {"outputs": users[number]})
                ends[number][0].link_to(split)
                free[number] = iter([(split, pad) for pad in range(users[number])])
            return next(free[number])

        try:
            for node in network:
                context = add(graph, node.filter.name, node.filter.options)
                for pad, number in enumerate(node.takes):
                    before, out = end(number)
                    before.link_to(context, out, pad)
                ends.append((context, 0))
                self._filters.append(context)
            for number, source in enumerate(self._sources):
                if not users[number] and number + 1 < len(ends):  # a picture that this network makes nothing of
                    source.link_to(add(graph, "nullsink", {}))
            self._sink = add(graph, "buffersink", {})
            ends[-1][0].link_to(self._sink)
            graph.configure()
        except StepFailed:
            raise
        except Exception as error:
            names = ", ".join(node.filter.name for node in network)
            raise StepFailed(f"the filters {names} can't be combined: {reason(error)}", code="effect_error") from error

    def become(self, network: Network) -> bool:
        """Set the filters to those of ``network``; False if that takes a new graph."""
        if network is self._network:
            return True
        if len(network) != len(self._network):
            return False
        changes: list[tuple[FilterContext, str, str]] = []
        for context, old, new in zip(self._filters, self._network, network, strict=True):
            if old == new:
                continue
            if (old.takes, old.filter.name, old.filter.options.keys()) != (
                new.takes,
                new.filter.name,
                new.filter.options.keys(),
            ):
                return False
            for name, value in new.filter.options.items():
                if value != old.filter.options[name]:
                    if not _commanded(new.filter, name):
                        return False
                    changes.append((context, name, str(value)))
        for context, name, value in changes:
            try:
                context.process_command(name, value)
            except Exception:  # it takes no such value: a new graph tells why
                return False
        self._network = network
        return True

    def frames(self, number: int, frames: Sequence[VideoFrame]) -> Iterator[VideoFrame]:
        for source, frame in zip(self._sources, frames, strict=True):
            frame.pts, frame.time_base = number, self._base
            push(source, frame)
        self._awaited += 1
        yield from self._made()

    def rest(self) -> Iterator[VideoFrame]:
        """What the graph still holds, once all its inputs have ended."""
        for source in self._sources:
            push(source, None)
        yield from self._made()
        if self._awaited:
            names = ", ".join(node.filter.name for node in self._network)
            raise StepFailed(
                f"the filters {names} gave another number of frames than they got; an effect may not change it",
                code="effect_error",
            )

    def _made(self) -> Iterator[VideoFrame]:
        for frame in pull(self._sink):
            self._awaited -= 1
            yield frame  # type: ignore[misc]


def _must_stay(network: Network) -> StepFailed:
    names = ", ".join(node.filter.name for node in network)
    return StepFailed(
        f"among {names} is a filter that remembers earlier frames, and what moves can't be told to it",
        code="effect_error",
        advice="give numbers that stay",
    )


def _commanded(filter: Filter, option: str) -> bool:
    if option == "all_opacity" and float(filter.options[option]) >= 1:  # blend takes no notice of such a command
        return False
    return option in COMMANDS.get(filter.name, ()) and NEEDED.get(filter.name, frozenset()) <= filter.options.keys()
