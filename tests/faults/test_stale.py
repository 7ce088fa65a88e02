"""Delete, then ask; replace, then ask: under concurrency nothing that is gone is ever cited."""

import shutil
from pathlib import Path

import pytest

from assistant.app import running
from bench.stale import Trial
from core.settings import Settings

ROUNDS = 100
"""`python -m bench.stale` does 1,000."""


@pytest.mark.timeout(600)
async def test_nothing_that_is_gone_is_cited(settings: Settings, trained_models: Path) -> None:
    settings.data_dir.mkdir()
    shutil.copytree(trained_models, settings.data_dir / "models")
    async with running(settings, owner=True) as services:
        await services.runner.run_bulk(services.encoder.load)
        await services.runner.run_bulk(services.classifiers.prepare)
        result = await Trial(services, ROUNDS).run()
        assert await services.dense.look() == 0
    assert (result.rounds, result.stale, result.refused) == (ROUNDS, [], [])
    assert result.found >= 0.95 * ROUNDS  # they were there before they were gone
    assert result.answers >= ROUNDS // 10
