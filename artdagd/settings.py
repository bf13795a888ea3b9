"""Settings of a node: defaults, then ``config/artdagd.yaml``, then the environment, then command-line flags."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml

from artdagd.errors import ConfigError

log = logging.getLogger(__name__)

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Provider(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A storage provider of the node: ``type`` names a storage type of a plugin, ``config`` is that type's own."""

    type: str
    name: str
    config: dict[str, Any] = {}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every setting, with its default. The key in the file is the field's name; the variable is in ``ENVIRONMENT``."""

    home: Path = Path("~/.artdag")
    """ARTDAG_HOME: state, tokens, sockets; the parent of what is not set elsewhere."""
    host: str = "127.0.0.1"
    """HOST: address to listen on. Anything but loopback makes the node reachable: put TLS in front of it."""
    port: Port = 8100
    """PORT: TCP port; 0 takes a free one and writes it to ``$ARTDAG_HOME/address``."""
    database_url: str = ""
    """DATABASE_URL: SQLAlchemy URL; empty is a SQLite file under ``home``."""
    cache_dir: Path | None = None
    """CACHE_DIR: where blobs are kept; default ``home/cache``."""
    workers: Annotated[int, msgspec.Meta(ge=0, le=1024)] | None = None
    """ARTDAG_WORKERS: worker processes to run here; default one a core; 0 leaves it to ``artdagd worker``."""
    cluster_key: str = ""
    """ARTDAG_CLUSTER_KEY: names the trust domain; part of every cache id. Only its SHA-256 leaves this struct."""
    lease_seconds: Annotated[float, msgspec.Meta(ge=1, le=3600)] = 15.0
    """ARTDAG_LEASE_SECONDS: how long this node may be silent before others on its database take its runs."""
    worker_address: str = ""
    """ARTDAG_WORKER_ADDRESS: ``tcp://HOST:PORT`` for workers elsewhere that have the same cluster key; empty serves
    workers of this machine alone."""
    worker_url: str = ""
    """ARTDAG_WORKER_URL: where workers that don't see the cache folder reach the node's HTTP; default ``public_url``,
    else ``http://host:port``."""
    public_url: str = ""
    """L1_PUBLIC_URL: how others reach this node; default ``http://host:port``."""
    max_upload_bytes: Annotated[int, msgspec.Meta(ge=1)] = 16 << 30
    """ARTDAG_MAX_UPLOAD_BYTES: the largest upload that is accepted."""
    import_roots: tuple[Path, ...] = ()
    """ARTDAG_IMPORT_ROOTS: folders (``:`` between them) from which whoever may write can import, and so read, every
    file; none imports nothing."""
    reserve_bytes: Annotated[int, msgspec.Meta(ge=0)] = 1 << 30
    """ARTDAG_RESERVE_BYTES: free disk space that uploads must leave."""
    cache_capacity_bytes: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """ARTDAG_CACHE_CAPACITY_BYTES: what the local cache may come to before blobs are removed that may go; default as
    much as the disk holds above ``reserve_bytes``."""
    worker_memory_bytes: Annotated[int, msgspec.Meta(ge=1 << 28)] = 8 << 30
    """ARTDAG_WORKER_MEMORY_BYTES: address space a worker may use before a step fails."""
    worker_sandbox: Literal["auto", "require", "off"] = "auto"
    """ARTDAG_WORKER_SANDBOX: whether workers that the node starts restrict themselves by Landlock: where the
    kernel can; or else the node does not start; or not at all."""
    max_active_runs: Annotated[int, msgspec.Meta(ge=1)] = 200
    """ARTDAG_MAX_ACTIVE_RUNS: runs that may wait or execute at once; one more is answered 429."""
    max_active_runs_per_user: Annotated[int, msgspec.Meta(ge=1)] = 100
    """ARTDAG_MAX_ACTIVE_RUNS_PER_USER: how many of them one user may have; one more is answered 429."""
    user_quota_bytes: Annotated[int, msgspec.Meta(ge=0)] = 0
    """ARTDAG_USER_QUOTA_BYTES: what the media of one user may come to; 0 is no quota. Admins have none."""
    allowed_hosts: tuple[str, ...] = ()
    """ARTDAG_ALLOWED_HOSTS: further names by which this node may be asked for; commas between them in the variable."""
    admins: tuple[str, ...] = ()
    """ARTDAG_ADMINS: people of the identity provider (``@name@domain``) who may do everything; commas between them."""
    outbound_private: tuple[str, ...] = ()
    """ARTDAG_OUTBOUND_PRIVATE: hosts (``host``, ``host:port``, an address or a network) that the node may call although
    they are private or speak plain HTTP; commas between them."""
    ipfs_gateway_url: str = "https://ipfs.io/ipfs"
    """IPFS_GATEWAY_URL: where ``/ipfs/{cid}`` sends browsers."""
    plugins: dict[str, dict[str, Any]] = {}
    """Settings of plugins by their names (file; each plugin names variables of its own)."""
    storage: tuple[Provider, ...] = ()
    """Storage providers of the node (file only): each new blob is copied there, and a missing one is read back."""

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.home / 'artdagd.sqlite'}"

    @property
    def cache(self) -> Path:
        return self.cache_dir or self.home / "cache"

    @property
    def worker_socket(self) -> Path:
        return self.home / "run" / "workers.sock"

    @property
    def own(self) -> list[Path]:
        """Where the node keeps what nobody may read but through it."""
        file = [Path(self.database.removeprefix("sqlite:///").partition("?")[0])]
        return [self.home, self.cache, *(file if self.database.startswith("sqlite:///") else ())]

    @property
    def worker_count(self) -> int:
        return len(os.sched_getaffinity(0)) if self.workers is None else self.workers


ENVIRONMENT = {
    "ARTDAG_HOME": "home",
    "HOST": "host",
    "PORT": "port",
    "DATABASE_URL": "database_url",
    "CACHE_DIR": "cache_dir",
    "ARTDAG_WORKERS": "workers",
    "ARTDAG_CLUSTER_KEY": "cluster_key",
    "ARTDAG_LEASE_SECONDS": "lease_seconds",
    "ARTDAG_WORKER_ADDRESS": "worker_address",
    "ARTDAG_WORKER_URL": "worker_url",
    "L1_PUBLIC_URL": "public_url",
    "ARTDAG_MAX_UPLOAD_BYTES": "max_upload_bytes",
    "ARTDAG_IMPORT_ROOTS": "import_roots",
    "ARTDAG_RESERVE_BYTES": "reserve_bytes",
    "ARTDAG_CACHE_CAPACITY_BYTES": "cache_capacity_bytes",
    "ARTDAG_WORKER_MEMORY_BYTES": "worker_memory_bytes",
    "ARTDAG_WORKER_SANDBOX": "worker_sandbox",
    "ARTDAG_MAX_ACTIVE_RUNS": "max_active_runs",
    "ARTDAG_MAX_ACTIVE_RUNS_PER_USER": "max_active_runs_per_user",
    "ARTDAG_USER_QUOTA_BYTES": "user_quota_bytes",
    "ARTDAG_ALLOWED_HOSTS": "allowed_hosts",
    "ARTDAG_ADMINS": "admins",
    "ARTDAG_OUTBOUND_PRIVATE": "outbound_private",
    "IPFS_GATEWAY_URL": "ipfs_gateway_url",
}

_ADDRESS = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")

LISTS = ("allowed_hosts", "admins", "outbound_private")
"""Settings whose variable has commas between their values."""


def load_settings(file: Path | None = None, environ: Mapping[str, str] | None = None, **flags: Any) -> Settings:
    """Settings from ``file`` (must exist if given), the environment and ``flags`` (None: not given).

    Raises ConfigError that names the key or variable, what is wrong with it and where it was set.
    """
    environ = os.environ if environ is None else environ
    if environ.get("REDIS_URL"):
        log.warning("REDIS_URL is set and ignored: artdagd keeps its state in DATABASE_URL")
    values: dict[str, Any] = _read_file(file) if file else {}
    origin = {key: f"{key} in {file}" for key in values}
    for variable, key in ENVIRONMENT.items():
        if environ.get(variable):
            text = environ[variable]
            values[key] = [part.strip() for part in text.split(",") if part.strip()] if key in LISTS else text
            origin[key] = variable
    for key, value in flags.items():
        if value is not None:
            values[key], origin[key] = value, f"--{key.replace('_', '-')}"
    if isinstance(roots := values.get("import_roots"), str):
        values["import_roots"] = [root for root in roots.split(":") if root]
    for key in values:
        if key not in Settings.__struct_fields__:
            near = get_close_matches(key, Settings.__struct_fields__, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(Settings.__struct_fields__)}"
            raise ConfigError(f"{file}: unknown setting {key!r}; {hint}")
    try:
        settings = msgspec.convert(values, Settings, strict=False, dec_hook=_path)
    except msgspec.ValidationError as error:
        key = str(error).rpartition("$.")[2].rstrip("`").split(".")[0].split("[")[0]
        raise ConfigError(f"{origin.get(key, file or 'settings')}: {error}") from None
    for key in ("public_url", "worker_url"):
        if (url := getattr(settings, key)) and not _ADDRESS.fullmatch(url):
            raise ConfigError(f"{origin[key]}: {url!r} is no address such as https://node.example")
    return _absolute(settings)


def _read_file(file: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(file.read_text())
    except OSError as error:
        raise ConfigError(f"can't read the settings file {file}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise ConfigError(f"{file} is not valid YAML: {error}") from None
    if content is None:
        return {}
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ConfigError(f"{file}: expected a mapping of settings")
    return content


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    return value


def _absolute(settings: Settings) -> Settings:
    cache = settings.cache_dir
    return msgspec.structs.replace(
        settings,
        home=settings.home.expanduser().absolute(),
        cache_dir=cache.expanduser().absolute() if cache else None,
        import_roots=tuple(root.expanduser().absolute() for root in settings.import_roots),
    )
