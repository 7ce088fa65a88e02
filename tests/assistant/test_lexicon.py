"""Feeling words with negation, emphasis and contrast, on a few words of our own; and the lexicon itself."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.engines.lexicon import FEATURES, Lexicon
from core.errors import SettingsError
from tests.support.briefs import PROMPTS
from tests.support.documents import write_files

WORDS = """# comments and lines without a score are nothing
bello\t2
lento\t-1
pessim*\t-3
pess\t1
fuori dal mondo\t-2
non male\t1
"""
OURS = Lexicon(PROMPTS)
MODIFIERS = r"""
it:
  negators: {words: [non, per niente, "isn't"]}
  negation_exceptions: [non solo, "non vedo l'ora"]
  intensifiers: {molto: 1.5}
  diminishers: {poco: 0.5}
  contrast: {after_wins: [ma, però], before_wins: [anche se]}
  irony_cues: {words: [come no], emoji: ["🙄"], patterns: ['\bbravi\b.{0,30}\b(mesi|giorni)\b']}
"""


@pytest.fixture(scope="module")
def lexicon(tmp_path_factory: pytest.TempPathFactory) -> Lexicon:
    files = {"sentiment/lexicon.it.tsv": WORDS, "sentiment/modifiers.yaml": MODIFIERS}
    return Lexicon(write_files(tmp_path_factory.mktemp("prompts"), files))


def _feature(lexicon: Lexicon, name: str, text: str) -> float:
    return float(lexicon.features(text)[FEATURES.index(name)])


def _net(score: float) -> float:
    return float(np.tanh(score / 3))


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Che BELLO!", 2.0),
        ("bello, bello", 4.0),
        ("pessimo pessimismo", -6.0),
        ("pess", 1.0),
        ("siete fuori dal mondo", -2.0),
        ("fuori dal negozio", 0.0),
        ("molto bello", 3.0),
        ("poco bello", 1.0),
        ("molto gentile e bello", 2.0),
        ("non è bello", -1.4),
        ("non solo è bello", 2.0),
        ("bello, anche se lento", 2.0 - 0.4),
        ("anche se lento. bello", 2.0 - 0.4),
        ("anche se lento, ma bello", -0.16 + 2.0),
        ("Anche se lento, bello", -0.4 + 2.0),
        ("bello. Anche se lento, bello", 2.0 - 0.4 + 2.0),
        ("per niente bello", -1.4),
        ("it isn't bello", -1.4),
        ("it isn’t bello", -1.4),
        ("non male", 1.0),
        ("non fa altro che andare piano, bello", 2.0),
        ("non ora. bello", 2.0),
        ("bello ma lento", -0.2),
        ("bello però bello", 2.8),
        ("", 0.0),
        ("✨", 0.0),
    ],
)
def test_feeling_words_add_up_as_they_are_meant(lexicon: Lexicon, text: str, score: float) -> None:
    assert _feature(lexicon, "net", text) == pytest.approx(_net(score))


def test_good_and_bad_are_told_apart_and_the_last_word_counts_by_itself(lexicon: Lexicon) -> None:
    text = "bello e lento"
    assert _feature(lexicon, "positive", text) == pytest.approx(_net(2))
    assert _feature(lexicon, "negative", text) == pytest.approx(_net(1))
    assert _feature(lexicon, "last", text) == pytest.approx(np.tanh(-0.5))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("exclaims", "no!", 1 / 3),
        ("exclaims", "no!!!!!", 1.0),
        ("asks", "quando?", 1.0),
        ("asks", "quando", 0.0),
        ("shouts", "ANCORA NIENTE", 1.0),
        ("shouts", "OK", 0.0),
        ("shouts", "ancora niente", 0.0),
        ("ironic", "sì, come no", 1.0),
        ("ironic", "bravi 🙄", 1.0),
        ("ironic", "bravi", 0.0),
        ("ironic", "Bravi, dopo tre mesi!", 1.0),
        ("ironic", "tre mesi e bravi", 0.0),
    ],
)
def test_signs_beside_the_words_are_seen(lexicon: Lexicon, name: str, text: str, value: float) -> None:
    assert _feature(lexicon, name, text) == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("lexicon.it.tsv", "bello\tmolto\n"),
        ("modifiers.yaml", "it: ["),
        ("modifiers.yaml", "it: {negators: {words: [non]}}"),
        ("modifiers.yaml", "- non"),
        ("modifiers.yaml", ""),
        ("modifiers.yaml", MODIFIERS.replace("1.5", "much")),
        ("modifiers.yaml", MODIFIERS.replace("(mesi|giorni)", "(mesi")),
    ],
)
def test_a_lexicon_that_cannot_be_used_stops_with_a_sentence(tmp_path: Path, name: str, content: str) -> None:
    files = {"lexicon.it.tsv": WORDS, "modifiers.yaml": MODIFIERS, name: content}
    folder = write_files(tmp_path, {f"sentiment/{file}": text for file, text in files.items()})
    with pytest.raises(SettingsError, match=r"lexicons in .*sentiment cannot be used"):
        Lexicon(folder)


@given(text=st.text(max_size=80))
def test_features_stay_in_their_range_for_any_text(text: str) -> None:
    found = OURS.features(text)
    assert found.shape == (len(FEATURES),)
    assert np.all(np.abs(found) <= 1)


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("Servizio fantastico, grazie!", "Servizio orribile, vergogna!"),
        ("Great service, thank you!", "Awful service, shame on you!"),
        ("È fantastico.", "Non è fantastico."),
        ("It is great.", "It isn't great."),
        ("Era lento ma adesso è fantastico.", "Era fantastico ma adesso è pessimo."),
    ],
)
def test_our_lexicon_tells_praise_from_complaint(better: str, worse: str) -> None:
    assert _feature(OURS, "net", better) > _feature(OURS, "net", worse)
