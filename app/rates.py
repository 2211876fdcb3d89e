"""Where the buckets of how fast each account may call are kept: one row each, so that all processes share them."""

from __future__ import annotations

from collections.abc import Callable

from app.db import Database, insert_new
from app.models import RateBucket
from integrations import Bucket


class RowBuckets:
    """Buckets as rows; each change is a transaction of its own."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def update(self, key: str, change: Callable[[Bucket | None], Bucket]) -> Bucket:
        """Replace the bucket by what `change` makes of it, nobody else doing so meanwhile; the new one."""
        with self._db.writing() as session:
            insert_new(session, RateBucket, ["key"], key=key, state={})
            row = session.get_one(RateBucket, key, with_for_update=True, populate_existing=True)
            made = change(Bucket.from_dict(row.state) if row.state else None)
            row.state = made.to_dict()
            return made
