"""What changes in the knowledge, in order, for programs that follow it: a view of the audit trail.

Each action of the trail that is of use outside has a type here, with the details that may leave.
An action without a type stays inside: who signs in, who was given a password.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core import audit
from core.audit import Entry
from core.database import Database


class ChangeType(StrEnum):
    """What happened, to which kind of thing."""

    UPLOAD_RECEIVED = "upload.received"
    UPLOAD_RETRIED = "upload.retried"
    DOCUMENT_PUBLISHED = "document.published"
    """A version of it answers now: a new one, or an earlier one again."""
    DOCUMENT_WITHDRAWN = "document.withdrawn"
    DOCUMENT_DELETED = "document.deleted"
    DOCUMENT_CORRECTED = "document.corrected"
    DOCUMENT_DECIDED = "document.decided"
    """A person decided stages, audience, days or the like."""
    DOCUMENT_SUPERSEDES = "document.supersedes"
    CURATED_WRITTEN = "curated.written"
    CURATED_CHANGED = "curated.changed"
    CURATED_DELETED = "curated.deleted"
    GAP_ANSWERED = "gap.answered"
    GAP_DRAFTED = "gap.drafted"
    GAP_DISMISSED = "gap.dismissed"
    GAP_REOPENED = "gap.reopened"
    FINDING_DISMISSED = "finding.dismissed"
    FINDING_REOPENED = "finding.reopened"
    WEBSITE_ADDED = "website.added"
    WEBSITE_CHANGED = "website.changed"
    WEBSITE_RUN_REQUESTED = "website.run_requested"
    """A person asked for a run; one by schedule is not told before its end."""
    WEBSITE_READ = "website.read"
    """A run ended, whoever asked for it."""
    WEBSITE_STOPPED = "website.stopped"
    WEBSITE_REMOVED = "website.removed"


_ACTIONS = {
    "document_uploaded": ChangeType.UPLOAD_RECEIVED,
    **{str(kind).replace(".", "_"): kind for kind in ChangeType if kind is not ChangeType.UPLOAD_RECEIVED},
}
_TYPES = {kind: action for action, kind in _ACTIONS.items()}
_FACTS = frozenset(
    "source version versions chunks sha256 size fields language stages audience valid_from valid_until "
    "supersedes kind documents url every_hours documents_deleted documents_changed "
    "state taken unchanged gone".split()
)
"""Details that may leave: which thing and what of it, and nobody's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change; `facts` are the details of its audit entry that a receiver needs."""

    id: str
    """From the entry's hash: the same change always has the same one, and another trail has others."""
    sequence: int
    type: ChangeType
    time: datetime
    actor: str
    subject: str
    """A kind, a colon and an id."""
    facts: Mapping[str, Any]


async def changes_after(
    database: Database, after: int, *, limit: int, types: Collection[ChangeType] = ()
) -> tuple[list[Change], int]:
    """Return the changes after a number, oldest first, and the number of the newest audit entry of all.

    Args:
        database: where the audit trail is.
        after: the number of the last change seen; 0 begins at the beginning.
        limit: the most changes returned.
        types: only these; none means all.
    """
    actions = [_TYPES[kind] for kind in types or ChangeType]
    found, newest = await audit.following(database, after=after, limit=limit, actions=actions)
    return [_change(entry) for entry in found], newest


async def change_at(database: Database, sequence: int) -> Change:
    """Return the change with this number, which must be one."""
    found, _ = await audit.following(database, after=sequence - 1, limit=1, actions=list(_ACTIONS))
    return _change(found[0])


def _change(entry: Entry) -> Change:
    facts: dict[str, Any] = {}
    for name, value in entry.details.items():
        if name in _FACTS and audit.is_change(name, value):
            facts[f"previous_{name}"], facts[name] = value
        elif name in _FACTS:
            facts[name] = value
    return Change(
        id=entry.hash[:32],
        sequence=entry.seq,
        type=_ACTIONS[entry.action],
        time=entry.at,
        actor=entry.actor,
        subject=entry.subject,
        facts=facts,
    )
