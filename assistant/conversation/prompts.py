"""Prompt files and phrases: loaded once, checked when loaded, rendered strictly."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, TemplateError, meta

from core.errors import SettingsError
from core.text import words

_TEMPLATES = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
_MOST_SMALL_TALK_WORDS = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A template with its header: version, purpose and the variables that it needs, no more and no fewer."""

    name: str
    version: int
    purpose: str
    variables: frozenset[str]
    body: str

    @property
    def label(self) -> str:
        """Name and version, such as `reply/answer@3`, stored with every reply."""
        return f"{self.name}@{self.version}"

    def render(self, **values: Any) -> str:
        """Return the text.

        Raises:
            ValueError: a variable is missing or was not asked for.
        """
        if set(values) != self.variables:
            wrong = sorted(set(values) ^ self.variables)
            raise ValueError(
                f"The prompt {self.label} takes {sorted(self.variables)}; missing or too many: {wrong}."
            )
        return _TEMPLATES.from_string(self.body).render(**values).strip()


def load_prompt(prompts: Path, name: str) -> Prompt:
    """Read `prompts/<name>.md`.

    Raises:
        SettingsError: the file is missing, its header incomplete, or its body uses other variables.
    """
    file = prompts / f"{name}.md"
    try:
        _, header, body = file.read_text(encoding="utf-8").split("---\n", 2)
        fields = yaml.safe_load(header)
        variables = frozenset(fields["variables"])
        used = meta.find_undeclared_variables(_TEMPLATES.parse(body))
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError, TemplateError) as error:
        raise SettingsError(f"The prompt {file} cannot be used: {type(error).__name__} {error}.") from None
    if used != variables:
        raise SettingsError(f"The prompt {file} declares {sorted(variables)} and uses {sorted(used)}.")
    return Prompt(
        name=name,
        version=int(fields["version"]),
        purpose=str(fields["purpose"]),
        variables=variables,
        body=body,
    )


class Phrases:
    """What the assistant says in its own words, by language and form of address.

    Args:
        prompts: the folder of prompts.
        formal: Italian with Lei (true) or tu.
    """

    def __init__(self, prompts: Path, *, formal: bool) -> None:
        self._folder = prompts / "reply"
        self._formal = formal

    def voice(self, language: str) -> str:
        """Return the name under which texts of this language and form of address are kept."""
        return f"{language}-tu" if language == "it" and not self._formal else language

    def say(self, key: str, language: str, *, turn: int = 0, values: Mapping[str, str] | None = None) -> str:
        """Return a phrase; where there are several, the turn chooses, so that two in a row differ.

        Args:
            key: its name in the file, `small_talk.greeting` for one inside another.
            language: `it` or `en`.
            turn: number of the turn in the conversation.
            values: what its `{placeholders}` stand for.
        """
        found: Any = self._by_voice[self.voice(language)]
        for part in key.split("."):
            found = found[part]
        text = str(found[turn % len(found)] if isinstance(found, list) else found)
        return text.format_map(values) if values else text

    def choose(self, variants: Mapping[str, tuple[str, ...]], language: str, *, turn: int = 0) -> str | None:
        """Return one of the texts that a policy or a tone offers in this voice; None when it offers none."""
        texts = variants.get(self.voice(language)) or variants.get(language) or ()
        return texts[turn % len(texts)] if texts else None

    def language_name(self, tag: str, language: str) -> str:
        """Return what a language is called in another one."""
        names: dict[str, str] = self._by_voice[self.voice(language)]["language_names"]
        return names.get(tag, tag)

    def small_talk(self, text: str) -> str | None:
        """Return the kind of small talk that a message consists of, or None when it says anything else."""
        spoken = words(text)
        if not spoken or len(spoken) > _MOST_SMALL_TALK_WORDS:
            return None
        kinds = self._kinds(spoken)
        if kinds is None:
            return None
        return next((kind for kind in reversed(kinds) if kind not in ("greeting", "yes_no")), kinds[0])

    def _kinds(self, spoken: list[str]) -> list[str] | None:
        """Return the kinds of the phrases that the words are made of, None when of anything else too."""
        if not spoken:
            return []
        for length in range(len(spoken), 0, -1):
            kind = self._small_talk.get(" ".join(spoken[:length]))
            rest = self._kinds(spoken[length:]) if kind else None
            if kind and rest is not None:
                return [kind, *rest]
        return None

    @cached_property
    def _by_voice(self) -> dict[str, dict[str, Any]]:
        found = {}
        for file in self._folder.glob("phrases.*.yaml"):
            found[file.name.split(".")[1]] = yaml.safe_load(file.read_text(encoding="utf-8"))
        return found

    @cached_property
    def _small_talk(self) -> dict[str, str]:
        kinds = yaml.safe_load((self._folder / "small_talk.yaml").read_text(encoding="utf-8"))
        return {" ".join(words(str(text))): kind for kind, texts in kinds.items() for text in texts}
