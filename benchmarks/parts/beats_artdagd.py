"""First beat analysis of a fresh process, through the installed plugin's analyzer: ``SONG STATE [again]``.

Prints the seconds of the analysis once more in the same process, if asked for (``again``).
"""

from __future__ import annotations

import sys
import time
from functools import partial
from pathlib import Path

from artdagd.hooks import AnalysisRequest
from artdagd.hooks.manager import Plugins
from artdagd.render.analysis.audio import mono
from artdagd.steps.catalogue import Catalogue

FEATURES = ("beats", "tempo")


def main(song: Path, state: Path, again: bool) -> None:
    analyzer = Catalogue.of(Plugins.load()).analyzer_for("beats")
    request = AnalysisRequest(
        features=FEATURES,
        audio=partial(mono, song),
        progress=lambda fraction: None,
        state=state,
    )
    assert analyzer.analyze(request)["beats"]
    if again:
        started = time.perf_counter()
        analyzer.analyze(request)
        print(time.perf_counter() - started)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), "again" in sys.argv[3:])
