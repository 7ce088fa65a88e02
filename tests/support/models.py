"""Tiny encoders, made on the spot: real sentence-transformers models with random weights."""

from pathlib import Path

VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz", "bici", "reso"]


def make_tiny_model(folder: Path, *, dimensions: int = 16, window: int = 32, seed: int = 0) -> Path:
    """Make a BERT of one layer in `folder` and return it."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    config = BertConfig(
        vocab_size=len(VOCABULARY), hidden_size=dimensions, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=window,
    )  # fmt: skip
    torch.manual_seed(seed)
    BertModel(config).save_pretrained(folder)
    BertTokenizer(str(folder / "vocab.txt"), model_max_length=window).save_pretrained(folder)
    return folder
