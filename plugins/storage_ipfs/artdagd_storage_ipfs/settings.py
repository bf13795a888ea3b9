"""The IPFS node of a whole artdagd node: under ``plugins.storage_ipfs`` in the settings file, or in the environment."""

from __future__ import annotations

import msgspec

from artdagd_storage_ipfs.config import IpfsConfig

ENVIRONMENT = {"IPFS_API": "api", "IPFS_API_AUTHORIZATION": "authorization", "IPFS_PRIMARY": "primary"}


class IpfsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """With ``api`` the node is on IPFS. The fields are those of :class:`IpfsConfig`.

    ``primary``: inputs, analyses, plans and results count once they are there. Raises ValueError for what can't be.
    """

    api: str = ""
    authorization: str = ""
    pin_name: str = "artdagd"
    remove_blocks: bool = True
    primary: bool = False

    def __post_init__(self) -> None:
        if self.api:
            self.config  # noqa: B018 - it is looked at when the daemon starts, not when it is first needed
        elif self.primary:
            raise ValueError("IPFS_PRIMARY is true, and IPFS_API names no IPFS node (/dns/localhost/tcp/5001)")

    @property
    def config(self) -> IpfsConfig:
        """Raises ValueError."""
        given = {name: getattr(self, name) for name in IpfsConfig.__struct_fields__}
        return msgspec.convert(given, IpfsConfig)

    def __repr__(self) -> str:
        return f"IpfsSettings(api={self.api!r}, primary={self.primary})"  # no secret in a log
