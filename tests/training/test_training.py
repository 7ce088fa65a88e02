"""Making the encoder: a small run of the whole command, and a stop that changes nothing."""

import json
import random
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

from core.embeddings import Encoder
from training.__main__ import arguments, main
from training.pairs import Pair, draws, long_texts, noisy, read_pairs, weight

THINGS = ("bici", "bike"), ("batteria", "battery"), ("consegna", "delivery"), ("fattura", "invoice")
ASKED = (
    ("Dove trovo la {}?", "Where do I find the {}?"),
    ("Quanto costa la {} che ho visto ieri?", "How much is the {} that I saw yesterday?"),
    ("La {} non va bene", "The {} is not right"),
    ("Vorrei cambiare la {} entro lunedì", "I would like to change the {} by Monday"),
)
QUICK = (
    "--batch=8 --warmup=2 --long-texts=12 --long-share=0.3 --asking=0.1 --everyday=20 --window=48 "
    "--vocabulary=29000 --no-bfloat16"
)


@pytest.fixture(scope="module")
def pairs_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        {"it": italian.format(it), "en": english.format(en), "domain": "customer-care"}
        for it, en in THINGS
        for italian, english in ASKED
    ]
    rows += [
        {"it": f"Ordine {n} spedito", "en": f"Order {n} shipped", "domain": "business-docs"}
        for n in range(600)
    ]
    file = tmp_path_factory.mktemp("pairs") / "pairs.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return file


@pytest.fixture(scope="module")
def finished(pairs_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of thirty steps from pairs to the folder to ship."""
    out = tmp_path_factory.mktemp("run")
    run(pairs_file, out, steps=30)
    return out


def run(pairs: Path, out: Path, steps: int, *more: str) -> None:
    asked = [str(pairs), "--out", str(out), f"--steps={steps}", "--save-every=15", *QUICK.split(), *more]
    own = write_own_texts(pairs.parent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.__main__.OWN_TEXTS", own)
        main(arguments(asked))


def write_own_texts(folder: Path) -> Path:
    """Write four passages with three questions each, of which one is held out."""
    own = folder / "own"
    (own / "passages").mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "title_it": f"Consegna numero {n}",
            "title_en": f"Delivery number {n}",
            "it": [f"La consegna {n} arriva lunedì.", "Il corriere telefona prima."],
            "en": [f"Delivery {n} arrives on Monday.", "The courier calls before."],
            "questions": [
                {"it": f"Quando arriva la consegna {n}?", "en": f"When does delivery {n} arrive?"},
                {"it": f"Che giorno ricevo il pacco {n}?", "en": f"Which day do I get parcel {n}?"},
                {"it": f"pacco {n} quando", "en": f"parcel {n} when"},
            ],
        }
        for n in range(40, 44)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (own / "passages" / "deliveries.jsonl").write_text(lines, encoding="utf-8")
    return own


def test_the_result_loads_with_its_hash_and_reads_both_languages(finished: Path) -> None:
    folder = finished / "percorso-it-en"
    encoder = Encoder(str(folder))
    vectors = encoder.embed_documents(["Dove trovo la bici?", "Where do I find the bike?", "Order 7 shipped"])
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2]
    assert (folder / "SHA256SUMS").read_text().endswith("model.safetensors\n")
    assert (folder / "model.safetensors").stat().st_size < 50_000_000


def test_the_log_shows_that_it_learns_and_the_plot_is_drawn(finished: Path) -> None:
    rows = [json.loads(line) for line in (finished / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "recall" in row] == [15, 30]
    assert rows[-1]["italian"] > rows[0]["italian"]
    assert all(0 <= row[name] <= 1 for row in rows if "recall" in row for name in ("found", "across"))
    assert "<svg" in (finished / "run.svg").read_text()
    assert json.loads((finished / "recipe.json").read_text())["steps"] == 30


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(
    finished: Path, pairs_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped = tmp_path / "run"
    saved = torch.save

    def save_and_stop(state: object, file: Path) -> None:
        saved(state, file)
        file.replace(file.with_name("state.pt"))
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("training.checkpoints.torch.save", save_and_stop)
        with pytest.raises(KeyboardInterrupt):
            run(pairs_file, stopped, steps=30)
    run(pairs_file, stopped, steps=30)
    text = ["La batteria non va bene"]
    once, twice = (
        SentenceTransformer(str(folder / "percorso-it-en"), device="cpu").float().encode(text)
        for folder in (finished, stopped)
    )
    np.testing.assert_allclose(once, twice, atol=2e-3)


def test_an_encoder_can_be_taught_further(finished: Path, pairs_file: Path, tmp_path: Path) -> None:
    run(pairs_file, tmp_path, 4, "--start", str(finished / "percorso-it-en"), "--rate=1e-5")
    first = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[0])
    before = json.loads((finished / "log.jsonl").read_text().splitlines()[-1])
    assert first["italian"] >= before["italian"] - 0.01
    assert (finished / "percorso-it-en" / "modules.json").exists()


def test_english_words_keep_their_vectors_and_italian_ones_become_whole(finished: Path) -> None:
    student = SentenceTransformer(str(finished / "student"), device="cpu")
    assert student.tokenizer.tokenize("la batteria") == ["la", "batteria"]
    teacher = Encoder("minilm")
    text = "where do i find the delivery time?"
    assert float(teacher.embed_query(text) @ student.encode(text, normalize_embeddings=True)) > 0.999


def test_too_few_pairs_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"it": "Ciao", "en": "Hello", "domain": "app-ui"}\n')
    with pytest.raises(SystemExit, match="held out"):
        run(file, tmp_path / "run", steps=2)


def test_held_out_pairs_are_never_drawn() -> None:
    pairs = [Pair(f"sentence number {n} of a long text", f"frase {n}", "business-docs") for n in range(2000)]
    held_out = {index for index, pair in enumerate(pairs) if pair.held_out}
    assert held_out
    numbers = draws([weight(pair) for pair in pairs], seed=1)
    assert held_out.isdisjoint(next(numbers) for _ in range(20_000))
    joined = " ".join(pair.italian for pair in long_texts(pairs, 200, seed=1)).split("frase ")
    assert held_out.isdisjoint(int(number) for number in joined if number.strip())


def test_customers_count_more_than_manuals_and_machine_translation_less() -> None:
    domains = ["customer-care", "app-ui", "business-docs", "teams-docs-mt"]
    weights = [weight(Pair("a sentence", "una frase", domain)) for domain in domains]
    assert weights == sorted(weights, reverse=True)
    assert len(set(weights)) == 4


def test_noise_is_small_and_repeatable() -> None:
    text = "La batteria della mia bici non si carica più da ieri sera."
    noised = [noisy(text, random.Random(seed)) for seed in range(200)]
    assert noised == [noisy(text, random.Random(seed)) for seed in range(200)]
    changed = [one for one in noised if one != text]
    assert 10 < len(changed) < 80
    assert all(abs(len(one) - len(text)) < 8 for one in changed)


def test_compressed_pairs_read_alike(tmp_path: Path, pairs_file: Path) -> None:
    import gzip

    packed = tmp_path / "pairs.jsonl.gz"
    packed.write_bytes(gzip.compress(pairs_file.read_bytes()))
    assert read_pairs(packed) == read_pairs(pairs_file)
