"""What the node is doing, for Prometheus."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from quart import Response

from artdagd.api.calls import Call
from artdagd.api.routes import Section
from artdagd.runs.provider_views import ProviderView

if TYPE_CHECKING:
    from prometheus_client.core import Metric

    from artdagd.runs.membership import NodeView

section = Section("Metrics", "Numbers for Prometheus.")


@section.route("GET", "/metrics", "Measure the node", gives="text/plain")
async def show_metrics(call: Call) -> Response:
    """In the text format of Prometheus. A scraper needs a token with the scope `read`."""
    # Imported when it is asked for: a node that nobody scrapes is smaller.
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_LATEST

    counted = await call.services.runs.count()
    registry = CollectorRegistry(auto_describe=False)
    providers = await call.services.storage.every(call.who)
    registry.register(_Now(call, counted, await call.services.nodes(), providers))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Now:
    """One look at the node (a prometheus_client collector)."""

    def __init__(
        self, call: Call, runs: dict[str, int], nodes: Sequence[NodeView], providers: list[ProviderView]
    ) -> None:
        self._call = call
        self._providers = providers
        self._runs = runs
        self._nodes = nodes

    def collect(self) -> Iterable[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily

        yield InfoMetricFamily("artdag_node", "The daemon.", {"version": self._call.services.version})
        requests = CounterMetricFamily("artdag_http_requests", "Requests answered.", labels=["method", "status"])
        for (method, code), count in sorted(self._call.app.answered.items()):
            requests.add_metric([method, str(code)], count)
        yield requests
        runs = GaugeMetricFamily("artdag_runs", "Runs that are kept, by status.", labels=["status"])
        for status, count in sorted(self._runs.items()):
            runs.add_metric([status], count)
        yield runs
        nodes = GaugeMetricFamily("artdag_nodes", "Nodes on this database, by state.", labels=["state"])
        for state in sorted({node.state for node in self._nodes}):
            nodes.add_metric([state], sum(node.state == state for node in self._nodes))
        yield nodes
        own = sum(node.runs for node in self._nodes if node.this)
        yield GaugeMetricFamily("artdag_node_runs", "Unfinished runs that are this node's.", value=own)
        yield from self._of_workers()
        yield from self._of_storage()
        yield from self._of_cache()
        memory = GaugeMetricFamily("artdag_daemon_resident_bytes", "Memory of the daemon.", value=_resident())
        yield memory

    def _of_storage(self) -> Iterable[Metric]:
        """Of the providers that the caller sees."""
        from prometheus_client.core import GaugeMetricFamily

        for name, field, about in (
            ("artdag_storage_blobs", "blobs", "Copies that a storage provider has."),
            ("artdag_storage_bytes", "bytes", "Bytes of the copies that a storage provider has."),
            ("artdag_storage_owed", "owed", "Copies and deletions that a storage provider is owed."),
            ("artdag_storage_failing", "failing", "Copies that a storage provider could not be given yet."),
        ):
            family = GaugeMetricFamily(name, about, labels=["provider", "name"])
            for one in self._providers:
                family.add_metric([one.provider_id, one.name], getattr(one, field))
            yield family
        left = GaugeMetricFamily(
            "artdag_storage_left_alone",
            "Whether a storage provider is left alone for now.",
            labels=["provider", "name"],
        )
        for one in self._providers:
            left.add_metric([one.provider_id, one.name], one.circuit == "open")
        yield left

    def _of_cache(self) -> Iterable[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        cache = self._call.services.keeper.usage
        yield GaugeMetricFamily("artdag_cache_blobs", "Files in the local cache.", value=cache.blobs)
        yield GaugeMetricFamily("artdag_cache_bytes", "Their bytes.", value=cache.bytes)
        if cache.capacity_bytes is not None:
            yield GaugeMetricFamily("artdag_cache_capacity_bytes", "What they may come to.", value=cache.capacity_bytes)
        yield GaugeMetricFamily(
            "artdag_disk_spare_bytes", "Free disk space beyond the reserve.", value=cache.spare_bytes
        )
        yield CounterMetricFamily("artdag_cache_evicted", "Blobs removed to make room.", value=cache.evicted)
        yield CounterMetricFamily("artdag_cache_evicted_bytes", "Their bytes.", value=cache.evicted_bytes)

    def _of_workers(self) -> Iterable[Metric]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        workers = self._call.services.workers()
        states = GaugeMetricFamily("artdag_workers", "Workers, by state.", labels=["state"])
        for state in sorted({worker.state for worker in workers}):
            states.add_metric([state], sum(worker.state == state for worker in workers))
        yield states
        for name, field, about in (
            ("artdag_worker_passes_done", "done", "Passes that a worker has done."),
            ("artdag_worker_passes_failed", "failed", "Passes that failed at a worker."),
        ):
            family = CounterMetricFamily(name, about, labels=["worker"])
            for worker in workers:
                family.add_metric([worker.name], getattr(worker, field))
            yield family
        memory = GaugeMetricFamily("artdag_worker_resident_bytes", "Memory of a worker.", labels=["worker"])
        for worker in workers:
            if worker.memory is not None:
                memory.add_metric([worker.name], worker.memory)
        yield memory


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
