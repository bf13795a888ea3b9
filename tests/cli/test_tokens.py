"""Tokens from the command line: made with less than all, listed without their text, revoked, gone at once."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import httpx
import pytest
from processes import Daemon, well

from artdagd.cli.tokens import seconds

pytestmark = pytest.mark.database


def test_a_token_that_may_only_read(idle: Daemon, clip: Path):
    made = idle.ctl("token", "create", "look", "--scope", "read", "--expires", "30d")
    token = well(made)
    assert re.fullmatch(r"artdag_[\w-]{40,}", token)
    assert token not in made.stderr
    assert "look of admin: read, until " in made.stderr
    view = json.loads(well(idle.ctl("whoami", "--json", ARTDAG_TOKEN=token)))
    assert (view["user"], view["scopes"]) == ("admin", ["read"])
    assert view["expires_in"] == pytest.approx(30 * 86400, abs=60)
    well(idle.ctl("runs", "list", ARTDAG_TOKEN=token))
    refused = idle.ctl("cache", "put", clip, ARTDAG_TOKEN=token)
    assert (refused.returncode, "write" in refused.stderr) == (4, True)
    listed = well(idle.ctl("token", "list"))
    assert token not in listed
    (token_id,) = re.findall(r"^(\w+) +look +admin +read ", listed, re.M)
    assert well(idle.ctl("token", "revoke", token_id)) == "revoked 1"
    assert idle.ctl("whoami", ARTDAG_TOKEN=token).returncode == 4
    assert token_id not in well(idle.ctl("token", "list"))
    assert idle.ctl("token", "revoke", token_id).returncode == 1


def test_a_token_in_a_file_and_all_of_a_user_are_revoked(idle: Daemon, tmp_path: Path):
    tokens = [json.loads(well(idle.ctl("token", "create", f"t{n}", "--owner", "ann", "--json"))) for n in range(3)]
    assert {token["owner"] for token in tokens} == {"ann"}
    file = tmp_path / "token"
    file.write_text(tokens[0]["token"] + "\n")
    assert idle.ctl("token", "revoke", "--token-file", file).returncode == 0
    assert [idle.ctl("whoami", ARTDAG_TOKEN=token["token"]).returncode for token in tokens] == [4, 0, 0]
    well(idle.ctl("token", "revoke", "--user", "ann"))
    assert [idle.ctl("whoami", ARTDAG_TOKEN=token["token"]).returncode for token in tokens] == [4, 4, 4]


def test_a_login_address_signs_a_browser_in_once(idle: Daemon):
    address = well(idle.ctl("login"))
    with httpx.Client(trust_env=False) as browser:
        welcome = browser.get(address)
        assert (welcome.status_code, welcome.headers["location"]) == (303, "/")
        assert browser.get(f"{idle.url}/runs").status_code == 200
    with httpx.Client(trust_env=False) as late:
        assert late.get(address).status_code == 401


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("token revoke", "give one of"),
        ("token revoke x --user y", "give one of"),
        ("token create x --expires soon", "neither a duration, such as 30d, nor a date"),
        ("token create x --expires 2001-01-01", "is over"),
        ("token create", "Missing argument 'NAME'"),
    ],
)
def test_wrong_usage_is_2(idle: Daemon, words: str, said: str):
    done = idle.ctl(*words.split())
    assert (done.returncode, said in done.stderr) == (2, True), done


def test_an_unknown_scope_is_refused_with_the_choices(idle: Daemon):
    done = idle.ctl("token", "create", "x", "--scope", "all")
    assert done.returncode == 1
    assert "Scopes are read, write" in done.stderr


def test_times_until_a_token_ends():
    assert (seconds("90s"), seconds("1.5h"), seconds("2w")) == (90, 5400, 14 * 86400)
    later = datetime.now(UTC) + timedelta(days=2)
    assert seconds(later.isoformat()) == pytest.approx(2 * 86400, abs=5)
    assert seconds(later.replace(tzinfo=None).isoformat()) == pytest.approx(2 * 86400, abs=5)
    for wrong in ("", "-1d", "1y", "1e9d", "²d"):
        with pytest.raises(click.BadParameter):
            seconds(wrong)
