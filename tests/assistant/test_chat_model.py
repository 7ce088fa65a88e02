"""The language-model engine against a real server that speaks the protocol, with faults."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from assistant.conversation.types import Action, Author, Findings, Message
from assistant.engines.chat_model import ChatModelEngine, probe
from core.errors import EngineUnavailable
from core.settings import ChatSettings
from tests.support.briefs import PROMPTS, brief, passage
from tests.support.http import serving
from tests.support.llm import ScriptedModel, Turn, reply

GOOD = reply(
    ("Certo!", []), ("La Brenta costa 2.390 euro.", [1]), ("La prova dura 30 giorni.", [2]), ("A presto!", [])
)
TWO = Findings(
    passages=(passage(), passage("Può provarla per 30 giorni.", chunk_id="c2", title="Resi", section="Prova"))
)


@asynccontextmanager
async def engine_on(model: ScriptedModel, **options: float) -> AsyncIterator[ChatModelEngine]:
    async with serving(model.app) as address:
        engine = ChatModelEngine(_settings(address, **options), PROMPTS)
        yield engine
        await engine.close()


def _settings(address: str, **options: float) -> ChatSettings:
    given = {
        "first_token_seconds": 15.0,
        "idle_seconds": 15.0,
        "total_seconds": 30.0,
        "retries": 2,
        **options,
    }
    return ChatSettings.model_validate(
        {"model": "scripted", "base_url": f"{address}/v1", "api_key": "test-key", **given}
    )


async def test_a_reply_names_its_passages_and_its_prompt() -> None:
    model = ScriptedModel(GOOD)
    async with engine_on(model) as engine:
        draft = await engine.compose(brief(findings=TWO))
    assert draft.action is Action.ANSWER
    assert [sentence.sources for sentence in draft.sentences] == [(), (0,), (1,), ()]
    assert draft.prompt == "reply/answer@1"
    assert draft.sentences[1].support == pytest.approx(1.0)
    assert model.requests[0]["response_format"]["json_schema"]["strict"] is True


async def test_the_prompt_holds_passages_policy_tone_and_question_as_data() -> None:
    model = ScriptedModel(GOOD)
    history = (Message(author=Author.CUSTOMER, text="Buongiorno, cerco una bici"),)
    async with engine_on(model) as engine:
        await engine.compose(brief(findings=TWO, history=history))
    prompt = model.prompts[0]
    for part in (
        "La Brenta costa 2.390 euro.",
        "Quanto costa la Brenta?",
        "cerco una bici",
        "in Italian only",
        "Borgovelo",
    ):
        assert part in prompt
    assert "Friendly and to the point" in prompt


async def test_sentences_are_shown_as_they_are_finished_and_never_unchecked() -> None:
    model = ScriptedModel(
        reply(
            ("La Brenta costa 2.390 euro.", [1]),
            ("In regalo un casco da 99 euro.", [1]),
            ("Tutto qui, grazie.", []),
        )
    )
    shown: list[str] = []

    async def on_text(text: str) -> None:
        shown.append(text)

    async with engine_on(model) as engine:
        draft = await engine.compose(brief(findings=TWO), on_text)
    assert "".join(shown).strip() == "La Brenta costa 2.390 euro."
    assert [sentence.text for sentence in draft.sentences] == [
        "La Brenta costa 2.390 euro.",
        "Tutto qui, grazie.",
    ]


@pytest.mark.parametrize(
    ("sentence", "sources"),
    [
        ("La Brenta costa 1.990 euro.", [1]),  # a number that no source holds
        ("La Brenta costa 2.390 euro.", [7]),  # a passage that was not given
        ("La Brenta costa 2.390 euro.", []),  # a claim without a source
        ("La Brenta costa 2.390 euro.", ["1"]),  # no number
    ],
)
async def test_what_has_no_good_source_is_left_out(sentence: str, sources: list[int]) -> None:
    model = ScriptedModel(
        reply(("Buongiorno.", []), (sentence, sources), ("Può provarla per 30 giorni.", [2]))
    )
    async with engine_on(model) as engine:
        draft = await engine.compose(brief(findings=TWO))
    assert sentence not in [found.text for found in draft.sentences]
    assert "Può provarla per 30 giorni." in [found.text for found in draft.sentences]


@pytest.mark.parametrize("fault", ["hang", "pause", "cut", "garbage", "html", "endless"])
async def test_every_broken_stream_ends_in_engine_unavailable(fault: str) -> None:
    model = ScriptedModel(*[Turn(text=GOOD.text, fault=fault)] * 4)
    async with engine_on(model, first_token_seconds=0.4, idle_seconds=0.4, total_seconds=3) as engine:
        with pytest.raises(EngineUnavailable):
            await engine.compose(brief(findings=TWO))


async def test_a_stream_without_its_end_mark_is_still_a_reply() -> None:
    async with engine_on(ScriptedModel(Turn(text=GOOD.text, fault="no_done"))) as engine:
        assert (await engine.compose(brief(findings=TWO))).action is Action.ANSWER


async def test_a_429_is_tried_again_and_no_question_costs_more_than_three_calls() -> None:
    busy = Turn(status=429, headers={"retry-after": "0"})
    model = ScriptedModel(busy, GOOD)
    async with engine_on(model, first_token_seconds=15, total_seconds=20) as engine:
        assert (await engine.compose(brief(findings=TWO))).action is Action.ANSWER
    refusing = ScriptedModel(*[busy] * 10)
    async with engine_on(refusing, first_token_seconds=15, total_seconds=20) as engine:
        with pytest.raises(EngineUnavailable):
            await engine.compose(brief(findings=TWO))
    assert len(refusing.requests) == 3


async def test_after_five_failures_the_server_is_left_alone() -> None:
    model = ScriptedModel(*[Turn(status=500)] * 20)
    async with engine_on(model, retries=0) as engine:
        for _ in range(8):
            with pytest.raises(EngineUnavailable):
                await engine.compose(brief(findings=TWO))
    assert len(model.requests) == 5


async def test_a_redirect_never_carries_the_key_elsewhere() -> None:
    elsewhere = ScriptedModel(GOOD)
    async with serving(elsewhere.app) as other:
        model = ScriptedModel(Turn(text=f"{other}/v1/chat/completions", fault="redirect"))
        async with engine_on(model, retries=0) as engine:
            with pytest.raises(EngineUnavailable):
                await engine.compose(brief(findings=TWO))
    assert elsewhere.authorizations == []


async def test_a_reply_in_another_language_is_refused() -> None:
    model = ScriptedModel(reply(("The Brenta costs 2.390 euro and you can try it at home.", [1])))
    async with engine_on(model) as engine:
        with pytest.raises(EngineUnavailable, match="language"):
            await engine.compose(brief(findings=TWO))


async def test_personal_data_stays_at_home_and_comes_back_in_the_reply() -> None:
    model = ScriptedModel(
        reply(("Scriviamo a ⟨EMAIL_1⟩ come chiede.", []), ("La Brenta costa 2.390 euro.", [1]))
    )
    question = (
        "Sono RSSMRA85T10A562S, mail mario.rossi@esempio.it, IBAN IT60X0542811101000000123456, "
        "carta 4111 1111 1111 1111, tel 347 1234567, p.iva 00743110157: quanto costa la Brenta 500?"
    )
    async with engine_on(model) as engine:
        draft = await engine.compose(brief(question, findings=TWO))
    for secret in ("RSSMRA85T10A562S", "mario.rossi", "IT60X", "4111 1111", "347 1234567", "00743110157"):
        assert secret not in model.prompts[0]
    assert "Brenta 500" in model.prompts[0]
    assert draft.sentences[0].text == "Scriviamo a mario.rossi@esempio.it come chiede."


async def test_the_clarifying_question_comes_with_its_choices() -> None:
    model = ScriptedModel(reply(action="clarify", choices=("la Brenta", "la Dora")))
    async with engine_on(model) as engine:
        draft = await engine.compose(brief(findings=TWO))
    assert (draft.action, draft.choices) == (Action.CLARIFY, ("la Brenta", "la Dora"))


async def test_probe_says_in_plain_words_what_is_wrong() -> None:
    async with serving(ScriptedModel(Turn(text="ok")).app) as address:
        assert await probe(_settings(address)) is None
    async with serving(ScriptedModel(Turn(status=401)).app) as address:
        assert "401" in (await probe(_settings(address)) or "")
    assert await asyncio.wait_for(probe(_settings("http://127.0.0.1:9")), 20) is not None
