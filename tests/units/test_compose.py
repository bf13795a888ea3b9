"""The compose file: what it names exists, nothing is open that should not be, no secret has a default."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from artdagd.settings import ENVIRONMENT

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "compose"
TEXT = (FOLDER / "compose.yaml").read_text()


@pytest.fixture
def services() -> dict[str, dict[str, Any]]:
    return dict(yaml.safe_load(TEXT)["services"])


def test_everything_that_is_named_is_there(services: dict[str, dict[str, Any]]):
    whole = yaml.safe_load(TEXT)
    assert set(services) == {"node", "worker", "postgres", "ipfs"}
    for name, service in services.items():
        assert service["image"], name
        for other in service.get("depends_on", {}):
            assert other in services
        for network in service.get("networks", []):
            assert network in whole["networks"]
        for volume in service.get("volumes", []):
            assert (volume["source"] if isinstance(volume, dict) else volume.partition(":")[0]) in whole["volumes"]
    assert set(services["node"]["environment"]) <= {*ENVIRONMENT, "IPFS_API", "IPFS_PRIMARY"}
    assert (FOLDER / services["node"]["build"]["context"] / services["node"]["build"]["dockerfile"]).is_file()
    variables = set(re.findall(r"\$\{(\w+)", TEXT)) - {"ARTDAG_ALLOWED_HOSTS"}
    assert variables == set(re.findall(r"^(\w+)=", (FOLDER / "example.env").read_text(), re.MULTILINE))


def test_nothing_is_open_that_should_not_be(services: dict[str, dict[str, Any]]):
    for service in (services["node"], services["worker"]):
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]
    assert services["node"]["ports"] == ["127.0.0.1:8100:8100"]
    assert "ports" not in services["postgres"]
    assert all("5001" not in port for port in services["ipfs"]["ports"])
    worker = services["worker"]
    assert worker["network_mode"] == "none"
    assert "environment" not in worker
    writable = [one for one in worker["volumes"] if isinstance(one, dict) and not one.get("read_only")]
    assert [one["volume"]["subpath"] for one in writable if one["source"] == "cache"] == ["scratch"]
    assert not any(str(one).startswith("home:") for one in worker["volumes"])


def test_no_secret_has_a_default():
    assert re.findall(r"\$\{POSTGRES_PASSWORD(.)", TEXT) == [":", ":"]
    assert "${POSTGRES_PASSWORD:-" not in TEXT
    for line in (FOLDER / "example.env").read_text().splitlines():
        assert line.startswith("#") or line.endswith("=")


def test_the_image_is_made_of_what_is_here():
    text = (FOLDER / "Dockerfile").read_text()
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for name in source.split():
            assert (ROOT / name).exists(), name
    assert "\nUSER artdagd\n" in text


def test_docker_takes_it():
    docker = shutil.which("docker")
    if not docker or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not on this machine")
    done = subprocess.run(
        [docker, "compose", "--file", str(FOLDER / "compose.yaml"), "config", "--quiet"],
        env={**os.environ, "POSTGRES_PASSWORD": "x"}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
