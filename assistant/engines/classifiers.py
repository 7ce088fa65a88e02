"""Stage, feeling, injection and the wish for a person: small linear models taught by our own examples.

Each is a logistic regression over words and pairs of words, pieces of words (typing mistakes and
inflection), the encoder's vector, and for feelings the lexicon. They are trained at first start,
in about a minute, and kept in the data folder until an example, the lexicon, the encoder or this code
changes.
"""

import json
import re
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import scipy.sparse as sparse
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from assistant.conversation.readings import Emotion, Lesson, Sentiment, Signals
from assistant.engines.corrected import Corrected
from assistant.engines.examples import Examples, load_examples, with_more
from assistant.engines.lexicon import Lexicon
from core.embeddings import Encoder
from core.errors import SettingsError
from core.lexemes import lexemes
from core.offload import ModelRunner
from core.telemetry import get_log
from core.text import fold

log = get_log(__name__)

_CODE_VERSION = 2
"""Raise it when the features below change: the models are then trained again."""
_STRENGTH = {"journey": 3.0, "sentiment": 5.0, "injection": 5.0, "handoff": 5.0}
"""Inverse regularisation per task, chosen by five-fold cross-validation on the examples."""

_WORD = re.compile(r"[^\W_]+")
_SPEAKING = 0.4
"""Words that speak less for a label (in log-odds) are no reason to name."""
_ALONE = 0.2
"""So much more a pair has to say than a word."""
_ASKING = frozenset(
    "che cosa come quando quanto quanta quanti quante quale quali perche dove chi "
    "what how when which why where who".split()
)
_MOST_WORDS = 2
_NEEDED = {"injection": {"attack"}, "handoff": {"wants_human"}}


class LinearModel:
    """One trained task: features and weights, as plain arrays.

    Args:
        arrays: what `save` wrote.
    """

    def __init__(
        self, labels: list[str], vocabularies: list[list[str]], arrays: dict[str, NDArray[Any]]
    ) -> None:
        self.labels = labels
        self._vectorizers = [
            _vectorizer(kind, vocabulary)
            for kind, vocabulary in zip(("word", "char_wb"), vocabularies, strict=True)
        ]
        for number, vectorizer in enumerate(self._vectorizers):
            vectorizer.idf_ = arrays[f"idf{number}"]
        self._coefficients = arrays["coefficients"].astype(np.float32)
        self._intercepts = arrays["intercepts"].astype(np.float32)

    def predict(self, texts: Sequence[str], extra: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return probabilities, shape (len(texts), len(labels)), each row adding up to 1.

        Args:
            texts: the messages.
            extra: the dense features of each, in the order they were trained in.
        """
        features = _join(self._vectorizers, texts, extra)
        logits = np.asarray(features @ self._coefficients.T) + self._intercepts
        return _shares(logits)

    def predict_by_meaning(self, vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return the same for texts of which only the encoder's vectors are at hand.

        Of the features the vector alone speaks: what words and letters would add is left out.
        """
        told = vectors @ self._coefficients[:, -vectors.shape[1] :].T + self._intercepts
        return _shares(told)

    @cached_property
    def _word_weights(self) -> NDArray[np.float32]:
        """Of words and letters, above the mean of all labels; one task in four ever asks for them."""
        own = self._coefficients[:, : sum(len(vectorizer.vocabulary_) for vectorizer in self._vectorizers)]
        return np.asarray(own - own.mean(axis=0), dtype=np.float32)

    def words_for(self, text: str) -> dict[str, tuple[str, ...]]:
        """Return for each label the words and pairs of words of a text that speak most for it, as written.

        What speaks for a label is what its weights, above the mean of all labels, give to the words
        and their letters; what the encoder's vector says cannot be told apart by words.
        """
        units = [unit for unit in _units(text) if _says_something(unit)]
        if not units:
            return dict.fromkeys(self.labels, ())
        counted = sparse.hstack([vectorizer.transform(units) for vectorizer in self._vectorizers])
        told = np.asarray(counted @ self._word_weights.T)
        return {label: _strongest(units, told[:, place]) for place, label in enumerate(self.labels)}

    def save(self, file: Path) -> None:
        arrays = {f"idf{number}": vectorizer.idf_ for number, vectorizer in enumerate(self._vectorizers)}
        words = json.dumps(
            [self.labels, *(sorted(v.vocabulary_, key=v.vocabulary_.get) for v in self._vectorizers)]
        )
        partial = file.with_suffix(".partial.npz")
        np.savez_compressed(
            partial, coefficients=self._coefficients.astype(np.float16), intercepts=self._intercepts,
            words=np.frombuffer(words.encode(), dtype=np.uint8), **arrays,
        )  # fmt: skip
        partial.replace(file)

    @classmethod
    def load(cls, file: Path) -> "LinearModel":
        with np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        labels, *vocabularies = json.loads(arrays.pop("words").tobytes())
        return cls(labels, vocabularies, arrays)

    @classmethod
    def train(cls, examples: Examples, extra: NDArray[np.float32], strength: float) -> "LinearModel":
        """Fit on the examples; the same examples always give the same model."""
        vectorizers = [_vectorizer("word").fit(examples.texts), _vectorizer("char_wb").fit(examples.texts)]
        features = _join(vectorizers, examples.texts, extra)
        model = LogisticRegression(C=strength, max_iter=2000, class_weight="balanced")
        model.fit(features, examples.labels)
        coefficients, intercepts = model.coef_, model.intercept_
        if len(model.classes_) == 2:  # scikit-learn keeps one row for two classes
            coefficients = np.vstack([-coefficients, coefficients]) / 2
            intercepts = np.array([-intercepts[0], intercepts[0]]) / 2
        arrays = {"coefficients": coefficients, "intercepts": intercepts}
        arrays |= {f"idf{number}": vectorizer.idf_ for number, vectorizer in enumerate(vectorizers)}
        vocabularies = [sorted(v.vocabulary_, key=v.vocabulary_.get) for v in vectorizers]
        return cls([str(label) for label in model.classes_], vocabularies, arrays)


class LearntClassifiers:
    """All four tasks behind one call.

    Args:
        prompts: the folder of prompts with the examples.
        folder: where trained models are kept.
        encoder: gives each text its vector.
        runner: the door to threads.

    Raises:
        SettingsError: examples or lexicons cannot be used.
    """

    def __init__(self, prompts: Path, folder: Path, encoder: Encoder, runner: ModelRunner) -> None:
        self._folder = folder
        self._encoder = encoder
        self._runner = runner
        self._lexicon = Lexicon(prompts)
        examples = {task: _checked(load_examples(prompts, task)) for task in _STRENGTH}
        honest = (*examples["journey"].texts, *examples["sentiment"].texts)
        # Nobody attacks in these; without them long complaints look like attacks (1 in 10 public messages).
        examples["injection"] = with_more(examples["injection"], "harmless", honest)
        self._examples = examples
        self._models: dict[str, LinearModel] = {}
        self._preparing = Lock()
        self._corrected = Corrected(encoder.embed_documents)

    def remember(self, lessons: Sequence[Lesson]) -> None:
        """Read texts like these as they say, from now on."""
        self._corrected.remember(lessons)

    async def read(self, text: str) -> Signals:
        """Return what the text says by itself."""
        return await self._runner.run(self.read_now, text)

    def read_now(self, text: str) -> Signals:
        """The same, blocking."""
        self.prepare()
        vector = self._encoder.embed_query(text)[np.newaxis]
        said = {task: self._predict(task, text, vector) for task in _STRENGTH}
        return Signals(
            stages=said["journey"],
            feelings={_feeling(label): share for label, share in said["sentiment"].items()},
            injection=said["injection"]["attack"],
            wants_human=said["handoff"]["wants_human"],
            words=self._models["journey"].words_for(text),
        )

    def stages_served(self, vectors: NDArray[np.float32], model: str) -> dict[str, float] | None:
        """Return whose questions a document answers: the share of each label of the journey, adding up to 1.

        What a chunk says is close to what is asked about it, so the model that reads messages reads
        chunks too: the mean over the chunks is what the document is for. See docs/decisions/0012.

        Args:
            vectors: of the document's chunks.
            model: whose vectors they are.

        Returns:
            None while it cannot be said: the model was never trained here, or knows no such vectors.
        """
        with self._preparing:
            if "journey" not in self._models:
                file = self._file(self._examples["journey"])
                if not file.is_file():
                    return None
                self._models["journey"] = LinearModel.load(file)
        journey = self._models["journey"]
        if model != self._encoder.name or not len(vectors):
            return None
        said = journey.predict_by_meaning(vectors).mean(axis=0)
        return {label: float(share) for label, share in zip(journey.labels, said, strict=True)}

    def prepare(self) -> None:
        """Load the models, training those that are missing (blocking, about a minute the first time)."""
        with self._preparing:  # the first messages may come on several threads at once
            for task, strength in _STRENGTH.items():
                if task not in self._models:
                    self._models[task] = self._load_or_train(self._examples[task], strength)

    def _file(self, examples: Examples) -> Path:
        """Where the model of these examples is kept."""
        slug = "".join(char if char.isalnum() else "-" for char in self._encoder.name)[-60:]
        learnt = examples.fingerprint
        if examples.task == "sentiment":
            learnt += f"-{self._lexicon.fingerprint}"
        return self._folder / f"{examples.task}-{learnt}-{slug}-v{_CODE_VERSION}.npz"

    def _load_or_train(self, examples: Examples, strength: float) -> LinearModel:
        file = self._file(examples)
        if file.is_file():
            return LinearModel.load(file)
        log.info("learning_from_examples", task=examples.task, examples=len(examples.texts))
        self._folder.mkdir(parents=True, exist_ok=True)
        extra = self._extra(examples.task, examples.texts, self._encoder.embed_documents(examples.texts))
        model = LinearModel.train(examples, extra, strength)
        model.save(file)
        for outdated in self._folder.glob(f"{examples.task}-*.npz"):
            if outdated != file:
                outdated.unlink(missing_ok=True)
        return LinearModel.load(file)

    def _extra(self, task: str, texts: Sequence[str], vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        if task != "sentiment":
            return vectors
        return np.hstack([vectors, [self._lexicon.features(text) for text in texts]]).astype(np.float32)

    def _predict(self, task: str, text: str, vector: NDArray[np.float32]) -> dict[str, float]:
        model = self._models[task]
        shares = model.predict([text], self._extra(task, [text], vector))[0]
        said = {label: float(share) for label, share in zip(model.labels, shares, strict=True)}
        return self._corrected.applied(task, said, vector[0])


def _shares(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), dtype=np.float64)


def _units(text: str) -> list[str]:
    """Return the words of a text and its pairs of neighbouring words."""
    spoken = _WORD.findall(text)
    return [*spoken, *(" ".join(pair) for pair in pairwise(spoken))]


def _says_something(unit: str) -> bool:
    """Whether there is a word of meaning in it, or one that asks."""
    spoken = [word for word in unit.split() if len(word) > 1]
    asks = len(unit.split()) > 1 and fold(unit.split()[0]) in _ASKING
    return asks or any(lexemes(word, "it") and lexemes(word, "en") for word in spoken)


def _strongest(units: Sequence[str], told: NDArray[np.float32]) -> tuple[str, ...]:
    """Return what says most, each word once; a word alone where its neighbour adds little."""
    kept: list[str] = []
    for place in np.argsort(-(told - _ALONE * np.array([" " in unit for unit in units])), kind="stable"):
        spoken = set(units[place].casefold().split())
        if told[place] >= _SPEAKING and not any(spoken & set(other.casefold().split()) for other in kept):
            kept.append(units[place])
    return tuple(kept[:_MOST_WORDS])


def _checked(examples: Examples) -> Examples:
    """Return the examples if they teach the labels that a reading asks for."""
    labels = set(examples.labels)
    known = {f"{sentiment}-{emotion}" for sentiment in Sentiment for emotion in Emotion}
    if examples.task == "sentiment" and not labels <= known:
        raise SettingsError(f"prompts/sentiment/examples teaches unknown feelings: {sorted(labels - known)}.")
    if missing := _NEEDED.get(examples.task, set()) - labels:
        raise SettingsError(f"prompts/{examples.task}/examples lacks {sorted(missing)}.")
    return examples


def _feeling(label: str) -> tuple[Sentiment, Emotion]:
    sentiment, emotion = label.split("-")
    return Sentiment(sentiment), Emotion(emotion)


def _vectorizer(kind: str, vocabulary: list[str] | None = None) -> Any:
    """Words and pairs of words, or pieces of two to five letters; folded, sublinear tf-idf."""
    shared = {"sublinear_tf": True, "preprocessor": fold, "dtype": np.float32, "vocabulary": vocabulary}
    if kind == "word":
        return TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"[^\W_]+", **shared)
    return TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), min_df=2 if vocabulary is None else 1, **shared
    )


def _join(vectorizers: Sequence[Any], texts: Sequence[str], extra: NDArray[np.float32]) -> Any:
    return sparse.hstack([*(v.transform(texts) for v in vectorizers), sparse.csr_matrix(extra)]).tocsr()
