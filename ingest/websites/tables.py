"""Websites that knowledge comes from, and what is known of their pages."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.database import Base, UtcDateTime
from core.types import Audience
from ingest.websites.types import RunState


class WebsiteRow(Base):
    """A website, when it is read, and how that went last."""

    __tablename__ = "websites"
    __table_args__ = (UniqueConstraint("url", "kind"), Index("ix_websites_due", "next_run_at"))

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    url: Mapped[str] = mapped_column(String(500))
    kind: Mapped[str] = mapped_column(String(10))
    include: Mapped[list[str]] = mapped_column(JSON)
    exclude: Mapped[list[str]] = mapped_column(JSON)
    documents: Mapped[bool]
    audience: Mapped[str] = mapped_column(String(10), default=Audience.PUBLIC)
    stages: Mapped[list[str]] = mapped_column(JSON)
    every_hours: Mapped[int] = mapped_column(default=0)
    """How often it is read again; 0: only by hand."""
    job_id: Mapped[str | None] = mapped_column(String(32))
    """The job of the newest run."""
    stop: Mapped[bool] = mapped_column(default=False)
    """Somebody wants the run to end."""
    last_state: Mapped[str] = mapped_column(String(10), default=RunState.NEVER)
    last_detail: Mapped[str] = mapped_column(Text, default="")
    last_counts: Mapped[dict[str, int]] = mapped_column(JSON)
    last_run_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_run_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WebsitePageRow(Base):
    """One page as the newest run saw it."""

    __tablename__ = "website_pages"
    __table_args__ = (UniqueConstraint("website_id", "url"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    website_id: Mapped[str] = mapped_column(ForeignKey("websites.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(String(500))
    title: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(14))
    detail: Mapped[str] = mapped_column(Text, default="")
    """Why, in words, after the name of the reason where it has one; empty when the page was simply taken."""
    source: Mapped[str | None] = mapped_column(String(500))
    """The document made from it; none when it is not among the knowledge."""
    depth: Mapped[int] = mapped_column(default=0)
    missed: Mapped[int] = mapped_column(default=0)
    """In how many runs in a row it could not be found where it should be."""
    etag: Mapped[str | None] = mapped_column(Text)
    last_modified: Mapped[str | None] = mapped_column(Text)
    content_hash: Mapped[str | None] = mapped_column(String(64))
    recipe: Mapped[str | None] = mapped_column(String(80))
    blocks: Mapped[list[str]] = mapped_column(JSON)
    """Fingerprints of its pieces of text (`pages.py`)."""
    links: Mapped[list[str]] = mapped_column(JSON)
    """Where it leads within the website."""
    run: Mapped[str] = mapped_column(String(32))
    """The run that saw it last."""
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
