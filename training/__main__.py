"""python -m training PAIRS... --out DIR: make the bilingual encoder, from pairs to a folder to ship.

Pairs are JSON Lines `{"en", "it", "domain"}`, also `.gz`. A run that was stopped goes on where it was
when the same command is given again.
"""

import argparse
import dataclasses
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np

from core.encoders import minilm_folder
from training.alike import groups
from training.batches import Material
from training.distil import distil
from training.export import export, keep_recipe
from training.pairs import Pair, long_texts, read_pairs
from training.passages import Library, Passage, read_passages
from training.recipe import Recipe
from training.scores import plot
from training.teacher import taught
from training.vocabulary import bilingual_student

OWN_TEXTS = Path(__file__).parent / "data"
MOST_DEV_PAIRS = 1500


def main(given: argparse.Namespace) -> None:
    from sentence_transformers import SentenceTransformer

    recipe = _recipe(given)
    keep_recipe(recipe.fields(), given.out)
    passages = read_passages(sorted((OWN_TEXTS / "passages").glob("*.jsonl")))
    per_file = [read_pairs(file) for file in [*given.pairs, *sorted(OWN_TEXTS.glob("*.jsonl"))]]
    per_file.append([pair for passage in passages if not passage.held_out for pair in passage.pairs])
    pairs = [pair for own in per_file for pair in own]
    longs = long_texts(pairs, recipe.long_texts, recipe.seed)
    sys.stderr.write(f"{len(pairs)} pairs, {len(longs)} long texts\n")
    teacher = SentenceTransformer(str(minilm_folder()), device="cpu")
    cache = given.out / "teacher"
    vectors = np.concatenate([_vectors(teacher, own, cache) for own in per_file])
    short = Material(pairs, vectors, groups(vectors, cache, recipe.seed) if recipe.alike else ())
    long = Material(longs, _vectors(teacher, longs, cache))
    # Titles and sentences are seen with their passage.
    seen = {pair for passage in passages for pair in (passage.title, *passage.sentences)}
    held_out = [index for index, pair in enumerate(pairs) if pair.held_out and pair not in seen]
    held_out = held_out[:MOST_DEV_PAIRS]
    if not held_out:
        raise SystemExit("Too few pairs: about one in 250 is held out to measure with, here none is.")
    dev = Material([pairs[index] for index in held_out], vectors[held_out])
    folder = given.out / "student"
    if not (folder / "modules.json").exists() and given.start:
        shutil.copytree(given.start, folder, dirs_exist_ok=True)
    elif not (folder / "modules.json").exists():
        bilingual_student(minilm_folder(), pairs, recipe.vocabulary, folder)
    student = SentenceTransformer(str(folder), device="cpu").float()  # what is shipped is half precision
    library = _library(teacher, passages, cache)
    distil(student, short, long, dev, recipe, given.out, given.save_every, library)
    plot(given.out / "log.jsonl", given.out / "run.svg")
    digest = export(student, given.out / "percorso-it-en")
    sys.stderr.write(f"{given.out / 'percorso-it-en'}: {digest}\n")


def _vectors(teacher: Any, pairs: list[Pair], cache: Path) -> np.ndarray[Any, Any]:
    return taught(teacher, [pair.english for pair in pairs], cache)


def _library(teacher: Any, passages: list[Passage], cache: Path) -> Library | None:
    if not passages:
        return None
    questions = _vectors(teacher, [question for passage in passages for question in passage.questions], cache)
    wholes = _vectors(teacher, [passage.whole for passage in passages], cache)
    sentences = _vectors(teacher, [pair for passage in passages for pair in passage.headed], cache)
    if len({len(passage.questions) for passage in passages}) > 1:
        raise SystemExit("All passages need the same number of questions.")
    ends = np.cumsum([len(passage.sentences) for passage in passages])[:-1]
    shaped = questions.reshape(len(passages), -1, questions.shape[1])
    return Library(passages, wholes, shaped, np.split(sentences, ends))


def _recipe(given: argparse.Namespace) -> Recipe:
    names = {field.name for field in dataclasses.fields(Recipe)}
    return Recipe(**{name: value for name, value in vars(given).items() if name in names})


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; every knob of the recipe is an option."""
    parser = argparse.ArgumentParser(prog="python -m training", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pairs", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, log and result")
    parser.add_argument(
        "--start", type=Path, help="folder of an encoder to teach further (default: the teacher)"
    )
    parser.add_argument("--save-every", type=int, default=250, help="steps between checkpoints")
    for field in dataclasses.fields(Recipe):
        option = f"--{field.name.replace('_', '-')}"
        if field.type is bool:
            parser.add_argument(option, action=argparse.BooleanOptionalAction, default=field.default)
        else:
            parser.add_argument(option, type=type(field.default), default=field.default)
    return parser.parse_args(words)


if __name__ == "__main__":
    main(arguments())
