"""What may be wrong, and stops nothing."""

from __future__ import annotations

from artdagd.errors import ArtdagError


class Doubt(ArtdagError):
    title = "Doubtful"
