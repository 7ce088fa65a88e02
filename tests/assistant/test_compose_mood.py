"""Everything stays as it is but the customer's mood: the tone follows it, the facts do not."""

import pytest

from assistant.conversation.journey import load_journey
from assistant.conversation.readings import Emotion, Reading, Sentiment
from assistant.conversation.sentiment import load_tones
from assistant.conversation.types import Action, Reply
from tests.support.briefs import PROMPTS, reading, thread
from tests.support.composing import FixedEngine, a_composer, a_turn, answer, reply_to, talk

FACTS = "La Brenta costa 2.390 euro. [1] Può provarla per 30 giorni. [2]"
TONES = load_tones(PROMPTS)
DECISION = load_journey(PROMPTS, "default").policy("decision")
OFFER = "La passo subito a una persona"
NEXT_STEP = "i nostri consulenti"
MOODS = {
    "frustration": {"sentiment": Sentiment.NEGATIVE, "emotion": Emotion.FRUSTRATION, "score": -0.4},
    "anxiety": {"sentiment": Sentiment.NEGATIVE, "emotion": Emotion.ANXIETY, "score": -0.4},
    "negative": {"sentiment": Sentiment.NEGATIVE, "emotion": Emotion.NEUTRAL, "score": -0.4},
    "happiness": {"sentiment": Sentiment.POSITIVE, "emotion": Emotion.HAPPINESS, "score": 0.6},
    "neutral": {"sentiment": Sentiment.NEUTRAL, "emotion": Emotion.NEUTRAL, "score": 0.0},
}
SILENT = FixedEngine(answer(action=Action.ABSTAIN))
UPSET = ("frustration", "anxiety", "negative")


def _in(mood: str, **fields: object) -> Reading:
    return reading(**{**MOODS[mood], **fields})


async def _reply_in(mood: str, **fields: object) -> Reply:
    return await reply_to(said=_in(mood, **fields), policy=DECISION)


async def test_every_mood_has_a_text_of_its_own_around_the_same_facts() -> None:
    replies = {mood: await _reply_in(mood) for mood in MOODS}
    assert len({reply.text for reply in replies.values()}) == len(MOODS)
    assert all(FACTS in reply.text for reply in replies.values())
    assert len({reply.citations for reply in replies.values()}) == 1
    assert {mood: reply.trace["tone"] for mood, reply in replies.items()} == {mood: mood for mood in MOODS}


@pytest.mark.parametrize("language", ["it", "en"])
@pytest.mark.parametrize("mood", ["frustration", "anxiety", "negative", "happiness"])
async def test_a_mood_is_met_in_the_first_words(mood: str, language: str) -> None:
    reply = await _reply_in(mood, language=language)
    assert reply.text.startswith(TONES[mood].acknowledge[language])


async def test_in_a_neutral_mood_the_facts_come_first() -> None:
    assert (await _reply_in("neutral")).text.startswith(FACTS)


@pytest.mark.parametrize("mood", MOODS)
async def test_nothing_is_sold_to_an_unhappy_customer(mood: str) -> None:
    assert (NEXT_STEP in (await _reply_in(mood)).text) is (mood not in UPSET)


@pytest.mark.parametrize("mood", MOODS)
async def test_only_a_frustrated_customer_is_offered_a_person_and_before_anything_else(mood: str) -> None:
    text = (await _reply_in(mood)).text
    assert (OFFER in text) is (mood == "frustration")
    if mood == "frustration":
        assert OFFER in text.split("\n\n")[0]
        assert text.index(OFFER) < text.index(FACTS)


async def test_a_customer_whose_request_is_with_the_team_is_not_offered_a_person_again() -> None:
    reply = await reply_to(said=_in("frustration"), policy=DECISION, before=thread(handed_over=True))
    assert OFFER not in reply.text
    assert reply.text.startswith(TONES["frustration"].acknowledge["it"])


@pytest.mark.parametrize("confidence", [0.3, 0.6])
async def test_a_mood_that_is_not_certain_is_not_acted_on(confidence: float) -> None:
    doubtful = await _reply_in("frustration", confidence=confidence)
    assert doubtful.text == (await _reply_in("neutral")).text


async def test_the_mood_of_two_words_is_not_acted_on() -> None:
    reply = await reply_to(said=_in("frustration"), question="Che schifo!")
    assert reply.text == FACTS


async def test_the_engine_is_told_the_tone_and_its_length() -> None:
    engine = FixedEngine()
    for mood in MOODS:
        await reply_to(a_composer(engine), said=_in(mood))
    assert [brief.tone for brief in engine.briefs] == [TONES[mood] for mood in MOODS]
    assert engine.briefs[0].tone.sentences < engine.briefs[-1].tone.sentences


async def test_sympathy_is_said_once_in_a_conversation() -> None:
    first = await _reply_in("anxiety")
    opening = next(text for text in TONES["anxiety"].acknowledge["it"] if text in first.text)
    again = await reply_to(said=_in("anxiety"), before=thread(history=talk("Aiuto!", opening)))
    assert opening not in again.text


@pytest.mark.parametrize("mood", UPSET)
async def test_an_upset_customer_without_an_answer_is_met_first(mood: str) -> None:
    reply = await reply_to(a_composer(FixedEngine(None), fallback=SILENT), said=_in(mood))
    assert reply.action is Action.ABSTAIN
    assert reply.text.startswith(TONES[mood].acknowledge["it"])


async def test_a_happy_customer_without_an_answer_is_not_congratulated() -> None:
    reply = await reply_to(a_composer(SILENT), said=_in("happiness"))
    assert reply.text.startswith("Su questo non trovo nulla di certo")


@pytest.mark.parametrize(
    ("scores", "now", "granted"),
    [
        ((-0.6,), -0.6, True),  # two very unhappy messages in a row
        ((), -0.9, False),  # one bad word is no trend
        ((0.4, -0.1), -0.6, True),  # going down steadily
        ((-0.6, 0.2), -0.6, False),  # up and down
    ],
)
async def test_a_mood_that_falls_and_falls_goes_to_a_person(
    scores: tuple[float, ...], now: float, granted: bool
) -> None:
    said = _in("frustration", score=now)
    reply = await a_turn().reply_to("Ancora non funziona niente!", said, thread(scores=scores))
    assert (reply.action is Action.HANDOFF) is granted
    assert (reply.handoff == "mood_falling") is granted


async def test_a_falling_mood_is_handed_over_once_in_an_episode() -> None:
    before = thread(scores=(-0.6,), handed_over=True)
    reply = await a_turn().reply_to("Ancora non funziona!", _in("frustration", score=-0.6), before)
    assert reply.action is Action.ANSWER
