"""A picture that keeps the photo's own background has no cutout."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("renditions") as table:
        table.alter_column("cutout_id", existing_type=sa.String(length=64), nullable=True)
    op.execute("UPDATE renditions SET cutout_id = NULL WHERE cutout_id = ''")  # as a downgrade left it


def downgrade() -> None:
    op.execute("UPDATE renditions SET cutout_id = '' WHERE cutout_id IS NULL")
    with op.batch_alter_table("renditions") as table:
        table.alter_column("cutout_id", existing_type=sa.String(length=64), nullable=False)
