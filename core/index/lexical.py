"""The lexical index: BM25 over the chunks' lexemes, kept by the database itself.

SQLite has an FTS5 table fed by triggers, PostgreSQL a generated `tsvector` with a GIN index, so
neither can disagree with the chunk rows. Both rank with the same formula, that of FTS5:

    idf(t) = max(ln((N - n(t) + 0.5) / (n(t) + 0.5)), 1e-6)
    score  = sum of idf(t) · tf · (k1 + 1) / (tf + k1 · (1 - b + b · length / average length))

with k1 = 1.2 and b = 0.75. Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework:
BM25 and Beyond", 2009; SQLite documentation, "The bm25() function".
"""

import re
from collections.abc import Sequence

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncSession

_SAFE_TERM = re.compile(r"[^\W_]{1,500}")
"""Letters and digits only, at most 2000 bytes: PostgreSQL refuses a longer lexeme in a query."""

_SQLITE = text(
    """
    SELECT chunks.uid, best.score
    FROM (
        SELECT rowid AS id, -bm25(chunks_fts) AS score
        FROM chunks_fts WHERE chunks_fts MATCH :query
        ORDER BY bm25(chunks_fts), rowid LIMIT :limit
    ) AS best JOIN chunks ON chunks.id = best.id
    ORDER BY round(best.score, 9) DESC, chunks.id
    """
)
"""Ranked before the join: looking up every chunk that holds a common word takes six times as long.

Rounded, as in PostgreSQL: sums in another order differ in the last digit, and ties would change places.
"""

_POSTGRESQL = text(
    """
    WITH corpus AS (SELECT count(*)::float AS n, coalesce(avg(terms), 1)::float AS average FROM chunks),
    weights AS (
        SELECT t AS lexeme,
               greatest(ln((corpus.n - df + 0.5) / (df + 0.5)), 1e-6) AS idf
        FROM corpus, unnest(CAST(:terms AS text[])) AS t,
             LATERAL (
                 SELECT count(*)::float AS df FROM chunks WHERE tsv @@ CAST('''' || t || '''' AS tsquery)
             ) AS c
    ),
    matching AS (SELECT id, uid, tsv, terms FROM chunks WHERE tsv @@ CAST(:query AS tsquery))
    SELECT matching.uid,
           sum(weights.idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * matching.terms / corpus.average))) AS score
    FROM corpus, matching, unnest(matching.tsv) AS term
         JOIN weights ON weights.lexeme = term.lexeme,
         LATERAL (SELECT cardinality(term.positions)::float AS tf) AS f
    GROUP BY matching.id, matching.uid
    ORDER BY round(CAST(sum(
        weights.idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * matching.terms / corpus.average))
    ) AS numeric), 9) DESC, matching.id LIMIT :limit
    """
)


_SQLITE_COUNTS = text("SELECT term, doc FROM chunks_vocab WHERE term IN :terms").bindparams(
    bindparam("terms", expanding=True)
)
_POSTGRESQL_COUNTS = text(
    """
    SELECT t, (SELECT count(*) FROM chunks WHERE tsv @@ CAST('''' || t || '''' AS tsquery))
    FROM unnest(CAST(:terms AS text[])) AS t
    """
)


async def document_frequencies(session: AsyncSession, terms: Sequence[str]) -> dict[str, int]:
    """Return in how many chunks each of `terms` stands; 0 for a term that stands nowhere."""
    safe = list(dict.fromkeys(term for term in terms if _SAFE_TERM.fullmatch(term)))
    if not safe:
        return {}
    sqlite = session.get_bind().dialect.name == "sqlite"
    rows = await session.execute(_SQLITE_COUNTS if sqlite else _POSTGRESQL_COUNTS, {"terms": safe})
    return {**dict.fromkeys(safe, 0), **{term: int(count) for term, count in rows}}


async def search_lexemes(
    session: AsyncSession, terms: Sequence[str], *, limit: int
) -> list[tuple[str, float]]:
    """Return (chunk id, BM25) of the best chunks that hold any of `terms`, best first.

    Args:
        session: a transaction on the database of the chunks.
        terms: lexemes; what is not a plain word of at most 500 characters is ignored.
        limit: at most so many.
    """
    safe = [term for term in dict.fromkeys(terms) if _SAFE_TERM.fullmatch(term)]
    if not safe:
        return []
    if session.get_bind().dialect.name == "sqlite":
        parameters = {"query": " OR ".join(f'"{term}"' for term in safe), "limit": limit}
        rows = await session.execute(_SQLITE, parameters)
    else:
        query = " | ".join(f"'{term}'" for term in safe)
        rows = await session.execute(_POSTGRESQL, {"query": query, "terms": safe, "limit": limit})
    return [(uid, float(score)) for uid, score in rows.all()]
