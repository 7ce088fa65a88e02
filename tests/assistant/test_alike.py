"""Whether two questions ask the same: what forbids it, and how often that goes wrong on paraphrases."""

import json
from pathlib import Path

import numpy as np
import pytest

from assistant.retrieval.alike import SAME_FROM, Asked, asked, score, without_greetings
from core.embeddings import Encoder

PARAPHRASES = Path(__file__).parents[2] / "evals" / "sample" / "paraphrases.jsonl"


def _score(message: str, phrasing: str, *, cosine: float = 0.95, language: str = "it") -> float:
    return score(asked(message, language), asked(phrasing, language), cosine)


@pytest.mark.parametrize(
    ("message", "phrasing"),
    [
        ("Posso avere 6 mesi di prova?", "Posso avere 3 mesi di prova?"),
        ("Posso avere una prova?", "Posso avere 3 mesi di prova?"),
        ("Quanto costa la Dora?", "Quanto costa la Brenta?"),
        ("quanto costa la dora?", "Quanto costa la Brenta?"),
        ("Siete aperti il sabato?", "Siete aperti la domenica?"),
        ("Posso noleggiare per un mese?", "Posso noleggiare per un giorno?"),
    ],
)
def test_another_number_name_or_day_is_another_question(message: str, phrasing: str) -> None:
    assert _score(message, phrasing) == 0.0


@pytest.mark.parametrize(
    ("message", "phrasing"),
    [
        ("quanto costa la brenta", "Quanto costa la Brenta?"),
        ("Fate il noleggio giornaliero?", "Posso noleggiare per un giorno? Fate noleggio?"),
        ("Aprite di domenica?", "Siete aperti la domenica? A che ora aprite?"),
        ("QUANTO COSTA LA BRENTA?", "Quanto costa la Brenta?"),
    ],
)
def test_the_same_in_other_words_may_be_the_same(message: str, phrasing: str) -> None:
    assert _score(message, phrasing) == 0.95


def test_without_a_shared_word_or_in_another_language_it_must_be_nearer() -> None:
    assert _score("Resiste all'acqua?", "È impermeabile?") < 0.95
    message, phrasing = asked("Is it waterproof?", "en"), asked("È impermeabile?", "it")
    assert score(message, phrasing, 0.95) < 0.95


def test_greetings_are_no_part_of_a_question() -> None:
    assert without_greetings("Buongiorno!\nQuanto costa?", "it") == "Quanto costa?"
    assert without_greetings("Ciao", "it") == "Ciao"


def test_a_name_that_is_known_counts_in_small_letters_too() -> None:
    names = frozenset({"brenta", "dora"})
    small = asked("quanto costa la dora", "it", names), asked("quanto costa la brenta", "it", names)
    assert score(*small, 0.95) == 0.0


def test_false_matches_are_rare(encoder: Encoder) -> None:
    """The figures beside `SAME_FROM`: of questions about other things none match, of look-alikes few."""
    groups = [json.loads(line) for line in PARAPHRASES.read_text(encoding="utf-8").splitlines()]
    own = [
        (place, language, kind, text)
        for place, group in enumerate(groups)
        for language in ("it", "en")
        for kind, texts in (("same", group[language]), ("other", group[f"{language}_other"]))
        for text in texts
    ]
    vectors = encoder.embed_documents([text for *_, text in own])
    cosines = vectors @ vectors.T
    read = [asked(text, language) for _, language, _, text in own]
    right, wrong, elsewhere, asked_right, asked_wrong = 0, 0, 0, 0, 0
    for row, (place, language, kind, _) in enumerate(own):
        best = _best(row, own, read, cosines[row], language)
        mine = best.pop(place)
        elsewhere += max(best.values()) >= SAME_FROM
        if kind == "same":
            asked_right, right = asked_right + 1, right + (mine >= SAME_FROM)
        else:
            asked_wrong, wrong = asked_wrong + 1, wrong + (mine >= SAME_FROM)
    assert elsewhere == 0
    assert wrong / asked_wrong <= 0.05
    assert right / asked_right >= 0.4
    print(f"{right}/{asked_right} right, {wrong}/{asked_wrong} look-alikes taken, {elsewhere} others")


def _best(
    row: int,
    own: list[tuple[int, str, str, str]],
    read: list[Asked],
    cosines: np.ndarray[tuple[int], np.dtype[np.float32]],
    language: str,
) -> dict[int, float]:
    """Return the best score of a message with the phrasings of each answer, its own wording left out."""
    found: dict[int, float] = {}
    for column, (place, tongue, kind, _) in enumerate(own):
        if kind == "same" and tongue == language and column != row:
            value = score(read[row], read[column], float(cosines[column]))
            found[place] = max(value, found.get(place, 0.0))
    return found
