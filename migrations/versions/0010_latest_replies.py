"""The latest replies are found by an index: what they left unanswered is asked for again and again."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_replies_created_at", "replies", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_replies_created_at", table_name="replies")
