"""Words as the lexical index knows them: folded, without stop words, stemmed by language.

Stems come from the Snowball project (https://snowballstem.org). The stop words are function
words only: a word that can carry a customer's meaning ("quando", "how much") costs nothing
when it is common, since BM25 weighs it down by itself.
"""

import re
from functools import lru_cache

import Stemmer

from core.text import words

_STOP_IT = frozenset(
    """
    a ad ai agli al alla alle allo anche avere c ce che chi ci come con cosa cui d da dagli dai dal
    dalla dalle dallo degli dei del dell della delle dello di do dove e ed era essere fa fare gli ha
    hai hanno ho i il in io l la le lei li lo loro lui m ma me mi mia mie miei mio ne negli nei nel
    nell nella nelle nello noi non o per perche piu po quale quali qual quando quanto quel quella
    quelle quelli quello questa queste questi questo qui s se sei si sia siamo siete sono sta sto su
    sua sue sugli sui sul sulla sulle suo suoi t te ti tra fra tu tua tue tuo tuoi un una uno v va
    vi voi vostra vostre vostri vostro nostra nostre nostri nostro posso puo potrei devo deve vorrei
    voglio sapere salve buongiorno buonasera ciao grazie prego per favore gia poi quindi pero quindi
    cioe allora ecco se sara state stato stata fatto faccio
    """.split()
)
_STOP_EN = frozenset(
    """
    a about am an and any are as at be been being but by can could d did do does doing for from get
    got had has have having he hello her here hers hi him his how i if in into is it its just let ll
    m may me might mine must my no nor not of off on or our ours out please re s shall she should so
    some such t than thank thanks that the their theirs them then there these they this those to too
    us ve was we were what when where which while who whom why will with would you your yours want
    need know like
    """.split()
)
_STOP = {"it": _STOP_IT, "en": _STOP_EN}
_STEMMER_OF = {
    "it": "italian",
    "en": "english",
    "fr": "french",
    "de": "german",
    "es": "spanish",
    "pt": "portuguese",
}
_JOINED = re.compile(r"\b\w+(?:[-/.]\w+)+\b")
_DIGIT, _LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")


def _codes(text: str) -> list[str]:
    """Return the codes of a text, in one piece each: words joined by marks that hold a digit and a letter."""
    joined = [found[0] for found in _JOINED.finditer(text)]
    return ["".join(words(own)) for own in joined if _DIGIT.search(own) and _LETTER.search(own)]


def function_words(text: str, language: str) -> int:
    """Count the words of `text` that are function words of `language` and of no other one known here."""
    others = frozenset().union(*(stop for tag, stop in _STOP.items() if tag != language))
    own = _STOP.get(language, frozenset()) - others
    return sum(word in own for word in words(text))


@lru_cache(maxsize=8)
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    name = _STEMMER_OF.get(language)
    return Stemmer.Stemmer(name) if name else None


def lexemes(text: str, language: str) -> list[str]:
    """Return the index terms of `text`, in order, with repetitions.

    Codes such as "E-04" or "SDI/2" are kept a second time in one piece ("e04"), so that any way
    of writing them finds the document.

    Args:
        text: any text.
        language: BCP 47 primary tag; a language without a stemmer keeps whole words.
    """
    stop = _STOP.get(language, frozenset())
    kept = [word for word in words(text) if word not in stop]
    stemmer = _stemmer(language)
    stems = stemmer.stemWords(kept) if stemmer else kept
    return [*stems, *_codes(text)]


def content_words(text: str, language: str, corpus_languages: frozenset[str]) -> dict[str, tuple[str, ...]]:
    """Return the words of a question that carry meaning, each with the stems it may have in the corpus."""
    stop = _STOP.get(language, frozenset())
    kept = [word for word in words(text) if word not in stop]
    stemmers = [_stemmer(target) for target in sorted({language} | corpus_languages)]
    return {
        word: tuple(dict.fromkeys(stemmer.stemWord(word) if stemmer else word for stemmer in stemmers))
        for word in kept
    }


def query_lexemes(text: str, language: str, corpus_languages: frozenset[str]) -> list[str]:
    """Return the distinct terms to look for in a corpus of several languages.

    Stop words are those of the question's language; what remains is stemmed as each language of
    the corpus would stem it, so that names and loan words are found in all of them.
    """
    stop = _STOP.get(language, frozenset())
    kept = [word for word in words(text) if word not in stop] or words(text)
    found: dict[str, None] = {}
    for target in sorted({language} | corpus_languages):
        stemmer = _stemmer(target)
        for stem in stemmer.stemWords(kept) if stemmer else kept:
            found[stem] = None
    found |= dict.fromkeys(_codes(text))
    return list(found)
