"""Prompt files and phrases: loaded once, checked when loaded, rendered strictly."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, StrictUndefined, TemplateError, meta

from assistant.conversation.readings import EvidenceKind
from core.errors import SettingsError
from core.text import words

_TEMPLATES = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
_MOST_SMALL_TALK_WORDS = 9
_FILLED_IN: Mapping[str, tuple[str, ...]] = {
    "offer_human": (),
    "other_language": ("language",),
    "abstain": ("company",),
    "unsure": ("company",),
    "doubtful": ("company",),
    "part_unanswered": ("question",),
    "contradiction": ("title",),
    "clarify": ("a", "b"),
    "clarify_open": (),
    "handoff": ("hours",),
    "handoff_already": ("hours",),
    "injection": ("company",),
}
"""The phrases that are needed in every voice, each with what its placeholders may be."""
_SMALL_TALK = ("company",)


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
        prompt = Prompt(
            name=name,
            version=int(fields["version"]),
            purpose=str(fields["purpose"]),
            variables=frozenset(fields["variables"]),
            body=body,
        )
        used = meta.find_undeclared_variables(_TEMPLATES.parse(body))
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError, TemplateError) as error:
        raise SettingsError(f"The prompt {file} cannot be used: {type(error).__name__} {error}.") from None
    if used != prompt.variables:
        raise SettingsError(f"The prompt {file} declares {sorted(prompt.variables)} and uses {sorted(used)}.")
    return prompt


class Phrases:
    """What the assistant says in its own words, by language and form of address.

    Args:
        prompts: the folder of prompts.
        formal: Italian with Lei (true) or tu.

    Raises:
        SettingsError: a file is missing or cannot be used; the text says which and why.
    """

    def __init__(self, prompts: Path, *, formal: bool) -> None:
        self._formal = formal
        folder = prompts / "reply"
        talk, self._small_talk = _load_small_talk(folder / "small_talk.yaml")
        self._by_voice = {
            voice: _load_phrases(folder / f"phrases.{voice}.yaml", talk)
            for voice in (self.voice("it"), self.voice("en"))
        }

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


def _load_small_talk(file: Path) -> tuple[frozenset[str], dict[str, str]]:
    """Return the kinds of small talk, and the kind of each phrase in folded words."""
    try:
        kinds = yaml.safe_load(file.read_text(encoding="utf-8"))
        phrases = {" ".join(words(str(text))): kind for kind, texts in kinds.items() for text in texts}
    except (OSError, AttributeError, TypeError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(f"{file} cannot be used: {type(error).__name__} {error}.") from None
    return frozenset(kinds), phrases


def _load_phrases(file: Path, talk: frozenset[str]) -> dict[str, Any]:
    """Return what is said in one voice, after filling in every phrase once."""
    try:
        fields: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        for key, names in _FILLED_IN.items():
            _try_out(fields[key], names)
        for kind in talk:
            _try_out(fields["small_talk"][kind], _SMALL_TALK)
        for reason in EvidenceKind:
            _try_out(fields["evidence"][reason], ("value",))
        dict(fields["language_names"])
    except (OSError, KeyError, IndexError, TypeError, ValueError, yaml.YAMLError) as error:
        raise SettingsError(f"{file} cannot be used: {type(error).__name__} {error}.") from None
    return fields


def _try_out(phrase: object, names: tuple[str, ...]) -> None:
    for text in phrase if isinstance(phrase, list) else [phrase]:
        if not isinstance(text, str):
            raise TypeError(f"{text!r} is no text")
        text.format_map(dict.fromkeys(names, ""))
    if phrase == []:
        raise ValueError("a phrase is empty")
