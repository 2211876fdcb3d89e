"""Whether a worker has begun what it was given, and whether a person wants to look at a picture again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("work") as table:
        table.add_column(sa.Column("begun", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("work") as table:
        table.alter_column("begun", server_default=None)
    with op.batch_alter_table("placements") as table:
        table.add_column(sa.Column("asked_again", sa.String(length=64), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("placements") as table:
        table.drop_column("asked_again")
    with op.batch_alter_table("work") as table:
        table.drop_column("begun")
