"""How a customer feels, when that counts, and which tone it asks for."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.conversation.readings import Emotion, Sentiment
from assistant.conversation.sentiment import feel, is_falling, load_tones, tone_for
from core.errors import SettingsError
from tests.support.briefs import PROMPTS, reading

TONES = load_tones(PROMPTS)
ANGRY = (Sentiment.NEGATIVE, Emotion.FRUSTRATION)
AFRAID = (Sentiment.NEGATIVE, Emotion.ANXIETY)
FLAT = (Sentiment.NEUTRAL, Emotion.NEUTRAL)
GLAD = (Sentiment.POSITIVE, Emotion.HAPPINESS)
LONG = "una domanda di parecchie parole"


def test_the_score_is_what_speaks_for_happy_less_what_speaks_for_unhappy() -> None:
    feeling = feel({ANGRY: 0.5, AFRAID: 0.2, FLAT: 0.2, GLAD: 0.1}, LONG)
    assert feeling.score == pytest.approx(-0.6)
    assert feeling.confidence == pytest.approx(0.7)
    assert (feeling.sentiment, feeling.emotion) == ANGRY


def test_the_emotion_is_the_likeliest_one_of_that_sentiment() -> None:
    assert feel({ANGRY: 0.2, AFRAID: 0.3, GLAD: 0.4, FLAT: 0.1}, LONG).emotion is Emotion.ANXIETY


@pytest.mark.parametrize(
    "feelings", [{ANGRY: 0.44, GLAD: 0.3, FLAT: 0.26}, {FLAT: 0.6, ANGRY: 0.4}], ids=["doubtful", "neutral"]
)
def test_what_is_not_clear_is_shown_as_neutral(feelings: dict[tuple[Sentiment, Emotion], float]) -> None:
    feeling = feel(feelings, LONG)
    assert (feeling.sentiment, feeling.emotion) == FLAT
    assert feeling.score < 0


@pytest.mark.parametrize("loud", [LONG + "!", LONG.upper(), LONG.upper() + "!!!"])
def test_emphasis_makes_a_feeling_stronger_and_never_turns_it(loud: str) -> None:
    feelings = {ANGRY: 0.6, FLAT: 0.4}
    plain, strong = feel(feelings, LONG), feel(feelings, loud)
    assert strong.intensity > plain.intensity
    assert strong.score == plain.score


@pytest.mark.parametrize("code", ["OK", "IT12", "SDI"])
def test_a_short_word_in_capitals_is_no_shouting(code: str) -> None:
    assert feel({ANGRY: 0.6, FLAT: 0.4}, code).intensity == pytest.approx(0.6)


@given(
    shares=st.lists(st.floats(0.01, 1), min_size=4, max_size=4),
    text=st.text(max_size=60),
    marks=st.integers(0, 50),
)
def test_all_numbers_stay_in_their_ranges(shares: list[float], text: str, marks: int) -> None:
    total = sum(shares)
    kinds = (ANGRY, AFRAID, FLAT, GLAD)
    feeling = feel(
        {kind: share / total for kind, share in zip(kinds, shares, strict=True)}, text + "!" * marks
    )
    assert -1 <= feeling.score <= 1
    assert 0 <= feeling.intensity <= 1
    assert 0 <= feeling.confidence <= 1 + 1e-9


@pytest.mark.parametrize(
    ("scores", "falling"),
    [
        ([], False),
        ([-1.0], False),
        ([-0.5, -0.5], True),
        ([0.5, -0.5, -0.6], True),
        ([-0.9, -0.9, 0.1], False),
        ([-0.6, -0.4], False),
        ([0.5, 0.0, -0.5], True),
        ([0.5, 0.0, -0.4], False),
        ([0.0, -0.2, -0.2], False),
        ([-0.1, -0.3, -0.55], False),
        ([0.9, 0.8, 0.7], False),
    ],
)
def test_a_fall_is_a_trend_that_ends_unhappy(scores: list[float], falling: bool) -> None:
    assert is_falling(scores) is falling


@pytest.mark.parametrize(
    ("sentiment", "emotion", "tone"),
    [
        (*ANGRY, "frustration"),
        (*AFRAID, "anxiety"),
        (*GLAD, "happiness"),
        (Sentiment.NEGATIVE, Emotion.NEUTRAL, "negative"),
        (Sentiment.POSITIVE, Emotion.NEUTRAL, "neutral"),
        (*FLAT, "neutral"),
    ],
)
def test_the_tone_goes_by_emotion_and_then_by_sentiment(
    sentiment: Sentiment, emotion: Emotion, tone: str
) -> None:
    said = reading(sentiment=sentiment, emotion=emotion, confidence=0.65)
    assert tone_for(said, LONG, TONES).name == tone


@pytest.mark.parametrize(("confidence", "text"), [(0.64, LONG), (0.9, "che schifo"), (0.9, "")])
def test_in_doubt_the_tone_is_neutral(confidence: float, text: str) -> None:
    said = reading(sentiment=Sentiment.NEGATIVE, emotion=Emotion.FRUSTRATION, confidence=confidence)
    assert tone_for(said, text, TONES).name == "neutral"


def test_unhappy_tones_sell_nothing_and_every_emotion_has_one() -> None:
    assert {name for name, tone in TONES.items() if not tone.sell} == {"frustration", "anxiety", "negative"}
    assert {emotion.value for emotion in Emotion} <= set(TONES)
    assert all(tone.acknowledge.keys() >= {"it", "en"} for tone in TONES.values())


@pytest.mark.parametrize(
    "content",
    [
        "",
        "- a list",
        "neutral: {}",
        "neutral: [",
        "neutral: 3",
        "neutral: {guidance: x, sentences: many}",
        None,
    ],
)
def test_tones_that_cannot_be_used_stop_with_a_sentence(tmp_path: Path, content: str | None) -> None:
    (tmp_path / "sentiment").mkdir()
    if content is not None:
        (tmp_path / "sentiment" / "tones.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"tones\.yaml is wrong"):
        load_tones(tmp_path)


def test_a_tone_that_moods_need_and_the_file_lacks_stops_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "sentiment").mkdir()
    whole = (PROMPTS / "sentiment" / "tones.yaml").read_text(encoding="utf-8")
    without = whole.replace("anxiety:\n", "worry:\n")
    (tmp_path / "sentiment" / "tones.yaml").write_text(without, encoding="utf-8")
    with pytest.raises(SettingsError, match="anxiety"):
        load_tones(tmp_path)
