"""Every operation, driven by schemathesis (E6): no fault of the node, no answer that the document does not tell of."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from contract.drive import drive, planted
from contract.seeded import Unseeded, seeded


async def held(folder: Path, examples: int, phases: tuple[str, ...]) -> None:
    found = await drive(folder / "x", examples=examples, seed=1, phases=phases)
    assert found.clean, found.report
    assert "500" not in found.statuses
    assert f"{found.operations} selected / {found.operations} total" in found.report
    assert {"200", "201", "202", "204", "303", "400", "404"} <= set(found.statuses), "things are not found"


@pytest.mark.timeout(300)
async def test_every_operation_keeps_to_the_document(tmp_path: Path):
    """Once each. The document's examples are sent by everybody in tests/security/test_authorization.py, too."""
    await held(tmp_path, 1, ("fuzzing",))


@pytest.mark.slow
@pytest.mark.timeout(3600)
async def test_every_operation_keeps_to_the_document_in_all_phases(tmp_path: Path):
    await held(tmp_path, 50, ("examples", "coverage", "fuzzing", "stateful"))


async def test_a_path_that_leads_to_nothing_is_told_of(tmp_path: Path):
    async with planted(tmp_path / "x") as (document, given):
        async with httpx.AsyncClient(base_url=given["url"], trust_env=False) as http:
            plain = (await http.get("/openapi.json")).json()
        seeds = {name: value for name, value in given["seeds"].items() if name != "run_id"}
        with pytest.raises(Unseeded, match="run_id"):
            seeded(plain, {}, seeds)
        assert given["seeds"]["run_id"] in str(document["paths"]["/runs/{run_id}"])
