"""What tells a product from its siblings in one listing, and which group of products a listing holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models import base as models

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("products") as table:
        table.add_column(sa.Column("variation", models.Json, nullable=False, server_default="{}"))
    with op.batch_alter_table("products") as table:
        table.alter_column("variation", server_default=None)
    with op.batch_alter_table("listings") as table:
        table.add_column(sa.Column("variation_group", sa.String(length=128), nullable=True))
        table.create_unique_constraint(op.f("uq_listings_account_id_variation_group"), ["account_id", "variation_group"])


def downgrade() -> None:
    with op.batch_alter_table("listings") as table:
        table.drop_constraint(op.f("uq_listings_account_id_variation_group"), type_="unique")
        table.drop_column("variation_group")
    with op.batch_alter_table("products") as table:
        table.drop_column("variation")
