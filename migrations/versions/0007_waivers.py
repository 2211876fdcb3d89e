"""Waivers, baselines with what they knew, and what was made again once because a rule broke."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models import base as models

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "waivers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", models.UTCDateTime(), nullable=False),
        sa.Column("until", models.UTCDateTime(), nullable=False),
        sa.Column("revoked_at", models.UTCDateTime(), nullable=True),
        sa.Column("revoked_by", sa.String(length=128), nullable=True),
        sa.Column("revoked_why", sa.Text(), nullable=True),
        sa.CheckConstraint("product_id IS NOT NULL OR account_id IS NOT NULL", name=op.f("ck_waivers_scoped")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_waivers_account_id_accounts")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_waivers_product_id_products")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waivers")),
    )
    op.create_index("ix_waivers_product_id", "waivers", ["product_id"])
    op.create_index("ix_waivers_account_id", "waivers", ["account_id"])
    op.create_table(
        "baselines",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("rule", sa.String(length=100), nullable=True),
        sa.Column("rule_set", sa.String(length=64), nullable=False),
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", models.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_baselines_account_id_accounts")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_baselines")),
    )
    op.create_table(
        "known_findings",
        sa.Column("placement_id", sa.Integer(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("baseline_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["baseline_id"], ["baselines.id"], name=op.f("fk_known_findings_baseline_id_baselines")),
        sa.ForeignKeyConstraint(["placement_id"], ["placements.id"], name=op.f("fk_known_findings_placement_id_placements")),
        sa.PrimaryKeyConstraint("placement_id", "file_sha256", "rule", name=op.f("pk_known_findings")),
    )
    op.create_index("ix_known_findings_baseline_id", "known_findings", ["baseline_id"])
    op.create_table(
        "remakes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("placement_id", sa.Integer(), nullable=False),
        sa.Column("base_id", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("rendition_id", sa.String(length=64), nullable=False),
        sa.Column("adjustments", models.Json, nullable=False),
        sa.Column("finding", models.Json, nullable=False),
        sa.Column("at", models.UTCDateTime(), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["base_id"], ["renditions.id"], name=op.f("fk_remakes_base_id_renditions")),
        sa.ForeignKeyConstraint(["placement_id"], ["placements.id"], name=op.f("fk_remakes_placement_id_placements")),
        sa.ForeignKeyConstraint(["rendition_id"], ["renditions.id"], name=op.f("fk_remakes_rendition_id_renditions")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remakes")),
        sa.UniqueConstraint("placement_id", "base_id", "rule", name=op.f("uq_remakes_placement_id_base_id_rule")),
    )
    with op.batch_alter_table("placements") as table:
        table.add_column(sa.Column("excused_until", models.UTCDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("placements") as table:
        table.drop_column("excused_until")
    for name in ("remakes", "known_findings", "baselines", "waivers"):
        op.drop_table(name)
