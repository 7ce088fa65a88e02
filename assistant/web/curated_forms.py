"""The form of a curated answer, on the pages of answers and of gaps."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, Field

from assistant.retrieval.alike import SAME_FROM
from assistant.services import Services
from assistant.store.curated import CuratedView
from assistant.web.forms import end_of_day, lines_of
from core.types import Audience


class AnswerForm(BaseModel):
    """What the form sends, as it was typed."""

    questions: str = Field(default="", max_length=30_000)
    language: str = Field(default="it", max_length=12)
    text: str = Field(default="", max_length=10_000)
    stages: list[str] = Field(default=[], max_length=20)
    audience: Audience = Audience.PUBLIC
    source_title: str = Field(default="", max_length=400)
    source_url: str = Field(default="", max_length=2100)
    owner: str = Field(default="", max_length=100)
    enabled: bool = False
    valid_until: str = Field(default="", max_length=10)
    tried: str = Field(default="", max_length=1000)
    """A question to try the phrasings with."""
    do: str = Field(default="", max_length=10)

    def fields(self) -> dict[str, Any]:
        """Return what `CuratedIn` wants to hear, without who writes it."""
        source = {"title": self.source_title, "url": self.source_url or None}
        return {
            "questions": lines_of(self.questions),
            "language": self.language,
            "text": self.text,
            "stages": self.stages,
            "audience": self.audience,
            "sources": [source] if self.source_title or self.source_url else [],
            "owner": self.owner.strip() or None,
            "enabled": self.enabled,
            "valid_until": end_of_day(self.valid_until),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedOut:
    """How a question fares with the phrasings of a form."""

    question: str
    same: bool
    nearest: list[tuple[str, float]]
    """The most alike phrasings, with scores in [0, 1]; the question is the same from `needed` on."""
    needed: float = SAME_FROM


async def tried_out(form: AnswerForm, services: Services) -> TriedOut | None:
    """Try the question of a form; None when there is nothing to try."""
    phrasings = lines_of(form.questions)[:50]
    if not form.tried.strip() or not phrasings:
        return None
    found = await services.curated.try_out(form.tried, phrasings, form.language)
    return TriedOut(
        question=form.tried,
        same=found[0][1] >= SAME_FROM,
        nearest=[(text, max(0.0, value)) for text, value in found[:3]],
    )


def form_of(view: CuratedView) -> AnswerForm:
    source = view.sources[0] if view.sources else {}
    return AnswerForm(
        questions="\n".join(view.questions),
        language=view.language,
        text=view.text,
        stages=list(view.stages),
        audience=view.audience,
        source_title=source.get("title") or "",
        source_url=source.get("url") or "",
        owner=view.owner or "",
        enabled=view.enabled,
        valid_until=view.valid_until.date().isoformat() if view.valid_until else "",
    )
