"""A short run of the media fuzz, and what it takes for a finding. The long one is `make fuzz`."""

from __future__ import annotations

from fuzz.media import fuzz
from fuzz.mutants import mutant


def test_mutants_end_in_facts_or_are_refused_in_words():
    report = fuzz(150, seed=7, processes=1)
    assert report.findings == [], str(report)
    assert report.done == 150
    assert sum(report.outcomes.values()) == 150
    rendered = sum(count for outcome, count in report.outcomes.items() if "rendered" in outcome)
    refused = sum(count for outcome, count in report.outcomes.items() if "bad_media" in outcome)
    assert min(rendered, refused) > 30


def test_a_mutant_is_the_same_whenever_it_is_made():
    files = {"a": bytes(range(256)) * 9, "b": b"RIFF" * 300}
    made = [mutant(files, 3, number) for number in range(50)]
    assert made == [mutant(files, 3, number) for number in range(50)]
    assert len({data for _, data in made}) > 45
