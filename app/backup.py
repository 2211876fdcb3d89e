"""`packshot backup FILE` and `restore FILE`: database and stores in one .tar.gz, consistent while everything runs.

The rows are read in one snapshot first, the stores after: files are only ever added, so every file that a row names is in the archive.
An SQLite database travels as a file, a PostgreSQL one as JSON lines per table. The engine's jobs do not travel: rows are the queue, and
a restored house marks and dispatches what is due. The secret key does not travel either.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from app import migrate
from app.kit import Kit
from app.models import Base, Work
from app.models.base import UTCDateTime
from app.store import Store

FORMAT = 1
MANIFEST = "manifest.json"
SQLITE = "packshot.db"
ROWS = 1000  # inserted at once


class BackupError(Exception):
    """It cannot be backed up or restored; the message names the file and why."""


@dataclass(frozen=True)
class Summary:
    """What was written or brought back."""

    verb: str
    file: Path
    rows: int
    files: int
    bytes: int

    def sentence(self) -> str:
        """For people."""
        return f"{self.verb} {self.file}: {self.rows:,} rows, {self.files:,} stored files, {self.bytes / 1e6:,.1f} MB"


def backup(kit: Kit, file: Path, *, force: bool = False) -> Summary:
    """Write the archive, whole or not at all. Raises BackupError if it exists and `force` is not set, StoreError if a store fails."""
    if file.exists() and not force:
        raise BackupError(f"{file}: exists; name another file or use --force")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    try:
        with tarfile.open(part, "w:gz", compresslevel=1) as archive:
            summary = _write(kit, archive, file)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return summary


def _write(kit: Kit, archive: tarfile.TarFile, file: Path) -> Summary:
    hashes: dict[str, str] = {}

    def add(name: str, part: io.BufferedIOBase) -> None:
        """`part` is read twice, a piece at a time: for its hash, then into the archive."""
        hashes[name] = hashlib.file_digest(part, "sha256").hexdigest()
        info = tarfile.TarInfo(name)
        info.size, info.mtime, info.mode = part.seek(0, io.SEEK_END), int(kit.now().timestamp()), 0o600
        part.seek(0)
        archive.addfile(info, part)

    counts = _database(kit, add)
    for folder, store in _stores(kit):
        for name in sorted(store.names()):
            add(f"{folder}/{name}", io.BytesIO(store.read(name)))
    manifest = {"format": FORMAT, "made_at": kit.now().isoformat(), "migration": migrate.head(), "rows": counts, "files": hashes}
    size = sum(member.size for member in archive.getmembers())
    add(MANIFEST, io.BytesIO(json.dumps(manifest, indent=1).encode()))
    return Summary("kept in", file, sum(counts.values()), sum(1 for name in hashes if "/" in name and not name.startswith("tables/")), size)


def _stores(kit: Kit) -> list[tuple[str, Store]]:
    return [("originals", kit.originals), ("media", kit.media.store)]


# --- the database ------------------------------------------------------------------------------------------------------------


def _database(kit: Kit, add: Callable[[str, io.BufferedIOBase], None]) -> dict[str, int]:
    """Add the database to the archive; returns the rows of each table."""
    if kit.db.is_sqlite:
        with tempfile.TemporaryDirectory(prefix="packshot-") as folder:
            copy = Path(folder) / SQLITE
            with closing(sqlite3.connect(str(make_url(kit.settings.database).database))) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)  # SQLite's own: a snapshot, while others write
                counts = {table.name: int(target.execute(f'SELECT count(*) FROM "{table.name}"').fetchone()[0]) for table in _tables()}  # noqa: S608
            with copy.open("rb") as part:
                add(SQLITE, part)
        return counts
    counts = {}
    with kit.db.engine.connect().execution_options(isolation_level="REPEATABLE READ", yield_per=ROWS) as conn:
        for table in _tables():
            with tempfile.TemporaryFile(prefix="packshot-") as part:
                counts[table.name] = 0
                for row in conn.execute(sa.select(table)).mappings():
                    part.write(json.dumps({key: _out(value) for key, value in row.items()}).encode() + b"\n")
                    counts[table.name] += 1
                part.seek(0)
                add(f"tables/{table.name}.jsonl", part)
    return counts


def _tables() -> list[sa.Table]:
    """Ours, in an order in which rows can be inserted."""
    return list(Base.metadata.sorted_tables)


def _out(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _in(column: sa.Column[Any], value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(column.type, UTCDateTime) and value is not None else value


# --- back again --------------------------------------------------------------------------------------------------------------


def restore(kit: Kit, file: Path, *, force: bool = False) -> Summary:
    """Bring an archive back; either database may take what the other gave. Every part is checked against the manifest before anything changes.

    Raises BackupError: a damaged archive, one of another version, or an installation that is not empty (without `force`).
    """
    with tempfile.TemporaryDirectory(prefix="packshot-") as folder:
        manifest = _unpack(file, Path(folder))
        migrate.migrate(kit.settings.database)
        _refuse_unless_empty(kit, force)
        files = _restore_stores(kit, Path(folder), manifest["files"])
        rows = _restore_rows(kit, Path(folder))
        told = sum(manifest["rows"].values())
        if rows != told:
            raise BackupError(f"{file}: {rows} rows came back where the manifest tells of {told}")
        return Summary("brought back", file, rows, files, sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()))


def _extract(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    """One part, written below the folder; a link, a device or a name that leads elsewhere is refused (Python 3.11.2 has no extraction filter)."""
    target = folder / member.name
    source = archive.extractfile(member) if member.isfile() else None
    if source is None or not target.resolve().is_relative_to(folder.resolve()):
        raise tarfile.TarError(f"{member.name!r} does not belong in a backup")
    target.parent.mkdir(parents=True, exist_ok=True)
    with source, target.open("wb") as out:
        shutil.copyfileobj(source, out)


def _unpack(file: Path, folder: Path) -> dict[str, Any]:
    """The archive's parts in a folder, all as the manifest tells."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            for member in archive:
                _extract(archive, member, folder)
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text())
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise BackupError(f"{file}: not a whole backup: {error}") from None
    if manifest.get("format") != FORMAT:
        raise BackupError(f"{file}: of format {manifest.get('format')}, this version reads {FORMAT}")
    if manifest["migration"] != migrate.head():
        raise BackupError(f"{file}: made at migration {manifest['migration']}, this version is at {migrate.head()}: restore it with the version that made it")
    for name, digest in manifest["files"].items():
        part = folder / name
        if not part.is_file() or _digest(part) != digest:
            raise BackupError(f"{file}: {name} is missing or damaged")
    return manifest


def _digest(path: Path) -> str:
    with path.open("rb") as part:
        return hashlib.file_digest(part, "sha256").hexdigest()


def _refuse_unless_empty(kit: Kit, force: bool) -> None:
    with kit.db.reading() as session:
        full = [table.name for table in _tables() if session.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first()]
    if full and not force:
        raise BackupError(f"this installation is not empty ({', '.join(full[:3])}{' ...' if len(full) > 3 else ''}): use --force to replace what it holds")


def _restore_stores(kit: Kit, folder: Path, names: dict[str, str]) -> int:
    """Files first, rows after: a row never names a file that is not there. What is there under the same name is replaced: it may be damaged."""
    replace, done = {"originals": kit.originals.replace, "media": kit.media.replace}, 0
    for name in names:
        head, _, rest = name.partition("/")
        if head in replace and rest:
            replace[head](rest, (folder / name).read_bytes())
            done += 1
    return done


def _restore_rows(kit: Kit, folder: Path) -> int:
    """Replace the rows of every table, in one transaction. What was in flight is due again."""
    rows = 0
    with kit.db.writing() as session:
        conn = session.connection()
        highest = session.scalar(sa.select(sa.func.max(Work.generation))) or 0  # the engine here has run ids up to this one, and runs none twice
        if kit.db.is_sqlite:
            conn.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        for table in reversed(_tables()):
            conn.execute(sa.delete(table))
        for table in _tables():
            rows += _insert(conn, table, _rows(folder, table))
        _number_on(conn)
        session.execute(sa.update(Work).values(generation=Work.generation + highest))
        session.execute(sa.update(Work).where(Work.leased_until.is_not(None)).values(leased_until=None, due_at=sa.func.coalesce(Work.due_at, kit.now())))
    return rows


def _insert(conn: sa.Connection, table: sa.Table, found: Iterator[dict[str, Any]]) -> int:
    """Insert rows, so many at once; what a row says of another of its own table is said once all are there. Returns how many there were."""
    among = [key.parent for key in table.foreign_keys if key.column.table is table]
    later: list[dict[str, Any]] = []
    done = 0
    while batch := list(islice(found, ROWS)):
        for row in batch:
            if any(row[column.name] is not None for column in among):
                later.append({f"of_{column.name}": row[column.name] for column in (*table.primary_key.columns, *among)})
                row |= {column.name: None for column in among}
        conn.execute(sa.insert(table), batch)
        done += len(batch)
    if later:
        same = [column == sa.bindparam(f"of_{column.name}") for column in table.primary_key.columns]
        conn.execute(sa.update(table).where(*same).values({column.name: sa.bindparam(f"of_{column.name}") for column in among}), later)
    return done


def _rows(folder: Path, table: sa.Table) -> Iterator[dict[str, Any]]:
    """The rows of one table."""
    if (folder / SQLITE).exists():
        engine = sa.create_engine(f"sqlite:///{folder / SQLITE}", poolclass=sa.NullPool)
        with engine.connect() as conn:
            for row in conn.execution_options(yield_per=ROWS).execute(sa.select(table)).mappings():
                yield dict(row)
        engine.dispose()
        return
    with (folder / "tables" / f"{table.name}.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            yield {key: _in(table.columns[key], value) for key, value in json.loads(line).items()}


def _number_on(conn: sa.Connection) -> None:
    """PostgreSQL counts ids in sequences, which inserting given ids does not move."""
    if conn.dialect.name != "postgresql":
        return
    for table in _tables():
        key = list(table.primary_key.columns)
        if len(key) == 1 and isinstance(key[0].type, sa.Integer):
            sequence = conn.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, key[0].name)))
            if sequence:
                highest = conn.scalar(sa.select(sa.func.max(key[0])))
                conn.execute(sa.select(sa.func.setval(sequence, highest or 1, highest is not None)))
