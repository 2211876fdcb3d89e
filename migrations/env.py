"""How alembic reaches the database: on the connection it is given (`app.migrate`), or on that of the settings when called by hand."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context

from app import config, migrate
from app.models import Base

# The job engine (DBOS) keeps these beside ours in an SQLite file; on PostgreSQL they live in the schema `dbos`, which alembic does not look into.
# A version with one more fails tests/app/test_migrations.py.
ENGINES_OWN = frozenset(
    {
        "application_versions",
        "dbos_migrations",
        "notifications",
        "operation_outputs",
        "queues",
        "streams",
        "workflow_events",
        "workflow_events_history",
        "workflow_input",
        "workflow_output",
        "workflow_schedules",
        "workflow_status",
    }
)


def is_ours(thing: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    """Whether alembic compares this object."""
    table = name if kind == "table" else getattr(getattr(thing, "table", None), "name", None)
    return table not in ENGINES_OWN


def written(kind: str, thing: Any, _context: Any) -> str | bool:
    """How a new migration writes a column type; False: as alembic would."""
    return "models.Json" if kind == "type" and isinstance(thing, sa.JSON) else False


def run(connection: Any) -> None:
    """Run the migrations in the connection's own transaction, on SQLite too: a failed one leaves nothing behind."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        include_object=is_ours,
        render_item=written,
        transactional_ddl=True,
        user_module_prefix="models.",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with migrate.connection(config.load().database) as own:
        run(own)
