"""What listings really showed, what a lesson's populations say, and that a notice's reason was only guessed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models import base as models

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "showings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("merchant_sku", sa.String(length=128), nullable=False),
        sa.Column("position", sa.String(length=16), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("begin", models.UTCDateTime(), nullable=False),
        sa.Column("end", models.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_showings_listing_id_listings")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_showings")),
    )
    with op.batch_alter_table("showings") as table:
        table.create_index("ix_showings_listing_id_end", ["listing_id", "end"])
        table.create_index("ix_showings_begin", ["begin"])
    with op.batch_alter_table("lessons") as table:
        table.add_column(sa.Column("weighed", models.Json, nullable=False, server_default="{}"))
    with op.batch_alter_table("notices") as table:
        table.add_column(sa.Column("guessed", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("lessons") as table:
        table.alter_column("weighed", server_default=None)
    with op.batch_alter_table("notices") as table:
        table.alter_column("guessed", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("notices") as table:
        table.drop_column("guessed")
    with op.batch_alter_table("lessons") as table:
        table.drop_column("weighed")
    op.drop_table("showings")
