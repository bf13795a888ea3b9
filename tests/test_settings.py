from pathlib import Path

import pytest

from artdagd.errors import ConfigError
from artdagd.settings import ENVIRONMENT, Settings, load_settings


def test_flags_beat_the_environment_beats_the_file(tmp_path: Path):
    file = tmp_path / "artdagd.yaml"
    file.write_text("port: 1\nhost: 0.0.0.0\nworkers: 1\n")
    settings = load_settings(file, {"PORT": "2", "HOST": "127.0.0.2"}, port=3)
    assert (settings.port, settings.host, settings.workers) == (3, "127.0.0.2", 1)


def test_home_is_the_parent_of_what_is_not_set(tmp_path: Path):
    settings = load_settings(environ={"ARTDAG_HOME": str(tmp_path)})
    assert settings.cache == tmp_path / "cache"
    assert settings.database == f"sqlite:///{tmp_path}/artdagd.sqlite"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        *(({"PORT": text}, "PORT: ") for text in ("abc", "70000")),
        ({"ARTDAG_WORKERS": "-1"}, "ARTDAG_WORKERS: "),
        *(
            ({"L1_PUBLIC_URL": text}, "L1_PUBLIC_URL: ")
            for text in ("node.example", "ftp://n", "https://", "https://a@n")
        ),
    ],
)
def test_a_wrong_variable_is_named(environ: dict[str, str], said: str):
    with pytest.raises(ConfigError, match=said):
        load_settings(environ=environ)


@pytest.mark.parametrize("text", ["prot: 1", "[1]", "port: {", "port: x", "storage: [{type: local}]"])
def test_a_wrong_file_is_named(tmp_path: Path, text: str):
    file = tmp_path / "artdagd.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=r"artdagd\.yaml"):
        load_settings(file, {})


def test_import_roots_are_a_list_in_the_file_and_have_colons_between_in_the_variable(tmp_path: Path):
    file = tmp_path / "artdagd.yaml"
    file.write_text(f"import_roots: [{tmp_path}, ~/b]")
    assert load_settings(file, {}).import_roots == (tmp_path, Path.home() / "b")
    environ = {"ARTDAG_IMPORT_ROOTS": f"{tmp_path}::/c:"}
    assert load_settings(file, environ).import_roots == (tmp_path, Path("/c"))


def test_redis_url_is_ignored_with_a_warning(caplog: pytest.LogCaptureFixture):
    load_settings(environ={"REDIS_URL": "redis://localhost:6379/5"})
    assert "REDIS_URL" in caplog.text


def test_every_variable_sets_a_setting_and_the_example_file_shows_every_key():
    assert set(ENVIRONMENT.values()) <= set(Settings.__struct_fields__)
    example = (Path(__file__).parents[1] / "config/artdagd.yaml").read_text()
    missing = [field for field in Settings.__struct_fields__ if f"{field}:" not in example]
    assert not missing
    assert load_settings(Path(__file__).parents[1] / "config/artdagd.yaml", {}) == load_settings(environ={})
