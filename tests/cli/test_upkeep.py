"""``artdagctl cache usage``, ``gc``, ``verify`` and pins, against a node of their own."""

from __future__ import annotations

import json
from pathlib import Path

from processes import Daemon, well


def test_a_blob_that_decays_ends_verify_with_1_and_a_pin_keeps_a_blob(idle: Daemon, tmp_path: Path):
    note = tmp_path / "note.txt"
    cids = []
    for text in ("sound", "spoilt"):
        note.write_text(text * 10)
        cids.append(well(idle.ctl("cache", "put", note)).split()[0])
    sound, spoilt = cids
    assert "checked 1: 1 sound, 0 healed, 0 corrupt, 0 missing" in well(idle.ctl("cache", "verify", sound))
    (file,) = (idle.home / "cache" / "blobs").rglob(spoilt)
    file.chmod(0o600)
    file.write_text("decayed")
    done = idle.ctl("cache", "verify", *cids, "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, found["sound"], found["corrupt"]) == (1, 1, 1)
    assert found["items"] == [{"cid": spoilt, "state": "corrupt", "remedy": "upload it again"}]
    assert idle.ctl("cache", "verify", sound, "--read-data-subset", "5%").returncode == 2
    assert idle.ctl("cache", "verify", "--read-data-subset", "0%").returncode == 2

    assert "pinned       true" in well(idle.ctl("cache", "meta", sound, "--pin"))
    assert "is pinned" in idle.ctl("cache", "delete", sound).stderr
    well(idle.ctl("cache", "meta", sound, "--no-pin"))
    well(idle.ctl("cache", "delete", sound))


def test_what_would_go_is_told_before_it_goes(idle: Daemon):
    planned = json.loads(well(idle.ctl("cache", "gc", "--plan", "--to", "0", "--json")))
    assert planned["plan"] is True
    assert planned["count"] == len(planned["items"])
    assert "would free" in well(idle.ctl("cache", "gc", "--plan"))
    assert "freed" in well(idle.ctl("cache", "gc"))
    usage = json.loads(well(idle.ctl("cache", "usage", "--json")))
    assert json.loads(well(idle.ctl("status", "--json")))["cache"]["capacity_bytes"] == usage["capacity_bytes"] is None
