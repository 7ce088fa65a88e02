"""Questions put into groups: alike ones together, whatever came before and in which language."""

import json
import random
from pathlib import Path

import numpy as np

from assistant.insights.drafting import draft_text
from assistant.insights.grouping import by_centrality, placed
from core.embeddings import Encoder

PARAPHRASES = Path(__file__).parents[2] / "evals" / "sample" / "paraphrases.jsonl"


def test_the_first_question_opens_a_group_and_the_next_joins_or_opens_another() -> None:
    vectors = np.array([[1, 0, 0], [0.9, 0.436, 0], [0, 0, 1], [0.95, 0.312, 0]], dtype=np.float32)
    assert placed(vectors, {}) == [(None, 0), (None, 0), (None, 1), (None, 0)]
    known = {"a": np.array([[0, 0, 1]], dtype=np.float32)}
    assert placed(vectors[1:3], known) == [(None, 0), ("a", 0)]
    assert placed(vectors[:0], known) == []


def test_the_most_central_question_comes_first() -> None:
    vectors = np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1]], dtype=np.float32)
    assert set(by_centrality(vectors)[:2]) == {1, 2}


def test_paraphrases_in_two_languages_fall_into_their_groups(encoder: Encoder) -> None:
    groups = [json.loads(line) for line in PARAPHRASES.read_text(encoding="utf-8").splitlines()]
    own = [(place, text) for place, group in enumerate(groups) for text in (*group["it"], *group["en"])]
    random.Random(5).shuffle(own)
    found = placed(encoder.embed_documents([text for _, text in own]), {})
    members: dict[tuple[str | None, int], list[int]] = {}
    for (place, _), group in zip(own, found, strict=True):
        members.setdefault(group, []).append(place)
    pure = sum(max(inside.count(place) for place in set(inside)) for inside in members.values()) / len(own)
    whole = sum(
        max(inside.count(place) for inside in members.values()) for place in range(len(groups))
    ) / len(own)
    print(f"{len(members)} groups of {len(groups)}; purity {pure:.3f}, kept together {whole:.3f}")
    assert pure >= 0.95
    assert whole >= 0.8


def test_a_draft_begins_with_what_is_asked() -> None:
    text = draft_text(
        "Pappagalli", ["Entrano i\npappagalli?", "E i gatti?", "E i gatti?"], "it", ["decision"]
    )
    assert text.startswith("---\ntitle: Pappagalli\nlanguage: it\nstages:\n- decision\n---\n\n# Pappagalli\n")
    assert text.endswith("## Domande dei clienti\n\n- Entrano i pappagalli?\n- E i gatti?\n")
