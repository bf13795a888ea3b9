"""Speed and memory, beside peers in one run: ``python -m benchmarks [NAME…] [--json] [--quick]``. See README.md."""

NAMES = (
    "cid", "upload", "download", "run_get", "dispatch", "plan", "analysis", "render", "edit", "timeline", "moving",
    "costs", "intermediates", "idle", "far", "pages",
)  # fmt: skip
"""The benchmarks, each a module of this package with a function ``measure``."""
