"""What a cutout is unsure of, and where."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models import base as models

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("cutouts") as table:
        table.add_column(sa.Column("doubts", models.Json, nullable=False, server_default="[]"))


def downgrade() -> None:
    with op.batch_alter_table("cutouts") as table:
        table.drop_column("doubts")
