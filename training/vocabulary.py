"""A bilingual vocabulary: MiniLM's own pieces, less those it never needs here, plus Italian ones.

MiniLM cuts an Italian word into 2.1 pieces. The pieces of scripts that Italian and English do not
use make room for Italian words; each new piece starts as the mean of the old pieces it replaces.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import WordPiece
from tokenizers.trainers import WordPieceTrainer

from training.pairs import EVERYDAY, Pair

_LEARNT = 24_000
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def is_useful(piece: str) -> bool:
    """Whether an old piece can occur in Italian or English text."""
    if piece in SPECIAL:
        return True
    bare = piece.removeprefix("##")
    if piece.startswith("[unused"):
        return False
    return all(
        ord(char) < 0x250 or 0x2010 <= ord(char) <= 0x20BF or 0x2190 <= ord(char) <= 0x2122 for char in bare
    )


def learn_pieces(texts: Iterable[str], size: int) -> list[str]:
    """Learn WordPiece pieces of Italian and return them, most used first."""
    texts = list(texts)
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.train_from_iterator(
        texts, WordPieceTrainer(vocab_size=size, special_tokens=list(SPECIAL), show_progress=False)
    )
    used: Counter[str] = Counter()
    for encoding in _encoded(tokenizer, texts):
        used.update(encoding)
    return [piece for piece, _ in used.most_common() if piece not in SPECIAL]


def _encoded(tokenizer: Tokenizer, texts: list[str], batch: int = 4096) -> Iterator[list[str]]:
    for start in range(0, len(texts), batch):
        for encoding in tokenizer.encode_batch(texts[start : start + batch], add_special_tokens=False):
            yield encoding.tokens


def merge(old: list[str], italian: list[str], size: int) -> list[str]:
    """Return the new vocabulary: useful old pieces in their order, then Italian ones until it is full."""
    kept = [piece for piece in old if is_useful(piece)]
    known = set(kept)
    new = [piece for piece in italian if piece not in known]
    return kept + new[: size - len(kept)]


def transplant(model_dir: Path, vocabulary: list[str], out: Path) -> None:
    """Write the model with the new vocabulary: old pieces keep their vectors, new ones get a mean."""
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(model_dir), device="cpu")
    old_tokenizer = model.tokenizer
    transformer: Any = model[0].auto_model
    old = transformer.embeddings.word_embeddings.weight.data
    old_ids = old_tokenizer.get_vocab()
    rows = torch.empty(len(vocabulary), old.shape[1])
    for row, piece in enumerate(vocabulary):
        if piece in old_ids:
            rows[row] = old[old_ids[piece]]
        else:
            rows[row] = old[_old_pieces(old_tokenizer, piece)].mean(0)
    embedding = torch.nn.Embedding(len(vocabulary), old.shape[1], padding_idx=vocabulary.index("[PAD]"))
    embedding.weight.data = rows
    transformer.embeddings.word_embeddings = embedding
    transformer.config.vocab_size = len(vocabulary)
    transformer.config.pad_token_id = vocabulary.index("[PAD]")
    out.mkdir(parents=True, exist_ok=True)
    model.save(str(out))
    _rewrite_tokenizer(out, vocabulary)


def bilingual_student(teacher: Path, pairs: Sequence[Pair], size: int, out: Path) -> None:
    """Write the untrained student: the teacher with a vocabulary of `size` pieces for both languages.

    Args:
        teacher: folder of the model to start from.
        pairs: their Italian side says which pieces are worth having; everyday language counts more.
        size: pieces in all.
        out: where the student goes.
    """
    texts = [pair.italian for pair in pairs for _ in range(3 if pair.domain in EVERYDAY else 1)]
    old = (teacher / "vocab.txt").read_text(encoding="utf-8").splitlines()
    transplant(teacher, merge(old, learn_pieces(texts, _LEARNT), size), out)


def _old_pieces(tokenizer: object, piece: str) -> list[int]:
    """Return the old ids of a new piece; for an inner piece the marks of word beginnings are avoided."""
    backend = tokenizer.backend_tokenizer  # type: ignore[attr-defined]
    if not piece.startswith("##"):
        return list(backend.encode(piece, add_special_tokens=False).ids)
    ids = backend.encode("a" + piece.removeprefix("##"), add_special_tokens=False)
    inner = [i for i, token in zip(ids.ids, ids.tokens, strict=True) if token.startswith("##")]
    return inner or list(backend.encode(piece.removeprefix("##"), add_special_tokens=False).ids)


def _rewrite_tokenizer(folder: Path, vocabulary: list[str]) -> None:
    (folder / "vocab.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    file = folder / "tokenizer.json"
    fields = json.loads(file.read_text(encoding="utf-8"))
    ids = {piece: number for number, piece in enumerate(vocabulary)}
    fields["model"]["vocab"] = ids
    for token in fields.get("added_tokens", []):
        token["id"] = ids[token["content"]]
    for special in fields.get("post_processor", {}).get("special_tokens", {}).values():
        special["ids"] = [ids[token] for token in special["tokens"]]
    post = fields.get("post_processor", {})
    for side in ("sep", "cls"):
        if side in post:
            post[side][1] = ids[post[side][0]]
    if fields.get("padding"):
        fields["padding"]["pad_id"] = ids["[PAD]"]
    file.write_text(json.dumps(fields, ensure_ascii=False), encoding="utf-8")
