"""python -m bench.hostile --cases 10000: hostile files of every kind, and what became of them.

Each is taken in like an upload: parted, recognised and read in a limited child, then cut into
chunks. The results are kept line by line, so that a run that was interrupted goes on where it was;
`--only NUMBER` repeats one case. The same numbers are the same files everywhere.
"""

import argparse
import json
import resource
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from core.embeddings import Encoder
from core.reading_settings import ReadingSettings
from core.telemetry import set_up_logs
from ingest.chunking import Chunker
from ingest.metadata import build_metadata
from ingest.preparing import TARGET_TOKENS
from ingest.reading.limits import ALL
from ingest.reading.reader import Reader
from ingest.types import LoadedText, SourceFile
from tests.support.hostile.cases import case, cases
from tests.support.hostile.trial import FAULT, TEXT, Trial, try_case

_LONGEST = 60.0
"""Seconds: a case that takes longer is a hang."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__.split("\n")[0])
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--only", type=int, help="one case by its number")
    parser.add_argument("--kept", type=Path, default=Path("hostile.jsonl"), help="where results are kept")
    parser.add_argument("--cut", action="store_true", help="cut what was read into chunks as well")
    given = parser.parse_args()
    set_up_logs("error")
    reader = Reader(ReadingSettings())
    try:
        print(f"limits that hold here: {', '.join(limit for limit in ALL if limit in reader.held())}")
        cut = _cutter() if given.cut else None
        if given.only is not None:
            print(try_case(case(given.only), reader, cut))
            return
        done = _kept(given.kept)
        with given.kept.open("a", encoding="utf-8") as kept:
            for one in islice(cases(len(done)), max(0, given.cases - len(done))):
                done.append(try_case(one, reader, cut))
                kept.write(json.dumps(asdict(done[-1])) + "\n")
                kept.flush()
                if len(done) % 200 == 0:
                    print(f"{len(done)} of {given.cases}, {_counted(done)}", file=sys.stderr, flush=True)
    finally:
        reader.close()
    _report(done, reader.peak)
    sys.exit(any(trial.outcome == FAULT or trial.seconds > _LONGEST + 5 for trial in done))


def _cutter() -> "_Cut":
    encoder = Encoder()
    return _Cut(Chunker(encoder.count_tokens, window=encoder.window, target=TARGET_TOKENS))


class _Cut:
    """What the pipeline does with a text before it is embedded."""

    def __init__(self, chunker: Chunker) -> None:
        self._chunker = chunker

    def __call__(self, file: SourceFile, loaded: LoadedText) -> None:
        metadata = build_metadata(
            source=file.source, found_title=loaded.title, inside=loaded.metadata, beside=file.metadata
        )
        self._chunker.cut(loaded.blocks, metadata.title)


def _kept(file: Path) -> list[Trial]:
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    return [Trial(**json.loads(line)) for line in lines]


def _counted(trials: list[Trial]) -> dict[str, int]:
    return dict(Counter(trial.outcome for trial in trials).most_common())


def _report(trials: list[Trial], peak: int) -> None:
    print(f"{len(trials)} cases, {sum(trial.documents for trial in trials)} documents in them")
    for outcome, count in _counted(trials).items():
        print(f"  {outcome:<18}{count:>7}")
    for line in _by_format(trials):
        print(line)
    slowest = max(trials, key=lambda trial: trial.seconds)
    print(f"slowest: {slowest.seconds:.1f} s (case {slowest.number}, {slowest.made})")
    print(f"longer than {_LONGEST:.0f} s: {sum(trial.seconds > _LONGEST for trial in trials)}")
    waited = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    told = f"{peak / 2**20:.0f} MB by its word, {waited} MB by the system's"
    print(f"most resident memory of a child in this run: {told}")
    for trial in trials:
        if trial.outcome == FAULT:
            print(f"FAULT {trial.number} {trial.made}: {trial.detail}")


def _by_format(trials: list[Trial]) -> Iterator[str]:
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        kinds = [word for word in trial.made.split() if "." in word]
        found[kinds[-1].rsplit(".", 1)[-1] if kinds else "other"][trial.outcome] += 1
    for kind, outcomes in sorted(found.items()):
        yield f"  .{kind:<6}{outcomes.total():>6} files, {outcomes[TEXT]:>5} read"


if __name__ == "__main__":
    main()
