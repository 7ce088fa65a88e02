"""The examples that the classifiers learn from: text files in `prompts/`, reviewed like code."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import SettingsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Labelled messages of one task, in a fixed order."""

    task: str
    texts: tuple[str, ...]
    labels: tuple[str, ...]

    @property
    def fingerprint(self) -> str:
        """Changes whenever an example changes."""
        lines = "\n".join(f"{label}\t{text}" for label, text in zip(self.labels, self.texts, strict=True))
        return hashlib.sha256(lines.encode()).hexdigest()[:16]


def with_more(examples: Examples, label: str, texts: Sequence[str]) -> Examples:
    """Return the examples with more texts of one label; those that it teaches already are left out."""
    known = set(examples.texts)
    new = [text for text in dict.fromkeys(texts) if text not in known]
    return Examples(
        task=examples.task,
        texts=(*examples.texts, *new),
        labels=(*examples.labels, *([label] * len(new))),
    )


def load_examples(prompts: Path, task: str) -> Examples:
    """Read `prompts/<task>/examples/<label>.<language>.txt`: a message per line, `#` for comments.

    Raises:
        SettingsError: there are fewer than two labels, so nothing could be learnt.
    """
    texts: list[str] = []
    labels: list[str] = []
    for file in sorted((prompts / task / "examples").glob("*.*.txt")):
        lines = _messages(file.read_text(encoding="utf-8").split("\n"))
        texts.extend(lines)
        labels.extend([file.name.split(".")[0]] * len(lines))
    if len(set(labels)) < 2:
        raise SettingsError(
            f"There are too few examples in {prompts / task / 'examples'}: two labels are the least."
        )
    return Examples(task=task, texts=tuple(texts), labels=tuple(labels))


def _messages(lines: Sequence[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
