"""When a seller must be asked again whether Packshot may act for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models import base as models

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("accounts") as table:
        table.add_column(sa.Column("authorised_until", models.UTCDateTime(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("accounts") as table:
        table.drop_column("authorised_until")
