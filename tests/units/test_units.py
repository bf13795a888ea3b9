"""The systemd units: sound, as little exposed as they are said to be, and installed where systemd looks."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from needs import missing

from artdagd.settings import ENVIRONMENT

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
COMMAND = "/opt/artdagd/bin/artdagd"


@pytest.fixture
def analyze() -> str:
    return shutil.which("systemd-analyze") or missing("systemd", "apt-get install systemd")


def run(*command: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, timeout=60)


def copied(folder: Path, *names: str) -> list[Path]:
    """The units with a command that is there: systemd-analyze looks for it."""
    made = []
    for name in names:
        text = (UNITS / name).read_text()
        assert COMMAND in text
        made.append(folder / name.replace("@.", "@1."))
        made[-1].write_text(text.replace(COMMAND, "/bin/true"))
    return made


def test_the_units_are_sound(analyze: str, tmp_path: Path):
    units = copied(tmp_path, "artdagd.service", "artdagd-worker@.service")
    done = run(analyze, "verify", "--man=no", *units)
    ours = [line for line in done.stderr.splitlines() if "artdagd" in line]
    assert (done.returncode, ours) == (0, [])


@pytest.mark.parametrize(
    ("unit", "most"), [("artdagd.service", 15), ("artdagd-worker@.service", 6)], ids=["daemon", "worker"]
)
def test_exposure(analyze: str, tmp_path: Path, unit: str, most: int):
    """In tenths: at most 1.5 for the daemon, 0.6 for a worker."""
    (copy,) = copied(tmp_path, unit)
    done = run(analyze, "security", "--offline=true", f"--threshold={most}", copy)
    assert done.returncode == 0, done.stdout + done.stderr
    loose = tmp_path / f"loose-{copy.name}"
    loose.write_text(re.sub(r"^(Protect|Restrict|SystemCall).*\n", "", copy.read_text(), flags=re.MULTILINE))
    assert run(analyze, "security", "--offline=true", f"--threshold={most}", loose).returncode != 0


def test_a_worker_sees_no_secret_and_no_network():
    text = (UNITS / "artdagd-worker@.service").read_text()
    for line in ("PrivateNetwork=yes", "PrivateUsers=yes", "TemporaryFileSystem=/var/lib/artdagd:ro"):
        assert f"\n{line}\n" in text
    shown = " ".join(re.findall(r"^Bind(?:ReadOnly)?Paths=(.*)$", text, re.MULTILINE)).split()
    assert {path.removeprefix("/var/lib/artdagd/") for path in shown} == {
        "run", "state", "cache/blobs", "cache/plans", "cache/analysis", "cache/scratch",
    }  # fmt: skip
    folders = re.findall(r"^d (\S+)", (UNITS / "tmpfiles.d" / "artdagd.conf").read_text(), re.MULTILINE)
    assert set(shown) <= set(folders), "a sandbox needs the folders that it is made of"
    assert "EnvironmentFile" not in text


def test_a_worker_elsewhere_needs_nothing_of_the_nodes(analyze: str, tmp_path: Path):
    (unit,) = copied(tmp_path, "artdagd-worker@.service")
    drop_in = tmp_path / f"{unit.name}.d" / "tcp.conf"
    drop_in.parent.mkdir()
    text = (UNITS / "worker-tcp.conf").read_text()
    assert text.count(COMMAND) == 1
    secrets = tmp_path / "worker.environment"
    secrets.write_text("ARTDAG_CONNECT=tcp://node.lan:8101\n")
    drop_in.write_text(text.replace(COMMAND, "/bin/true").replace("/etc/artdagd/worker.environment", str(secrets)))
    done = run(analyze, "verify", "--man=no", unit)
    assert (done.returncode, [line for line in done.stderr.splitlines() if "artdagd" in line]) == (0, [])
    settings = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    assert "/var/lib/artdagd/" not in settings
    for folders in ("TemporaryFileSystem", "BindReadOnlyPaths", "BindPaths"):
        assert re.findall(rf"^{folders}=(.*)$", settings, re.MULTILINE) == [""]


def test_variables_in_units_are_settings():
    for unit in UNITS.rglob("*.service"):
        for name in re.findall(r"^Environment=(\w+)=", unit.read_text(), re.MULTILINE):
            assert name in {*ENVIRONMENT, "ARTDAG_CONNECT"}, unit.name


def test_they_are_installed_where_systemd_looks(tmp_path: Path):
    make = shutil.which("make") or missing("make", "apt-get install make")
    done = run(make, "-C", ROOT, "-s", "install-service", f"DESTDIR={tmp_path}")
    assert done.returncode == 0, done.stderr
    found = {str(path.relative_to(tmp_path)): path for path in tmp_path.rglob("*") if path.is_file()}
    assert set(found) == {
        "etc/artdagd/artdagd.yaml",
        "usr/local/lib/systemd/system/artdagd.service",
        "usr/local/lib/systemd/system/artdagd-worker@.service",
        "usr/local/lib/sysusers.d/artdagd.conf",
        "usr/local/lib/tmpfiles.d/artdagd.conf",
        "usr/local/share/artdagd/worker-tcp.conf",
    }
    assert "systemctl enable --now artdagd artdagd-worker@1" in done.stdout
    mine = found["etc/artdagd/artdagd.yaml"]
    mine.write_text("port: 8200\n")
    assert run(make, "-C", ROOT, "-s", "install-service", f"DESTDIR={tmp_path}").returncode == 0
    assert mine.read_text() == "port: 8200\n", "settings that are there stay"
