"""Vectors of the next embedding model, made aside; versions no longer depend on the encoder."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chunk_vectors_next",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("uid", sa.String(length=32), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("vector", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["uid"], ["chunks.uid"], name=op.f("fk_chunk_vectors_next_uid"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chunk_vectors_next")),
        sa.UniqueConstraint("uid", name=op.f("uq_chunk_vectors_next_uid")),
    )
    op.create_index("ix_chunk_vectors_next_model", "chunk_vectors_next", ["model"], unique=False)
    op.create_index("ix_chunks_language", "chunks", ["language"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_chunks_language", table_name="chunks")
    op.drop_table("chunk_vectors_next")
