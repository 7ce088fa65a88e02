"""Journey stages that are suggested for a document, until a person decides."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("documents", sa.Column("suggested", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("documents", "suggested")
