"""The partition into passes: its rule by example, and what must hold for every graph."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from artdagd.plans.model import ConcreteStep
from artdagd.plans.passes import goes_back, levels, partition

FORWARD = {"pieces": [[0.0, 1.0, 0.0, 2.0], [1.0, 2.0, 2.0, 2.5]], "fps": [25, 1]}
BACK = {"pieces": [[0.0, 1.0, 1.0, 2.0], [1.0, 2.0, 0.5, 1.5]], "fps": [25, 1]}


def step(step_id: str, *inputs: str, kind: str = "EFFECT", keep: bool = False, **config: object) -> ConcreteStep:
    return ConcreteStep(step_id, step_id, kind, config, inputs, keep)


def test_a_chain_is_one_pass() -> None:
    assert partition([step("a", "in"), step("b", "a"), step("c", "b")], "c") == (("a", "b", "c"),)


def test_what_is_kept_ends_a_pass() -> None:
    steps = [step("a", "in"), step("b", "a", keep=True), step("c", "b")]
    assert partition(steps, "c") == (("a", "b"), ("c",))


def test_what_is_used_twice_is_stored_once() -> None:
    fork = [step("a", "in"), step("b", "a"), step("c", "a"), step("d", "b", "c", kind="SEQUENCE")]
    assert partition(fork, "d") == (("a",), ("b", "c", "d"))
    assert partition([step("a", "in"), step("b", "a", "a", kind="MUX")], "b") == (("a",), ("b",))


def test_branches_that_meet_are_one_pass() -> None:
    steps = [step("a", "in"), step("b", "in"), step("c", "a", "b", kind="SEQUENCE"), step("d", "c", "song", kind="MUX")]
    assert partition(steps, "d") == (("a", "b", "c", "d"),)


def test_a_map_that_goes_back_reads_a_file() -> None:
    forward = [step("a", "in"), step("b", "a", kind="RETIME", **FORWARD)]
    back = [step("a", "in"), step("b", "a", kind="RETIME", **BACK)]
    assert partition(forward, "b") == (("a", "b"),)
    assert partition(back, "b") == (("a",), ("b",))
    from_input = [step("b", "in", kind="RETIME", **BACK), step("c", "b")]
    assert partition(from_input, "c") == (("b", "c"),)


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
        kind = draw(st.sampled_from(["EFFECT", "SEQUENCE", "RETIME"]))
        names = ["in", "song", *(each.step_id for each in made)]
        if number == count - 1:
            kind, inputs = "SEQUENCE", [*sorted(unused), draw(st.sampled_from(names))]
        else:
            most = 3 if kind == "SEQUENCE" else 1
            inputs = draw(st.lists(st.sampled_from(names), min_size=1, max_size=most))
        config = {"RETIME": draw(st.sampled_from([FORWARD, BACK]))}.get(kind, {})
        made.append(step(f"s{number}", *inputs, kind=kind, keep=draw(st.integers(0, 5)) == 0, **config))
        unused = (unused | {made[-1].step_id}) - set(inputs)
    return made


@given(graphs())
def test_every_step_is_in_one_pass_and_passes_read_only_what_is_stored(steps: list[ConcreteStep]) -> None:
    output = steps[-1].step_id
    passes = partition(steps, output)
    by_id = {each.step_id: each for each in steps}
    assert sorted(step_id for ids in passes for step_id in ids) == sorted(by_id)
    stored: set[str] = {"in", "song"}
    for ids in passes:
        reads = {name for step_id in ids for name in by_id[step_id].inputs} - set(ids)
        assert reads <= stored, "a pass reads an input or the result of an earlier pass"
        stored.add(ids[-1])
    assert passes[-1][-1] == output


@given(graphs())
def test_a_step_is_stored_for_a_reason_and_only_then(steps: list[ConcreteStep]) -> None:
    passes = partition(steps, steps[-1].step_id)
    uses = Counter(name for each in steps for name in each.inputs)
    for ids in passes:
        assert all(uses[step_id] == 1 for step_id in ids[:-1]), "what is fused is used once"
        root = next(each for each in steps if each.step_id == ids[-1])
        backwards = any(
            each.type == "RETIME" and each.config == BACK and each.inputs[0] == root.step_id for each in steps
        )
        assert root.keep or uses[root.step_id] != 1 or backwards or root.step_id == steps[-1].step_id
        assert not any(each.keep for each in steps if each.step_id in ids[:-1])


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_the_text_makes_no_difference(steps: list[ConcreteStep], random: object) -> None:
    waiting, shuffled = list(steps), list[ConcreteStep]()
    while waiting:
        open_ids = {each.step_id for each in waiting}
        ready = [each for each in waiting if not open_ids & set(each.inputs)]
        chosen = random.choice(ready)  # type: ignore[attr-defined]
        waiting.remove(chosen)
        shuffled.append(chosen)
    output = steps[-1].step_id
    assert {frozenset(ids) for ids in partition(steps, output)} == {
        frozenset(ids) for ids in partition(shuffled, output)
    }
    assert {ids[-1] for ids in partition(steps, output)} == {ids[-1] for ids in partition(shuffled, output)}
    assert levels(steps) == levels(shuffled)
