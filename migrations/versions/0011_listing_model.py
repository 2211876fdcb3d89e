"""How a listing was made at its marketplace, where that decides by which calls it is revised."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("listings") as table:
        table.add_column(sa.Column("model", sa.String(length=32), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("listings") as table:
        table.drop_column("model")
