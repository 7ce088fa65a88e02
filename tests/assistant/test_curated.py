"""Curated answers at answer time, on SQLite and PostgreSQL, with the real encoder."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from assistant.conversation.types import CuratedAnswer
from assistant.retrieval.alike import SAME_FROM
from assistant.retrieval.curated import BAND, CuratedMatcher
from assistant.store.curated import CuratedAnswers, CuratedQuestionRow, CuratedText, count_uses
from core.audit import entries
from core.database import Database, now
from core.embeddings import Encoder, from_blobs, to_blob
from core.errors import NotFound
from core.offload import ModelRunner
from core.types import Audience

QUESTIONS = ("Posso pagare con Satispay?", "Accettate Satispay?")
PUBLIC = frozenset({Audience.PUBLIC})


def _text(text: str = "Sì, con Satispay.", **fields: Any) -> CuratedText:
    return CuratedText(**{"language": "it", "text": text, **fields})


async def _match(
    matcher: CuratedMatcher,
    question: str = "Si può pagare con Satispay?",
    *,
    language: str = "it",
    stage: str = "decision",
    audiences: frozenset[Audience] = PUBLIC,
) -> CuratedAnswer | None:
    return await matcher.match(question, language=language, stage=stage, audiences=audiences)


@pytest.fixture
def matcher(database: Database, encoder: Encoder, runner: ModelRunner) -> CuratedMatcher:
    return CuratedMatcher(CuratedAnswers(database), encoder, runner, languages=("it", "en"))


async def test_who_asks_the_same_in_other_words_gets_the_answer(matcher: CuratedMatcher) -> None:
    assert await _match(matcher) is None, "there is none yet"
    made = await matcher.add(_text(), QUESTIONS, "Anna")
    found = await _match(matcher, "Buongiorno! Si può pagare con Satispay?")
    assert found is not None
    assert (found.id, found.text, found.version) == (made.id, "Sì, con Satispay.", 1)
    assert found.question in QUESTIONS
    assert found.score >= SAME_FROM
    assert BAND.right <= found.reliability < 1
    assert await _match(matcher, "Posso pagare con PayPal?") is None
    assert await _match(matcher, "Quanto costa la Brenta?") is None


async def test_a_change_counts_at_once(matcher: CuratedMatcher) -> None:
    made = await matcher.add(_text(), QUESTIONS, "Anna")
    changed = await matcher.replace(made.id, _text("No, non più."), QUESTIONS, "Bruno")
    assert (changed.version, changed.by, changed.created_at) == (2, "Bruno", made.created_at)
    found = await _match(matcher)
    assert found is not None
    assert (found.text, found.version) == ("No, non più.", 2)
    await matcher.replace(made.id, _text(enabled=False), QUESTIONS, "Bruno")
    assert await _match(matcher) is None
    await matcher.replace(made.id, _text(), ["Dove siete?"], "Bruno")
    assert await _match(matcher) is None, "it is asked for otherwise now"
    await matcher.replace(made.id, _text(), QUESTIONS, "Bruno")
    assert await _match(matcher) is not None
    await matcher.answers.remove(made.id)
    assert await _match(matcher) is None
    for missing in (matcher.answers.remove(made.id), matcher.answers.get(made.id)):
        with pytest.raises(NotFound):
            await missing
    with pytest.raises(NotFound):
        await matcher.replace(made.id, _text(), QUESTIONS, "Bruno")


@pytest.mark.parametrize(
    ("fields", "asked", "expected"),
    [
        ({"valid_until": timedelta(days=-1)}, {}, False),
        ({"valid_until": timedelta(days=1)}, {}, True),
        ({"audience": Audience.INTERNAL}, {}, False),
        ({"audience": Audience.INTERNAL}, {"audiences": frozenset(Audience)}, True),
        ({"stages": ("purchase",)}, {}, False),
        ({"stages": ("purchase", "decision")}, {}, True),
        ({"language": "en", "text": "Yes."}, {}, False),
    ],
)
async def test_an_answer_is_for_its_days_readers_stages_and_language(
    matcher: CuratedMatcher, fields: dict[str, Any], asked: dict[str, Any], expected: bool
) -> None:
    if "valid_until" in fields:
        fields = {"valid_until": now() + fields["valid_until"]}
    await matcher.add(_text(**fields), QUESTIONS, "Anna")
    assert (await _match(matcher, **asked) is not None) is expected


async def test_a_question_in_another_language_needs_an_answer_in_that_language(
    matcher: CuratedMatcher,
) -> None:
    await matcher.add(_text(), QUESTIONS, "Anna")
    assert await _match(matcher, "Can I pay with Satispay?", language="en") is None
    await matcher.add(_text("Yes, with Satispay.", language="en"), QUESTIONS, "Anna")
    found = await _match(matcher, "Can I pay with Satispay?", language="en")
    assert found is not None
    assert found.text == "Yes, with Satispay."


async def test_another_encoder_makes_the_vectors_anew(
    matcher: CuratedMatcher, database: Database, encoder: Encoder
) -> None:
    await matcher.add(_text(), QUESTIONS, "Anna")
    async with database.writing() as session:
        wrong = to_blob(encoder.embed_query("tutt'altro"))
        await session.execute(update(CuratedQuestionRow).values(model="an older one", vector=wrong))
    assert await _match(matcher) is not None
    rows = await matcher.answers.askings()
    assert {row.model for row in rows} == {encoder.name}
    expected = encoder.embed_documents([row.text for row in rows])
    assert abs(from_blobs([row.vector for row in rows]) - expected).max() < 1e-3


async def test_answers_are_listed_and_counted(matcher: CuratedMatcher, database: Database) -> None:
    first = await matcher.add(_text(), QUESTIONS, "Anna")
    second = await matcher.add(_text("Alle 9."), ["A che ora aprite?"], "Anna")
    for _ in range(2):
        async with database.writing() as session:
            await count_uses(session, [first.id])
    total, views = await matcher.answers.page(limit=1)
    assert (total, [view.id for view in views]) == (2, [second.id])
    assert (await matcher.answers.get(first.id)).uses == 2
    assert (await matcher.answers.get(first.id)).questions == QUESTIONS


async def test_phrasings_are_tried_before_they_are_kept(matcher: CuratedMatcher) -> None:
    tried = await matcher.try_out(
        "Buongiorno! Si può pagare con Satispay?", ["Dove siete?", *QUESTIONS], "it"
    )
    assert {text for text, _ in tried[:2]} == set(QUESTIONS)
    assert tried[0][1] >= SAME_FROM > tried[-1][1]
    assert (await matcher.try_out("Posso pagare con PayPal?", QUESTIONS, "it"))[0][1] == 0, "another name"
    assert (await matcher.answers.page())[0] == 0


async def test_who_writes_changes_and_deletes_is_in_the_trail(
    matcher: CuratedMatcher, database: Database
) -> None:
    made = await matcher.add(_text(), QUESTIONS, "Anna", actor="person:1")
    await matcher.replace(made.id, _text(enabled=False), QUESTIONS, "Bruno", actor="person:2")
    await matcher.answers.remove(made.id, actor="key")
    told = await entries(database, subject=f"curated:{made.id}")
    assert [(one.actor, one.action) for one in reversed(told)] == [
        ("person:1", "curated_written"),
        ("person:2", "curated_changed"),
        ("key", "curated_deleted"),
    ]
    assert told[1].details == {"version": 2, "enabled": [True, False]}
