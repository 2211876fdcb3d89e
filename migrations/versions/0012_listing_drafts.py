"""What new listings would say and what they lack, per account and category."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models import base as models

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "listing_drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("fields", models.Json, nullable=False),
        sa.Column("found", models.Json, nullable=False),
        sa.Column("tries", models.Json, nullable=False),
        sa.Column("asked_at", models.UTCDateTime(), nullable=False),
        sa.Column("answers", models.UTCDateTime(), nullable=True),
        sa.Column("at", models.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_listing_drafts_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_drafts")),
        sa.UniqueConstraint("account_id", "category", name=op.f("uq_listing_drafts_account_id_category")),
    )


def downgrade() -> None:
    op.drop_table("listing_drafts")
