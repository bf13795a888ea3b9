"""The partition into passes: its rule by example, and what must hold for every graph."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from artdagd.plans.costs import Work, goes_back
from artdagd.plans.model import ConcreteStep
from artdagd.plans.passes import levels, partition

FORWARD = {"pieces": [[0.0, 1.0, 0.0, 2.0], [1.0, 2.0, 2.0, 2.5]], "fps": [25, 1]}
BACK = {"pieces": [[0.0, 1.0, 1.0, 2.0], [1.0, 2.0, 0.5, 1.5]], "fps": [25, 1]}


def step(step_id: str, *inputs: str, kind: str = "EFFECT", keep: bool = False, **config: object) -> ConcreteStep:
    return ConcreteStep(step_id, step_id, kind, config, inputs, keep)


ACCESS = {"RETIME": "forward", "SEGMENT": "part", "SEQUENCE": "forward", "REVERSE": "random"}
PIXELS = 1000.0


def cut(steps: list[ConcreteStep], output: str, **costs: float) -> tuple[tuple[str, ...], ...]:
    """The partition, where every step gives 100 frames of 1,000 pixels together. Costs are nanoseconds a pixel."""
    works = {name: Work(100, PIXELS, PIXELS * 8) for each in steps for name in each.inputs}
    for each in steps:
        back = each.type == "RETIME" and goes_back(each)
        access = "random" if back else ACCESS.get(each.type, "frame")
        frames = 10 if each.type == "SEGMENT" else 100
        cost = costs.get(each.step_id, 5.0 if access == "frame" else 0.0) * PIXELS * frames / 100
        works[each.step_id] = Work(frames, PIXELS * frames / 100, cost, access, each.config.get("effect") == "echo")
    return partition(steps, output, works)


def test_a_chain_is_one_pass() -> None:
    assert cut([step("a", "in"), step("b", "a"), step("c", "b")], "c") == (("a", "b", "c"),)


def test_what_is_kept_ends_a_pass() -> None:
    steps = [step("a", "in"), step("b", "a", keep=True), step("c", "b")]
    assert cut(steps, "c") == (("a", "b"), ("c",))


def test_ways_that_meet_in_step_are_one_pass() -> None:
    steps = [step("a", "in"), step("b", "a"), step("c", "a"), step("d", "b", "c", kind="LAYER"), step("e", "a", "d")]
    assert cut(steps, "e", a=1000) == (("a", "b", "c", "d", "e"),)


def test_what_is_read_twice_is_stored_if_that_is_cheaper() -> None:
    fork = [step("a", "in"), step("b", "a"), step("c", "a"), step("d", "b", "c", kind="SEQUENCE")]
    # Twice 8 + a to decode and compute, or that once, and 4 to store and twice 4 to read.
    assert cut(fork, "d", a=3.9) == (("a", "b", "c", "d"),)
    assert cut(fork, "d", a=4.1) == (("a",), ("b", "c", "d"))


def test_a_step_of_two_passes_is_computed_in_both() -> None:
    steps = [step("a", "in"), step("b", "a", keep=True), step("c", "a"), step("d", "b", "c")]
    assert cut(steps, "d", a=1) == (("a", "b"), ("a", "c", "d"))
    assert cut(steps, "d", a=10) == (("a",), ("b",), ("c", "d"))


def test_a_thing_of_many_parts_is_computed_part_by_part() -> None:
    parts = [step(f"p{i}", "a", kind="SEGMENT") for i in range(10)]
    steps = [step("a", "in"), *parts, step("z", *(each.step_id for each in parts), kind="SEQUENCE")]
    assert cut(steps, "z", a=100) == (tuple(each.step_id for each in steps),)
    # An effect that remembers what came before would be read from the start for each of them.
    assert cut([step("a", "in", effect="echo"), *steps[1:]], "z", a=100)[0] == ("a",)


def test_of_two_steps_the_later_one_is_stored() -> None:
    steps = [step("a", "in"), step("b", "a"), step("c", "b", "b", kind="SEQUENCE")]
    assert cut(steps, "c", a=50) == (("a", "b"), ("c",))


def test_what_would_be_computed_all_too_often_is_stored() -> None:
    doubled = [step("s0", "in", "in", kind="SEQUENCE")]
    doubled += [step(f"s{i}", f"s{i - 1}", f"s{i - 1}", kind="SEQUENCE") for i in range(1, 40)]
    assert len(cut(doubled, "s39", s0=0)) > 1


def test_what_is_read_back_and_forth_is_stored() -> None:
    forward = [step("a", "in"), step("b", "a", kind="RETIME", **FORWARD)]
    back = [step("a", "in"), step("b", "a", kind="RETIME", **BACK)]
    turned = [step("a", "in"), step("b", "a", kind="REVERSE")]
    assert cut(forward, "b") == (("a", "b"),)
    assert cut(back, "b") == cut(turned, "b") == (("a",), ("b",))
    from_input = [step("b", "in", kind="RETIME", **BACK), step("c", "b")]
    assert cut(from_input, "c") == (("b", "c"),)
    part_of_input = [step("a", "in", kind="SEGMENT"), step("b", "a", kind="REVERSE")]
    assert cut(part_of_input, "b") == (("a", "b"),)


def test_which_maps_go_back() -> None:
    def retime(*pieces: list[float]) -> ConcreteStep:
        return step("r", "in", kind="RETIME", pieces=pieces, fps=[25, 1])

    assert not goes_back(retime([0, 1, 0, 5], [1, 2, 5, 5], [2, 3, 6, 7]))
    assert goes_back(retime([0, 1, 0, 5], [1, 2, 4, 6]))
    assert goes_back(retime([0, 1, 5, 0]))


def test_levels_are_longest_paths_after_the_analyses() -> None:
    steps = [step("a", "in"), step("b", "a"), step("c", "in", "b", kind="SEQUENCE")]
    assert levels(steps) == {"a": 0, "b": 1, "c": 2}
    analyzed = [step("x", "song", kind="ANALYZE"), *steps]
    assert levels(analyzed) == {"x": 0, "a": 1, "b": 2, "c": 3}


@st.composite
def graphs(draw: st.DrawFn) -> list[ConcreteStep]:
    """Steps in topological order, every one of which leads to the last."""
    count = draw(st.integers(1, 14))
    made: list[ConcreteStep] = []
    unused: set[str] = set()
    for number in range(count):
        kind = draw(st.sampled_from(["EFFECT", "LAYER", "SEGMENT", "SEQUENCE", "RETIME", "REVERSE"]))
        names = ["in", "song", *(each.step_id for each in made)]
        if number == count - 1:
            kind, inputs = "SEQUENCE", [*sorted(unused), draw(st.sampled_from(names))]
        else:
            most = 3 if kind in ("SEQUENCE", "LAYER") else 1
            inputs = draw(st.lists(st.sampled_from(names), min_size=1, max_size=most))
        config = {
            "RETIME": draw(st.sampled_from([FORWARD, BACK])),
            "EFFECT": {"effect": draw(st.sampled_from(["hue", "echo"]))},
        }.get(kind, {})
        made.append(step(f"s{number}", *inputs, kind=kind, keep=draw(st.integers(0, 5)) == 0, **config))
        unused = (unused | {made[-1].step_id}) - set(inputs)
    return made


costs = st.dictionaries(st.sampled_from([f"s{i}" for i in range(14)]), st.sampled_from([0.0, 1.0, 20.0, 500.0]))


@given(graphs(), costs)
def test_passes_have_every_step_and_read_only_what_is_stored(
    steps: list[ConcreteStep], costs: dict[str, float]
) -> None:
    output = steps[-1].step_id
    passes = cut(steps, output, **costs)
    by_id = {each.step_id: each for each in steps}
    assert {step_id for ids in passes for step_id in ids} == set(by_id)
    stored: set[str] = {"in", "song"}
    for ids in passes:
        reads = {name for step_id in ids for name in by_id[step_id].inputs} - set(ids)
        assert reads <= stored, "a pass reads an input or the result of an earlier pass"
        assert list(ids) == sorted(ids, key=lambda name: int(name[1:]))
        assert not stored & set(ids)
        stored.add(ids[-1])
    assert passes[-1][-1] == output


@given(graphs(), costs)
def test_what_must_be_stored_is(steps: list[ConcreteStep], costs: dict[str, float]) -> None:
    stored = {ids[-1] for ids in cut(steps, steps[-1].step_id, **costs)}
    by_id = {each.step_id: each for each in steps}
    assert {each.step_id for each in steps if each.keep} <= stored
    for each in steps:
        if each.type == "REVERSE" or each.config == BACK:
            source = by_id.get(each.inputs[0])
            costly = source and costs.get(source.step_id, 5.0) > 0 and source.type in ("EFFECT", "LAYER")
            assert source is None or source.step_id in stored or not costly
    uses = [name for each in steps for name in each.inputs]
    for step_id in stored - {steps[-1].step_id}:
        read_at_random = any(each.type in ("REVERSE", "RETIME") for each in steps if step_id in each.inputs)
        forked = any(uses.count(other) > 1 for other in by_id)
        assert by_id[step_id].keep or read_at_random or forked, "a chain is not cut without a reason"


@given(graphs(), costs)
def test_storing_what_is_stored_anyway_changes_nothing(steps: list[ConcreteStep], costs: dict[str, float]) -> None:
    output = steps[-1].step_id
    passes = cut(steps, output, **costs)
    stored = {ids[-1] for ids in passes}
    kept = [ConcreteStep(s.step_id, s.recipe_step, s.type, s.config, s.inputs, s.step_id in stored) for s in steps]
    assert cut(kept, output, **costs) == passes


@given(graphs(), costs, st.randoms(use_true_random=False))
def test_the_order_of_the_text_makes_no_difference(
    steps: list[ConcreteStep], costs: dict[str, float], random: object
) -> None:
    waiting, shuffled = list(steps), list[ConcreteStep]()
    while waiting:
        open_ids = {each.step_id for each in waiting}
        ready = [each for each in waiting if not open_ids & set(each.inputs)]
        chosen = random.choice(ready)  # type: ignore[attr-defined]
        waiting.remove(chosen)
        shuffled.append(chosen)
    output = steps[-1].step_id
    one, other = cut(steps, output, **costs), cut(shuffled, output, **costs)
    assert {frozenset(ids) for ids in one} == {frozenset(ids) for ids in other}
    assert {ids[-1] for ids in one} == {ids[-1] for ids in other}
    assert levels(steps) == levels(shuffled)
