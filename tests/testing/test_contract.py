"""The contract of storage backends passes one that is right, and fails every one that is wrong where it is wrong."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

SHELVES = Path(__file__).with_name("shelves.py")
WRONG = {
    "TestForgetsEmpty": "what_is_saved_comes_back[0]",
    "TestLargeChunks": "what_is_saved_comes_back[1048577]",
    "TestMovesTheSource": "what_is_saved_comes_back",
    "TestMissingIsEmpty": "what_is_not_here",
    "TestDeleteOfNothingFails": "what_is_not_here",
    "TestSavesOnceOnly": "saving_again_changes_nothing",
    "TestFirstPageOnly": "many_are_listed_once_each",
    "TestTakesAnyName": "a_name_that_is_no_cid_reaches_nothing",
    "TestWritesInPlace": "a_cancelled_save_leaves_nothing_and_has_ended",
    "TestGoesOnWhenCancelled": "a_cancelled_save_leaves_nothing_and_has_ended",
    "TestLeavesTemporaries": "a_cancelled_save_leaves_nothing_and_has_ended",
    "TestListsTwice": "saving_again_changes_nothing",
    "TestListsWhatMoves": "lists_while_blobs_come_and_go",
    "TestEndsEarly": "a_blob_deleted_while_it_is_read",
    "TestOneReaderAtATime": "readers_that_leave_early_and_many_at_once",
    "TestForgetsAtTheEnd": "it_is_there_after_another_opening",
    "TestClosesOnce": "closing_twice_and_closing_unused",
    "TestTrustsWhatIsThere": "other_bytes_are_given_as_they_are_and_can_be_replaced",
    "TestRangesWithTheLast": "a_range",
}


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def failed() -> dict[str, list[str]]:
    """The tests that failed, by class."""
    wanted = ["TestRight", *(f"{name}::test_{test.partition('[')[0]}" for name, test in WRONG.items())]
    command = [sys.executable, "-m", "pytest", *(f"{SHELVES}::{one}" for one in wanted)]
    options = ["-q", "--tb=no", "-rfE", "-p", "no:cacheprovider", "--noconftest"]
    said = subprocess.run([*command, *options], capture_output=True, text=True, timeout=110).stdout
    found: dict[str, list[str]] = defaultdict(list)
    for name, test in re.findall(r"^(?:FAILED|ERROR) \S+::(\w+)::test_(\S+)", said, re.MULTILINE):
        found[name].append(test)
    assert re.search(r"\d+ passed", said), said
    return found


def test_it_passes_one_that_is_right_but_for_the_memory_that_it_takes(failed: dict[str, list[str]]) -> None:
    assert failed["TestRight"] == ["memory_does_not_grow_with_the_blob"]


@pytest.mark.parametrize("name", WRONG)
def test_it_fails_one_that_is_wrong(failed: dict[str, list[str]], name: str) -> None:
    assert any(test.startswith(WRONG[name]) for test in failed[name]), failed[name]
