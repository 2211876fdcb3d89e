"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from app.models import base as models

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("marketplace", sa.String(length=32), nullable=False),
        sa.Column("seller_id", sa.String(length=64), nullable=False),
        sa.Column("credentials", sa.Text(), nullable=False),
        sa.Column("endpoints", models.Json, nullable=False),
        sa.Column("policy", models.Json, nullable=False),
        sa.Column("practice", sa.Boolean(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Text(), nullable=True),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("polled_at", models.UTCDateTime(), nullable=True),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("key", name=op.f("uq_accounts_key")),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("key_sha256", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("key_sha256", name=op.f("uq_api_keys_key_sha256")),
        sa.UniqueConstraint("name", name=op.f("uq_api_keys_name")),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sa.UniqueConstraint("source", "name", name=op.f("uq_batches_source_name")),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("event_id", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("happened_at", models.UTCDateTime(), nullable=False),
        sa.Column("received_at", models.UTCDateTime(), nullable=False),
        sa.Column("effect", sa.String(length=32), nullable=False),
        sa.Column("payload", models.Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("source", "event_id", name=op.f("uq_deliveries_source_event_id")),
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", models.UTCDateTime(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("row", sa.String(length=64), nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=True),
        sa.Column("what", sa.String(length=32), nullable=False),
        sa.Column("was", sa.String(length=32), nullable=True),
        sa.Column("to", sa.String(length=32), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.create_index("ix_events_at", ["at"], unique=False)
        batch_op.create_index("ix_events_kind_row", ["kind", "row"], unique=False)
        batch_op.create_index("ix_events_sku", ["sku"], unique=False)

    op.create_table(
        "file_facts",
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("measure_version", sa.Integer(), nullable=False),
        sa.Column("facts", models.Json, nullable=False),
        sa.Column("regions", models.Json, nullable=False),
        sa.Column("measured_at", models.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("file_sha256", "measure_version", name=op.f("pk_file_facts")),
    )
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("at", models.UTCDateTime(), nullable=False),
        sa.Column("facts", models.Json, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_heartbeats")),
    )
    op.create_table(
        "idempotent_answers",
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", models.Json, nullable=False),
        sa.Column("at", models.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("who", "key", name=op.f("pk_idempotent_answers")),
    )
    op.create_table(
        "lessons",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=160), nullable=False),
        sa.Column("authority", sa.String(length=32), nullable=False),
        sa.Column("proposal", models.Json, nullable=False),
        sa.Column("evidence", models.Json, nullable=False),
        sa.Column("state", sa.Enum("proposed", "accepted", "declined", name="lessonstate", native_enum=False, length=16), nullable=False),
        sa.Column("rule_set_before", sa.String(length=64), nullable=True),
        sa.Column("rule_set_after", sa.String(length=64), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("proposed_at", models.UTCDateTime(), nullable=False),
        sa.Column("decided_at", models.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lessons")),
    )
    with op.batch_alter_table("lessons", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_lessons_subject"), ["subject"], unique=False)

    op.create_table(
        "photos",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bytes", sa.Integer(), nullable=False),
        sa.Column("facts", models.Json, nullable=False),
        sa.Column("regions", models.Json, nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("received_at", models.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_photos")),
    )
    op.create_table(
        "products",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(length=128), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("brand", sa.Text(), nullable=False),
        sa.Column("price_minor", sa.BigInteger(), nullable=True),
        sa.Column("currency", sa.String(length=3), nullable=True),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("condition", sa.String(length=32), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=True),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("size_mm", models.Json, nullable=False),
        sa.Column("attributes", models.Json, nullable=False),
        sa.Column("offered_on", models.Json, nullable=False),
        sa.Column("clocks", models.Json, nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.Column("updated_at", models.UTCDateTime(), nullable=False),
        sa.Column("photos_since", models.UTCDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("sku", name=op.f("uq_products_sku")),
    )
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.create_index("ix_products_created_at", ["created_at"], unique=False)

    op.create_table(
        "releases",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("finish_version", sa.Integer(), nullable=False),
        sa.Column("cutout_version", sa.Integer(), nullable=False),
        sa.Column("recipes", models.Json, nullable=False),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_releases")),
    )
    op.create_table(
        "rule_sets",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("yaml", sa.Text(), nullable=False),
        sa.Column("overlay", models.Json, nullable=False),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_rule_sets")),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", models.Json, nullable=False),
        sa.Column("at", models.UTCDateTime(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "work",
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("row", sa.String(length=64), nullable=False),
        sa.Column("due_at", models.UTCDateTime(), nullable=True),
        sa.Column("rank", sa.Float(precision=53), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("leased_until", models.UTCDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("stage", "row", name=op.f("pk_work")),
    )
    with op.batch_alter_table("work", schema=None) as batch_op:
        batch_op.create_index("ix_work_due", ["stage", "leased_until", "due_at"], unique=False)

    op.create_table(
        "cutouts",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("photo_sha256", sa.String(length=64), nullable=False),
        sa.Column("model_sha256", sa.String(length=64), nullable=False),
        sa.Column("alpha_sha256", sa.String(length=64), nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.Column("notes", models.Json, nullable=False),
        sa.Column("facts", models.Json, nullable=False),
        sa.Column("ms", sa.Double(), nullable=False),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["photo_sha256"], ["photos.sha256"], name=op.f("fk_cutouts_photo_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cutouts")),
    )
    with op.batch_alter_table("cutouts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cutouts_photo_sha256"), ["photo_sha256"], unique=False)

    op.create_table(
        "hosted_pictures",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("image_id", sa.Text(), nullable=True),
        sa.Column("expires_at", models.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_hosted_pictures_account_id")),
        sa.PrimaryKeyConstraint("account_id", "file_sha256", name=op.f("pk_hosted_pictures")),
    )
    op.create_table(
        "image_set_items",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("photo_sha256", sa.String(length=64), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("shot", sa.String(length=32), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("state", sa.Enum("received", "accepted", "flagged", "rejected", name="photostate", native_enum=False, length=16), nullable=False),
        sa.Column("findings", models.Json, nullable=False),
        sa.Column("judged_rules", sa.String(length=64), nullable=True),
        sa.Column("release_id", sa.String(length=64), nullable=True),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_image_set_items_batch_id")),
        sa.ForeignKeyConstraint(["photo_sha256"], ["photos.sha256"], name=op.f("fk_image_set_items_photo_sha256")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_image_set_items_product_id")),
        sa.ForeignKeyConstraint(["release_id"], ["releases.id"], name=op.f("fk_image_set_items_release_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["image_set_items.id"], name=op.f("fk_image_set_items_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_image_set_items")),
        sa.UniqueConstraint("product_id", "photo_sha256", name=op.f("uq_image_set_items_product_id_photo_sha256")),
    )
    with op.batch_alter_table("image_set_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_image_set_items_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_image_set_items_photo_sha256"), ["photo_sha256"], unique=False)
        batch_op.create_index("ix_image_set_items_state", ["state"], unique=False)

    op.create_table(
        "listings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=64), nullable=True),
        sa.Column(
            "state",
            sa.Enum("empty", "to_send", "sent", "live", "unprovable", "drifted", "ended", name="listingstate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("wanted", models.Json, nullable=False),
        sa.Column("wanted_print", sa.String(length=64), nullable=True),
        sa.Column("pushed", models.Json, nullable=False),
        sa.Column("pushed_print", sa.String(length=64), nullable=True),
        sa.Column("confirmed_print", sa.String(length=64), nullable=True),
        sa.Column("seen", models.Json, nullable=False),
        sa.Column("doubts", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("refused_print", sa.String(length=64), nullable=True),
        sa.Column("sent_at", models.UTCDateTime(), nullable=True),
        sa.Column("live_at", models.UTCDateTime(), nullable=True),
        sa.Column("seen_at", models.UTCDateTime(), nullable=True),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_listings_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listings")),
        sa.UniqueConstraint("account_id", "external_id", name=op.f("uq_listings_account_id_external_id")),
    )
    with op.batch_alter_table("listings", schema=None) as batch_op:
        batch_op.create_index("ix_listings_state", ["state"], unique=False)

    op.create_table(
        "renditions",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("photo_sha256", sa.String(length=64), nullable=False),
        sa.Column("cutout_id", sa.String(length=64), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=False),
        sa.Column("request", models.Json, nullable=False),
        sa.Column("state", sa.Enum("queued", "rendered", "failed", name="renditionstate", native_enum=False, length=16), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=True),
        sa.Column("notes", models.Json, nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("ms", models.Json, nullable=False),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.Column("rendered_at", models.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["photo_sha256"], ["photos.sha256"], name=op.f("fk_renditions_photo_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_renditions")),
    )
    with op.batch_alter_table("renditions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_renditions_cutout_id"), ["cutout_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_renditions_file_sha256"), ["file_sha256"], unique=False)
        batch_op.create_index(batch_op.f("ix_renditions_photo_sha256"), ["photo_sha256"], unique=False)
        batch_op.create_index("ix_renditions_state", ["state"], unique=False)

    op.create_table(
        "rule_activations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_set", sa.String(length=64), nullable=False),
        sa.Column("at", models.UTCDateTime(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["rule_set"], ["rule_sets.hash"], name=op.f("fk_rule_activations_rule_set")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_activations")),
    )
    op.create_table(
        "arrivals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=True),
        sa.Column("shot", sa.String(length=32), nullable=False),
        sa.Column("order", sa.Integer(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("state", sa.Enum("waiting", "unmatched", "filed", "refused", "dropped", name="arrivalstate", native_enum=False, length=16), nullable=False),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("created_at", models.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_arrivals_batch_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_arrivals_product_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["image_set_items.id"], name=op.f("fk_arrivals_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_arrivals")),
        sa.UniqueConstraint("source", "key", name=op.f("uq_arrivals_source_key")),
    )
    with op.batch_alter_table("arrivals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_arrivals_batch_id"), ["batch_id"], unique=False)
        batch_op.create_index(
            "ix_arrivals_open",
            ["state"],
            unique=False,
            sqlite_where=sa.text("state in ('unmatched','refused','waiting')"),
            postgresql_where=sa.text("state in ('unmatched','refused','waiting')"),
        )
        batch_op.create_index("ix_arrivals_product_id_state", ["product_id", "state"], unique=False)

    op.create_table(
        "listing_members",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("merchant_sku", sa.String(length=128), nullable=False),
        sa.Column("variation", models.Json, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_listing_members_account_id")),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_listing_members_listing_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_listing_members_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_members")),
        sa.UniqueConstraint("account_id", "merchant_sku", name=op.f("uq_listing_members_account_id_merchant_sku")),
        sa.UniqueConstraint("listing_id", "product_id", name=op.f("uq_listing_members_listing_id_product_id")),
    )
    with op.batch_alter_table("listing_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_listing_members_product_id"), ["product_id"], unique=False)

    op.create_table(
        "notices",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("merchant_sku", sa.String(length=128), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=48), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("positions", models.Json, nullable=False),
        sa.Column("until", models.UTCDateTime(), nullable=True),
        sa.Column("raw", models.Json, nullable=False),
        sa.Column("black_box", models.Json, nullable=False),
        sa.Column("begin", models.UTCDateTime(), nullable=False),
        sa.Column("end", models.UTCDateTime(), nullable=True),
        sa.Column("lesson_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["lesson_id"], ["lessons.id"], name=op.f("fk_notices_lesson_id")),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_notices_listing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("listing_id", "merchant_sku", "code", "begin", name=op.f("uq_notices_listing_id_merchant_sku_code_begin")),
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index("ix_notices_listing_id_end", ["listing_id", "end"], unique=False)

    op.create_table(
        "placements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("product_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.String(length=16), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("rendition_id", sa.String(length=64), nullable=True),
        sa.Column("approved_id", sa.String(length=64), nullable=True),
        sa.Column(
            "state",
            sa.Enum("waiting", "review", "approved", "rejected", "retouch", "vacant", name="placementstate", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("findings", models.Json, nullable=False),
        sa.Column("judged_rules", sa.String(length=64), nullable=True),
        sa.Column("judged_file", sa.String(length=64), nullable=True),
        sa.Column("waived", models.Json, nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("changed_at", models.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_placements_account_id")),
        sa.ForeignKeyConstraint(["approved_id"], ["renditions.id"], name=op.f("fk_placements_approved_id")),
        sa.ForeignKeyConstraint(["item_id"], ["image_set_items.id"], name=op.f("fk_placements_item_id")),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_placements_product_id")),
        sa.ForeignKeyConstraint(["rendition_id"], ["renditions.id"], name=op.f("fk_placements_rendition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placements")),
        sa.UniqueConstraint("product_id", "position", "account_id", name=op.f("uq_placements_product_id_position_account_id")),
    )
    with op.batch_alter_table("placements", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_placements_item_id"), ["item_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_placements_rendition_id"), ["rendition_id"], unique=False)
        batch_op.create_index("ix_placements_state", ["state"], unique=False)

    op.create_table(
        "pushes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("content", models.Json, nullable=False),
        sa.Column("creates", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Enum("sending", "accepted", "refused", "unknown", "moot", name="pushstate", native_enum=False, length=16), nullable=False),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("issues", models.Json, nullable=False),
        sa.Column("at", models.UTCDateTime(), nullable=False),
        sa.Column("settled_at", models.UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["listing_id"], ["listings.id"], name=op.f("fk_pushes_listing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pushes")),
        sa.UniqueConstraint("key", name=op.f("uq_pushes_key")),
        sa.UniqueConstraint("listing_id", "number", name=op.f("uq_pushes_listing_id_number")),
    )
    op.create_table(
        "retouches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("placement_id", sa.Integer(), nullable=True),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("state", sa.Enum("out", "back", "cancelled", name="retouchstate", native_enum=False, length=16), nullable=False),
        sa.Column("sent_at", models.UTCDateTime(), nullable=False),
        sa.Column("due_at", models.UTCDateTime(), nullable=True),
        sa.Column("returned_photo", sa.String(length=64), nullable=True),
        sa.Column("returned_at", models.UTCDateTime(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("invoice", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["item_id"], ["image_set_items.id"], name=op.f("fk_retouches_item_id")),
        sa.ForeignKeyConstraint(["placement_id"], ["placements.id"], name=op.f("fk_retouches_placement_id")),
        sa.ForeignKeyConstraint(["returned_photo"], ["photos.sha256"], name=op.f("fk_retouches_returned_photo")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retouches")),
    )
    with op.batch_alter_table("retouches", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_retouches_item_id"), ["item_id"], unique=False)

    op.create_table(
        "verdicts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("placement_id", sa.Integer(), nullable=False),
        sa.Column("rule_set", sa.String(length=64), nullable=False),
        sa.Column("rendition_id", sa.String(length=64), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("findings", models.Json, nullable=False),
        sa.Column("at", models.UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["placement_id"], ["placements.id"], name=op.f("fk_verdicts_placement_id")),
        sa.ForeignKeyConstraint(["rendition_id"], ["renditions.id"], name=op.f("fk_verdicts_rendition_id")),
        sa.ForeignKeyConstraint(["rule_set"], ["rule_sets.hash"], name=op.f("fk_verdicts_rule_set")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
    )
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.create_index("ix_verdicts_placement_id_at", ["placement_id", "at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("verdicts", schema=None) as batch_op:
        batch_op.drop_index("ix_verdicts_placement_id_at")

    op.drop_table("verdicts")
    with op.batch_alter_table("retouches", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_retouches_item_id"))

    op.drop_table("retouches")
    op.drop_table("pushes")
    with op.batch_alter_table("placements", schema=None) as batch_op:
        batch_op.drop_index("ix_placements_state")
        batch_op.drop_index(batch_op.f("ix_placements_rendition_id"))
        batch_op.drop_index(batch_op.f("ix_placements_item_id"))

    op.drop_table("placements")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index("ix_notices_listing_id_end")

    op.drop_table("notices")
    with op.batch_alter_table("listing_members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_listing_members_product_id"))

    op.drop_table("listing_members")
    with op.batch_alter_table("arrivals", schema=None) as batch_op:
        batch_op.drop_index("ix_arrivals_product_id_state")
        batch_op.drop_index(
            "ix_arrivals_open",
            sqlite_where=sa.text("state in ('unmatched','refused','waiting')"),
            postgresql_where=sa.text("state in ('unmatched','refused','waiting')"),
        )
        batch_op.drop_index(batch_op.f("ix_arrivals_batch_id"))

    op.drop_table("arrivals")
    op.drop_table("rule_activations")
    with op.batch_alter_table("renditions", schema=None) as batch_op:
        batch_op.drop_index("ix_renditions_state")
        batch_op.drop_index(batch_op.f("ix_renditions_photo_sha256"))
        batch_op.drop_index(batch_op.f("ix_renditions_file_sha256"))
        batch_op.drop_index(batch_op.f("ix_renditions_cutout_id"))

    op.drop_table("renditions")
    with op.batch_alter_table("listings", schema=None) as batch_op:
        batch_op.drop_index("ix_listings_state")

    op.drop_table("listings")
    with op.batch_alter_table("image_set_items", schema=None) as batch_op:
        batch_op.drop_index("ix_image_set_items_state")
        batch_op.drop_index(batch_op.f("ix_image_set_items_photo_sha256"))
        batch_op.drop_index(batch_op.f("ix_image_set_items_batch_id"))

    op.drop_table("image_set_items")
    op.drop_table("hosted_pictures")
    with op.batch_alter_table("cutouts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_cutouts_photo_sha256"))

    op.drop_table("cutouts")
    with op.batch_alter_table("work", schema=None) as batch_op:
        batch_op.drop_index("ix_work_due")

    op.drop_table("work")
    op.drop_table("users")
    op.drop_table("settings")
    op.drop_table("rule_sets")
    op.drop_table("releases")
    with op.batch_alter_table("products", schema=None) as batch_op:
        batch_op.drop_index("ix_products_created_at")

    op.drop_table("products")
    op.drop_table("photos")
    with op.batch_alter_table("lessons", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_lessons_subject"))

    op.drop_table("lessons")
    op.drop_table("idempotent_answers")
    op.drop_table("heartbeats")
    op.drop_table("file_facts")
    with op.batch_alter_table("events", schema=None) as batch_op:
        batch_op.drop_index("ix_events_sku")
        batch_op.drop_index("ix_events_kind_row")
        batch_op.drop_index("ix_events_at")

    op.drop_table("events")
    op.drop_table("deliveries")
    op.drop_table("batches")
    op.drop_table("api_keys")
    op.drop_table("accounts")
