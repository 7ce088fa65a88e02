"""Kinds of knowledge with questions of our own: the sample company, and the documents of the training texts.

The documents are the ones that were held out of training, with their questions, among all the others
of their subject: only there does an encoder show what it does with texts that it has not seen.
"""

import json
import random
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from core.settings import bundled
from core.text import fold
from ingest.sources import read_path
from ingest.types import SourceFile
from training.passages import Passage, read_passages

HERE = Path(__file__).parent
QUESTIONS = HERE / "sample" / "questions.jsonl"
TABLES = HERE / "sample" / "tables.jsonl"
PASSAGES = HERE.parent / "training" / "data" / "passages"
SEED = 20261122
PARTS = ((30, 2), (8, 5), (1, 16))
"""Documents in a part of the sample knowledge, and parts of that size."""
HOPELESS = 0.5
"""A part is asked so many questions that it cannot answer for each one that it can, as the whole is."""
_AS_LIST, _IN_TWO = 0.15, 0.35
"""Shares of the sections that are told as a list, and (with those) in two paragraphs."""

Question = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Files with questions that they answer, and questions that they do not."""

    name: str
    files: Sequence[SourceFile]
    questions: Sequence[Question]
    """`qid`, `language`, `query`, `answerable`; `sources` that answer and what a right reply says:
    all of `must`, one of `any_of`."""


def kinds() -> Iterator[Knowledge]:
    """Yield the sample knowledge whole, then parts of it, then one subject after another."""
    yield from _sample()
    for file in sorted(PASSAGES.glob("*.jsonl")):
        documents = [p for p in read_passages([file]) if p.document]
        if documents:
            yield _subject(file.stem, documents)


def is_said(question: Question, cited: Sequence[str], reply: str) -> bool:
    """Whether a reply that cites these sources is a right one."""
    said, any_of = fold(reply), question.get("any_of", ())
    return (
        bool(question["answerable"])
        and not set(cited).isdisjoint(question["sources"])
        and all(fold(must) in said for must in question.get("must") or ())
        and (not any_of or any(fold(text) in said for text in any_of))
    )


def _sample() -> Iterator[Knowledge]:
    """A scorer fitted to one size of knowledge takes the lack of rivals for a lack of evidence: so parts."""
    files = [file for file in read_path(bundled("knowledge")) if isinstance(file, SourceFile)]
    questions = [*_read(QUESTIONS), *(row for row in _read(TABLES) if row["split"] == "dev")]
    yield Knowledge(name="sample", files=files, questions=questions)
    random_ = random.Random(SEED)
    for size, count in PARTS:
        for _ in range(count):
            part = random_.sample(files, size)
            yield Knowledge(name="sample", files=part, questions=_asked(questions, part, random_))


def _read(file: Path) -> list[Question]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]


def _asked(
    questions: Sequence[Question], files: Sequence[SourceFile], random_: random.Random
) -> list[Question]:
    """Return the questions for a part: all that it can answer, and half as many that it cannot."""
    known = {file.source for file in files}
    hopeful = [q for q in questions if known & set(q["sources"])]
    others = [q for q in questions if not known & set(q["sources"])]
    return hopeful + random_.sample(others, min(len(others), max(1, int(HOPELESS * len(hopeful)))))


def _subject(name: str, passages: Sequence[Passage]) -> Knowledge:
    """Return one document of Markdown per language for each document of the training texts."""
    files: list[SourceFile] = []
    questions: list[Question] = []
    for document, sections in groupby(passages, key=lambda passage: passage.document):
        own = list(sections)
        sources = {language: f"{language}/{document}.md" for language in ("it", "en")}
        files += [_file(sources[language], own, language) for language in sources]
        if own[0].held_out:
            questions += [q for passage in own for q in _questions(passage, list(sources.values()))]
    return Knowledge(name=name, files=files, questions=questions)


def _file(source: str, sections: Sequence[Passage], language: str) -> SourceFile:
    titles = [(p.title.italian if language == "it" else p.title.english) for p in sections]
    lines = [f"# {titles[0].partition(':')[0].strip()}"]
    for title, passage in zip(titles, sections, strict=True):
        told = [(s.italian if language == "it" else s.english) for s in passage.sentences]
        heading = title.partition(":")[2].strip() or title
        lines += ["", f"## {heading[:1].upper()}{heading[1:]}", "", *_told(told, title)]
    return SourceFile(
        source=source,
        root="training",
        name=Path(source).name,
        content="\n".join(lines).encode(),
        metadata={"language": language},
    )


def _told(sentences: Sequence[str], title: str) -> list[str]:
    """Return a section as one paragraph, as two, or as a list, as company documents have them."""
    draw = zlib.crc32(title.encode()) % 1000 / 1000
    if draw < _AS_LIST:
        return [sentences[0], "", *(f"- {sentence}" for sentence in sentences[1:])]
    middle = len(sentences) // 2
    if draw < _IN_TWO:
        return [" ".join(sentences[:middle]), "", " ".join(sentences[middle:])]
    return [" ".join(sentences)]


def _questions(passage: Passage, sources: list[str]) -> Iterator[Question]:
    """Yield each question in one of the two languages."""
    both = list(zip(passage.questions, passage.answers, strict=True))
    for pair, answers in [*both, *((near, None) for near in passage.near)]:
        italian = zlib.crc32(pair.english.encode()) % 2 == 0
        question: Question = {
            "qid": f"{passage.document}-{zlib.crc32(pair.english.encode()):x}",
            "language": "it" if italian else "en",
            "query": pair.italian if italian else pair.english,
            "answerable": answers is not None,
            "sources": sources if answers is not None else [],
        }
        told = [passage.sentences[number] for number in answers or ()]
        yield {**question, "any_of": [text for pair in told for text in (pair.italian, pair.english)]}
