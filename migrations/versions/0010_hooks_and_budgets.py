"""Endpoints that are told what happens, what each is still to be told, and how many new pictures a push holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models import base as models

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("events", models.Json, nullable=False),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failing_since", models.UTCDateTime(), nullable=True),
        sa.Column("retry_at", models.UTCDateTime(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_table(
        "webhook_deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint_id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=100), nullable=True),
        sa.Column("body", models.Json, nullable=False),
        sa.Column("at", models.UTCDateTime(), nullable=False),
        sa.Column("due_at", models.UTCDateTime(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("done_at", models.UTCDateTime(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_deliveries")),
        sa.UniqueConstraint("endpoint_id", "subject", name=op.f("uq_webhook_deliveries_endpoint_id_subject")),
    )
    op.create_index("ix_webhook_deliveries_due", "webhook_deliveries", ["endpoint_id", "done_at", "due_at"])
    with op.batch_alter_table("pushes") as table:
        table.add_column(sa.Column("images", sa.Integer(), nullable=False, server_default="0"))
        table.create_index("ix_pushes_at", ["at"])
        of_open = sa.text("state in ('sending','unknown')")
        table.create_index("ix_pushes_open", ["state"], sqlite_where=of_open, postgresql_where=of_open)
    with op.batch_alter_table("pushes") as table:
        table.alter_column("images", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("pushes") as table:
        table.drop_index("ix_pushes_open")
        table.drop_index("ix_pushes_at")
        table.drop_column("images")
    op.drop_table("webhook_deliveries")
    op.drop_table("webhook_endpoints")
