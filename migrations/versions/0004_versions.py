"""Versions that can answer again, what people decided about documents, uploads, and what was cited."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NO_FIELDS, _NO_ITEMS = sa.text("'{}'"), sa.text("'[]'")


def upgrade() -> None:
    for column in _document_columns():
        op.add_column("documents", column)
    op.execute("UPDATE documents SET latest = version")
    for column in _version_columns():
        op.add_column("document_versions", column)
    op.execute("UPDATE document_versions SET published_at = created_at")
    op.add_column(
        "chunks", sa.Column("encoded_hash", sa.String(length=64), nullable=False, server_default="")
    )
    _create_uploads()
    _create_citations()


def _document_columns() -> list[sa.Column]:
    return [
        sa.Column("latest", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("chosen", sa.JSON(), nullable=False, server_default=_NO_FIELDS),
        sa.Column("responsible", sa.String(length=120), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False, server_default="0"),
    ]


def _version_columns() -> list[sa.Column]:
    return [
        sa.Column("pieces", sa.JSON(), nullable=False, server_default=_NO_ITEMS),
        sa.Column("details", sa.JSON(), nullable=False, server_default=_NO_FIELDS),
        sa.Column("warnings", sa.JSON(), nullable=False, server_default=_NO_ITEMS),
        sa.Column("media_type", sa.String(length=120), nullable=False, server_default=""),
        sa.Column("original", sa.String(length=64), nullable=True),
        sa.Column("origin", sa.String(length=12), nullable=False, server_default="file"),
        sa.Column("by", sa.String(length=60), nullable=False, server_default=""),
        sa.Column("note", sa.Text(), nullable=False, server_default=""),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
    ]


def _create_uploads() -> None:
    op.create_table(
        "uploads",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("given", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=True),
        sa.Column("job", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("files", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
        sa.UniqueConstraint("key", name=op.f("uq_uploads_key")),
    )
    op.create_index("ix_uploads_created_at", "uploads", ["created_at"], unique=False)


def _create_citations() -> None:
    op.create_table(
        "citations",
        sa.Column("message_id", sa.String(length=32), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("document_id", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["messages.id"], name=op.f("fk_citations_message_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("message_id", "number", name=op.f("pk_citations")),
    )
    op.create_index("ix_citations_document_id", "citations", ["document_id"], unique=False)


def downgrade() -> None:
    op.drop_table("citations")
    op.drop_table("uploads")
    op.drop_column("chunks", "encoded_hash")
    for column in _version_columns():
        op.drop_column("document_versions", column.name)
    for column in _document_columns():
        op.drop_column("documents", column.name)
