"""Figures for a Prometheus server: the index, the jobs, the documents. For admins only."""

from collections.abc import Iterator

from fastapi import APIRouter, Depends, Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector

from assistant.services import Services
from assistant.web.dependencies import ServicesDep, require_admin
from assistant.web.errors import documented

router = APIRouter(tags=["health"], dependencies=[Depends(require_admin)], responses=documented(401, 403))


@router.get("/metrics", response_class=Response)
async def metrics(services: ServicesDep) -> Response:
    """Return the figures in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(_Figures(services, await services.jobs.counts()))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


class _Figures(Collector):
    """What the process knows at one moment."""

    def __init__(self, services: Services, jobs: dict[str, int]) -> None:
        self._services = services
        self._jobs = jobs

    def collect(self) -> Iterator[Metric]:
        figures, dense = self._services.dense.figures, self._services.dense
        gauges = {
            "percorso_index_healthy": (
                "1 while the index answers, 0 while the exact scan does",
                dense.healthy,
            ),
            "percorso_index_last_disagreements": (
                "Chunks on which SQL and the index differed at the last check",
                figures.last_disagreements,
            ),
            "percorso_index_last_check_seconds": (
                "When they were last compared, in seconds since 1970",
                figures.last_check.timestamp() if figures.last_check else 0,
            ),
            "percorso_index_built": ("Chunks put in by the rebuild under way", figures.built),
            "percorso_index_to_build": ("Chunks that the rebuild under way has to put in", figures.to_build),
        }
        counters = {
            "percorso_index_checks": ("Comparisons of SQL and the index", figures.checks),
            "percorso_index_disagreements": (
                "Chunks on which SQL and the index differed",
                figures.disagreements,
            ),
            "percorso_index_set_aside": ("Indexes that could not be mended", figures.set_aside),
            "percorso_index_rebuilt": ("Indexes built again from SQL", figures.rebuilt),
        }
        for name, (meaning, value) in gauges.items():
            yield GaugeMetricFamily(name, meaning, value=float(value))
        for name, (meaning, count) in counters.items():
            yield CounterMetricFamily(name, meaning, value=float(count))
        jobs = GaugeMetricFamily("percorso_jobs", "Jobs by state", labels=["state"])
        for state, count in self._jobs.items():
            jobs.add_metric([state], count)
        yield jobs
