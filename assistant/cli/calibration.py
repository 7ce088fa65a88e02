"""percorso calibrate."""

import asyncio
from typing import Annotated

import typer

from assistant.cli.output import AsJson, console, prepare, print_json
from assistant.conversation.scorer import load_scorer
from assistant.quality.calibrating import LEAST, Recalibrated, recalibrate, save_calibration
from assistant.store.judgements import Judged, judged_answers
from core.database import Database
from core.migrate import migrate
from core.settings import Settings


def calibrate(
    least: Annotated[int, typer.Option(min=20, help="Judged answers that are needed at least.")] = LEAST,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, keep nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let the reliability learn from what customers thought of the answers; used from the next start on."""
    from assistant.app import calibration_file

    settings = prepare()
    scorer = load_scorer(settings.prompts)
    judged = asyncio.run(_judged(settings, scorer.fingerprint))
    found = recalibrate(
        scorer,
        [own.features for own in judged],
        [own.helpful for own in judged],
        least=least,
    )
    kept = found.helps and not dry_run
    if kept:
        save_calibration(calibration_file(settings), found.calibration)
    elif not dry_run:
        calibration_file(settings).unlink(missing_ok=True)
    if as_json:
        print_json({"answers": found.answers, "right": found.right, "before": found.loss_before,
                    "after": found.loss_after, "kept": kept})  # fmt: skip
        return
    for line in _told(found, kept=kept, dry_run=dry_run):
        console.print(line, highlight=False)


async def _judged(settings: Settings, fingerprint: str) -> list[Judged]:
    database = Database(settings.database)
    try:
        await migrate(database)
        return await judged_answers(database, fingerprint)
    finally:
        await database.close()


def _told(found: Recalibrated, *, kept: bool, dry_run: bool) -> list[str]:
    lines = [
        f"{found.answers} answers were judged, {found.right} of them helped.",
        f"Log loss on answers left out: {found.loss_before:.3f} shipped, {found.loss_after:.3f} calibrated.",
    ]
    lines += [
        f"{band.name}: {band.right:.0%} of {band.answers} answers helped" for band in found.calibration.bands
    ]
    if kept:
        return [*lines, "Kept. It is used from the next start on."]
    why = (
        "This was a trial: nothing was changed."
        if dry_run
        else "What is shipped does as well and is used from the next start on."
    )
    return [*lines, why]
