"""What a person wrote is framed and cited like any other answer."""

from typing import Any

from assistant.conversation.curated import findings_of
from assistant.conversation.readings import Emotion, Sentiment
from assistant.conversation.several import Asked
from assistant.conversation.types import Action, Band, CuratedAnswer, CuratedSource
from assistant.engines.chat_model import ChatModelEngine
from core.settings import ChatSettings
from tests.support.briefs import PROMPTS, reading, thread
from tests.support.composing import FOUND, FixedEngine, a_composer, answer, reply_to
from tests.support.http import serving
from tests.support.llm import ScriptedModel
from tests.support.llm import reply as scripted


def _curated(**fields: Any) -> CuratedAnswer:
    given: dict[str, Any] = {
        "id": "a1",
        "question": "Posso pagare a rate?",
        "text": "Sì, in **dieci** rate da 99 euro.",
        "language": "it",
        "version": 3,
        "score": 0.9,
        "reliability": 0.96,
        "band": Band(name="high", start=0.84, right=0.95, answers=84),
    }
    return CuratedAnswer(**{**given, **fields})


PARTS = [
    (Asked("Posso pagare a rate?", "Posso pagare a rate?"), findings_of(_curated())),
    (Asked("Quanto costa la Brenta?", "Quanto costa la Brenta?"), FOUND),
]


async def test_it_is_told_word_for_word_with_its_source_and_no_engine_is_asked() -> None:
    engine = FixedEngine()
    reply = await reply_to(a_composer(engine), findings=findings_of(_curated()))
    assert "Sì, in **dieci** rate da 99 euro. [1]" in reply.text
    assert (reply.action, reply.engine, reply.reliability) == (Action.ANSWER, "curated", 0.96)
    assert reply.band == _curated().band
    assert reply.curated == ("a1",)
    assert engine.briefs == []
    (citation,) = reply.citations
    assert (citation.kind, citation.title, citation.version) == ("curated", "Posso pagare a rate?", 3)
    assert reply.trace["curated"] == [
        {"id": "a1", "version": 3, "question": "Posso pagare a rate?", "score": 0.9}
    ]
    assert reply.trace["decision"]["band"] == "high"


async def test_its_sources_are_cited_by_name_and_address() -> None:
    sources = (CuratedSource(title="Listino", url="https://example.org/l"), CuratedSource(title="Condizioni"))
    reply = await reply_to(findings=findings_of(_curated(sources=sources)))
    assert "[1] [2]" in reply.text
    assert [(one.title, one.url) for one in reply.citations] == [
        ("Listino", "https://example.org/l"),
        ("Condizioni", None),
    ]


async def test_a_frustrated_customer_is_met_first_as_always() -> None:
    upset = reading(
        sentiment=Sentiment.NEGATIVE, emotion=Emotion.FRUSTRATION, score=-0.8, intensity=0.8, confidence=0.9
    )
    plain = await reply_to(findings=findings_of(_curated()))
    met = await reply_to(findings=findings_of(_curated()), said=upset)
    assert met.text != plain.text
    assert "persona" in met.text.split("Sì, in")[0]


async def test_of_two_questions_one_may_be_curated() -> None:
    composer = a_composer(engine := FixedEngine(answer()), fallback=engine)
    reply = await composer.reply_to_several(PARTS, reading(), thread(), None)
    assert "rate da 99 euro. [1]" in reply.text
    assert reply.curated == ("a1",)
    assert {one.kind for one in reply.citations} == {"curated", "document"}
    assert reply.trace["unanswered"] == []


async def test_a_language_model_is_asked_only_what_no_person_has_answered() -> None:
    told = scripted(("Certo!", []), ("La Brenta costa 2.390 euro.", [1]), ("A presto!", []))
    model = ScriptedModel(told)
    async with serving(model.app) as address:
        settings = ChatSettings.model_validate({"model": "scripted", "base_url": f"{address}/v1"})
        composer = a_composer(ChatModelEngine(settings, PROMPTS))
        reply = await composer.reply_to_several(PARTS, reading(), thread(), None)
        await composer.close()
    (prompt,) = model.prompts
    assert "99 euro" not in prompt
    assert "Sì, in **dieci** rate da 99 euro. [1]\n\nLa Brenta costa 2.390 euro. [2]" in reply.text
    assert "Certo" not in reply.text
    assert (reply.engine, reply.prompt, reply.curated) == ("llm", "reply/answer@1", ("a1",))


async def test_where_the_language_model_fails_the_other_question_is_answered_without_it() -> None:
    composer = a_composer(FixedEngine(None, name="llm"))
    reply = await composer.reply_to_several(PARTS, reading(), thread(), None)
    assert "rate da 99 euro. [1]" in reply.text
    assert "2.390 euro. [2]" in reply.text
    assert reply.engine == "fallback"


async def test_where_people_wrote_all_answers_no_engine_is_named() -> None:
    parts = [
        (own, findings_of(_curated(id=name, text=name))) for (own, _), name in zip(PARTS, "ab", strict=True)
    ]
    reply = await a_composer().reply_to_several(parts, reading(), thread(), None)
    assert (reply.engine, reply.curated) == ("curated", ("a", "b"))
