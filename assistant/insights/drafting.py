"""The beginning of a document that fills a gap: what customers ask, in their words (pure)."""

from collections.abc import Sequence

import yaml

_WORDS = {
    "it": ("Domande dei clienti", "Scrivete qui la risposta, poi togliete questa riga e l'elenco."),
    "en": ("What customers ask", "Write the answer here, then remove this line and the list."),
}


def draft_text(title: str, questions: Sequence[str], language: str, stages: Sequence[str]) -> str:
    """Return Markdown with front matter: title, place for the answer, and each question once.

    Args:
        title: of the document.
        questions: as they were asked, the most central one first.
        language: of the document.
        stages: in which they were asked, the most frequent first.
    """
    heading, hint = _WORDS.get(language, _WORDS["en"])
    about = yaml.safe_dump(
        {"title": title, "language": language, "stages": list(stages)}, allow_unicode=True, sort_keys=False
    )
    asked = "\n".join(f"- {' '.join(question.split())}" for question in dict.fromkeys(questions))
    return f"---\n{about}---\n\n# {title}\n\n{hint}\n\n## {heading}\n\n{asked}\n"
