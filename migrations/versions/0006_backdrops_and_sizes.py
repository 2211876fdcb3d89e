"""A batch's common backdrop, and what a photo's pictures are made from beside photo and release. What is here stays as it was asked for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models import base as models

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batch_backdrops",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("cutout_version", sa.Integer(), nullable=False),
        sa.Column("backdrop_id", sa.String(length=64), nullable=True),
        sa.Column("backdrop", models.Json, nullable=False),
        sa.Column("photos", sa.Integer(), nullable=False),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_backdrops_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "model_sha256", "cutout_version", name=op.f("pk_batch_backdrops")),
    )
    with op.batch_alter_table("image_set_items") as table:
        table.add_column(sa.Column("mask_input", sa.String(length=100), nullable=True))
        table.add_column(sa.Column("category", sa.String(length=64), nullable=False, server_default=""))
        table.add_column(sa.Column("size_mm", models.Json, nullable=False, server_default="{}"))
    for column in ("category", "size_mm"):
        op.execute(f"UPDATE image_set_items SET {column} = (SELECT {column} FROM products WHERE products.id = image_set_items.product_id)")  # noqa: S608 our own words
    op.execute("UPDATE image_set_items SET mask_input = 'net'")  # every cutout until now


def downgrade() -> None:
    with op.batch_alter_table("image_set_items") as table:
        table.drop_column("size_mm")
        table.drop_column("category")
        table.drop_column("mask_input")
    op.drop_table("batch_backdrops")
