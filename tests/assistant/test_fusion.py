"""Words and meaning in one number, by the languages of question and passage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.retrieval.fusion import BUNDLED, Weights, fuse, weights_for
from assistant.retrieval.ngrams import Spelled
from core.encoders import identity_of

HALVES = Weights(same={"it": 0.5}, other=0.5, across=0.5, across_factor=1.0)
IDS = st.sampled_from(["a", "b", "c", "d"])
LANGUAGES = st.dictionaries(IDS, st.sampled_from(["it", "en", "fr"]), min_size=1)


def _fuse(dense: dict[str, float], lexical: dict[str, float], weights: Weights = HALVES) -> dict[str, float]:
    return fuse(dense, lexical, dict.fromkeys(dense.keys() | lexical.keys(), "it"), "it", weights)


def test_each_half_is_measured_by_its_best() -> None:
    fused = _fuse({"a": 0.4, "b": 0.2}, {"a": 5.0, "b": 20.0})
    assert fused == pytest.approx({"a": 0.5 + 0.125, "b": 0.25 + 0.5})


def test_what_only_one_half_found_keeps_the_share_of_that_half() -> None:
    assert _fuse({"a": 0.3}, {"b": 7.0}) == pytest.approx({"a": 0.5, "b": 0.5})


def test_what_is_unlike_the_question_counts_as_nothing_and_not_as_less() -> None:
    assert _fuse({"a": 0.5, "b": -0.5}, {}) == pytest.approx({"a": 0.5, "b": 0.0})
    assert _fuse({"a": -0.5, "b": -0.1}, {}) == {"a": 0.0, "b": 0.0}


def test_nothing_found_is_nothing() -> None:
    assert fuse({}, {}, {}, "it") == {}
    assert fuse({}, {}, {"a": "it"}, "it") == {"a": 0.0}


def test_only_candidates_that_were_allowed_are_scored() -> None:
    fused = fuse({"a": 0.9, "hidden": 0.95}, {"hidden": 3.0}, {"a": "it"}, "it", HALVES)
    assert set(fused) == {"a"}


@pytest.mark.parametrize(
    ("question", "passage", "weight"),
    [("it", "it", 0.5), ("en", "en", 0.3), ("fr", "fr", 0.5), ("it", "en", 0.0), ("en", "it", 0.0)],
)
def test_words_count_by_language(question: str, passage: str, weight: float) -> None:
    assert BUNDLED.lexical(question, passage) == weight
    fused = fuse({}, {"a": 2.0}, {"a": passage}, question)
    assert fused["a"] == pytest.approx(weight * (1.0 if question == passage else 0.9))


def test_an_encoder_without_italian_leaves_italian_to_words() -> None:
    assert weights_for("minilm").lexical("it", "it") > weights_for("percorso-it-en").lexical("it", "it")
    assert weights_for(identity_of("minilm")) == weights_for("minilm")
    assert weights_for("some/other-model") is BUNDLED


def test_the_same_evidence_in_the_questions_own_language_comes_first() -> None:
    fused = fuse({"own": 0.5, "other": 0.5}, {}, {"own": "en", "other": "it"}, "en", covered=0.0)
    assert fused["own"] == pytest.approx(1.0)
    assert fused["other"] == pytest.approx(BUNDLED.across_factor)


@pytest.mark.parametrize(("covered", "first"), [(1.0, "quoted"), (0.5, "meant"), (0.0, "meant")])
def test_words_count_as_far_as_they_cover_the_question(covered: float, first: str) -> None:
    dense, lexical = {"meant": 0.6, "quoted": 0.3}, {"quoted": 9.0, "meant": 1.0}
    fused = fuse(dense, lexical, dict.fromkeys(dense, "it"), "it", BUNDLED, covered)
    assert max(fused, key=lambda uid: fused[uid]) == first
    weight = covered * BUNDLED.lexical("it", "it")
    assert fused["quoted"] == pytest.approx(weight + (1 - weight) * 0.5)


@pytest.mark.parametrize(("question", "passage"), [("it", "it"), ("en", "en"), ("it", "en"), ("fr", "fr")])
def test_letters_count_as_far_as_they_cover_the_question(question: str, passage: str) -> None:
    languages = {"meant": passage, "spelled": passage}
    dense = {"meant": 0.6, "spelled": 0.3}
    share = BUNDLED.spelling(question, passage)
    own = BUNDLED.across_factor if question != passage else 1.0
    for covered in (0.0, 0.4, 1.0):
        letters = Spelled({"spelled": 8.0, "meant": 2.0}, covered)
        fused = fuse(dense, {}, languages, question, BUNDLED, 0.0, letters)
        weight = covered * share
        assert fused["meant"] == pytest.approx(own * (1 - weight + weight * 0.25))
        assert fused["spelled"] == pytest.approx(own * ((1 - weight) * 0.5 + weight))


@pytest.mark.parametrize("covered", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("own", "other"), [("it", "en"), ("en", "it")])
def test_the_same_evidence_of_all_kinds_in_the_question_s_own_language_comes_first(
    own: str, other: str, covered: float
) -> None:
    ids = {"own": own, "other": other}
    fused = fuse(
        dict.fromkeys(ids, 0.6), {}, ids, own, BUNDLED, 0.0, Spelled(dict.fromkeys(ids, 8.0), covered)
    )
    assert fused["own"] == pytest.approx(1.0)
    assert fused["other"] == pytest.approx(BUNDLED.across_factor)


def test_a_bystander_in_another_language_changes_no_score() -> None:
    letters = Spelled({"a": 8.0, "b": 4.0}, 1.0)
    dense, languages = {"a": 0.6, "b": 0.5}, {"a": "it", "b": "it"}
    alone = fuse(dense, {}, languages, "it", BUNDLED, 1.0, letters)
    beside = fuse({**dense, "c": 0.1}, {}, {**languages, "c": "en"}, "it", BUNDLED, 1.0, letters)
    assert {uid: beside[uid] for uid in alone} == alone


def test_letters_count_most_where_words_of_another_language_cannot() -> None:
    assert BUNDLED.spelling("it", "en") > BUNDLED.spelling("it", "it") > BUNDLED.spelling("en", "en") > 0


@given(
    dense=st.dictionaries(IDS, st.floats(-1, 1)),
    letters=st.dictionaries(IDS, st.floats(0, 50)),
    covered=st.floats(0, 1),
    lexical=st.dictionaries(IDS, st.floats(0, 50)),
    languages=LANGUAGES,
    question=st.sampled_from(["it", "en", "de"]),
)
def test_relevance_is_a_share_for_every_candidate(
    dense: dict[str, float],
    letters: dict[str, float],
    covered: float,
    lexical: dict[str, float],
    languages: dict[str, str],
    question: str,
) -> None:
    fused = fuse(dense, lexical, languages, question, spelled=Spelled(letters, covered))
    assert set(fused) == set(languages)
    assert all(0 <= score <= 1 + 1e-9 for score in fused.values())


@given(dense=st.dictionaries(IDS, st.floats(-1, 1), min_size=2), better=st.floats(0.001, 0.5))
def test_more_evidence_never_ranks_lower(dense: dict[str, float], better: float) -> None:
    first, second = list(dense)[:2]
    fused = _fuse(dense, {first: 1.0 + better, second: 1.0})
    before = _fuse(dense, {first: 1.0, second: 1.0})
    assert fused[first] - fused[second] >= before[first] - before[second] - 1e-9
