"""The book: one fund's data in a relational database, SQLite by default, PostgreSQL by URL.

A book holds one to three levels of detail (`data.schema.LEVELS`). Reading gives pandas frames; writing is by import, one transaction each.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine, create_engine, delete, event, func, insert, inspect, select, update
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from data import reference, schema
from data.migrations import carry_forward
from data.writing import Source, TableWriter, Written, now, typed
from models.messages import InputError

APPLICATION_ID = 0x50494E47
"""SQLite's mark of a Pingheng book ("PING")."""

WAIT_SECONDS = 600
"""How long a writer waits for another one's import to end."""
SPREADSHEETS = (".xlsx", ".xls", ".xlsb", ".csv", ".parquet")


class Book:
    """One fund's data. Make it with `open_book`; close it, or use it as a context manager."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    # reading

    def table(self, name: str, columns: list[str] | None = None, **equal: Any) -> pd.DataFrame:
        """Return the current rows of a table in key order, without the columns of provenance.

        ``equal`` filters by column values. Dates are datetime64; absent values are missing.
        """
        if name not in schema.TABLES:
            raise InputError("There is no table {name}; known are {known}.", name=name, known=", ".join(schema.TABLES))
        table = schema.SQL_TABLES[name]
        fields = [f for f in schema.TABLES[name] if columns is None or f.name in columns]
        query = select(*(table.c[f.name] for f in fields)).where(table.c.superseded_by.is_(None))
        for column, value in equal.items():
            query = query.where(table.c[column] == value)
        query = query.order_by(*(table.c[k] for k in schema.key_of(name)))
        with self.engine.connect() as connection:
            rows = connection.execute(query).fetchall()
        # plain tuples: pandas asks every other row object several times what it is
        return typed(pd.DataFrame.from_records([tuple(row) for row in rows], columns=[f.name for f in fields]), name)

    def experience(self, fund: str | None = None) -> pd.DataFrame:
        """Return level 2: the table as imported, or, where the book has ledgers, derived from those of a fund (None: of all)."""
        if 3 in self.levels():
            from data.derive import (
                experience_from_ledgers,  # derives from a book: the one place where the two know each other
            )

            return experience_from_ledgers(self, fund)
        return self.table("experience")

    def count(self, name: str) -> int:
        """Return the number of current rows of a table."""
        table = schema.SQL_TABLES[name]
        with self.engine.connect() as connection:
            return int(
                connection.execute(
                    select(func.count()).select_from(table).where(table.c.superseded_by.is_(None))
                ).scalar_one()
            )

    def levels(self) -> tuple[int, ...]:
        """Return the levels of detail that the book holds."""
        return tuple(level for level, names in schema.LEVELS.items() if all(self.count(n) for n in names))

    def imports(self) -> pd.DataFrame:
        """Return every import, newest first."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(schema.imports).order_by(schema.imports.c.import_id.desc())).fetchall()
        return pd.DataFrame.from_records(rows, columns=[c.name for c in schema.imports.columns])

    def fingerprint(self, until: int | None = None, version: int = schema.VERSION) -> str:
        """Return the SHA-256 of what the book holds: its imports that stand, in order (each one names its content's hash).

        ``until``: the last import counted, all of them where None; ``version``: of the schema that the fingerprint was taken under.
        """
        kept = schema.imports
        query = (
            select(kept.c.target, kept.c.sha256, kept.c.sheet, kept.c.row_count, kept.c.mapping)
            .where(kept.c.undone_at.is_(None))
            .order_by(kept.c.import_id)
        )
        if until is not None:
            query = query.where(kept.c.import_id <= until)
        with self.engine.connect() as connection:
            rows = [list(row) for row in connection.execute(query)]
        return hashlib.sha256(json.dumps([version, rows]).encode()).hexdigest()

    def facts(self) -> Mapping[str, str]:
        """Return the book's own notes: ``synthetic`` (yes where it is), ``fund``, ``seed`` …"""
        with self.engine.connect() as connection:
            return {row.name: row.content for row in connection.execute(select(schema.meta))}

    @property
    def synthetic(self) -> bool:
        """Whether the data was made by the program."""
        return self.facts().get("synthetic") == "yes"

    # writing

    def note(self, **facts: str) -> None:
        """Keep notes about the book (see `facts`)."""
        with self._writing() as connection:
            for name, content in facts.items():
                connection.execute(delete(schema.meta).where(schema.meta.c.name == name))
                connection.execute(insert(schema.meta).values(name=name, content=content))

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All or nothing: what is written inside stands together or not at all."""
        with self._writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1346981447)")
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that holds SQLite's one write lock from its start: one that began by reading could be refused it later."""
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    def write(
        self, target: str, rows: pd.DataFrame, source: Source | None = None, connection: Connection | None = None
    ) -> Written:
        """Write typed rows as one import (see `data.writing.TableWriter`). A key twice in ``rows`` is refused."""
        if connection is None:
            with self.transaction() as own:
                return self.write(target, rows, source, own)
        writer = TableWriter(connection, target, source or Source(f"({target})", content_hash(rows)))
        writer.add(rows)
        return writer.close()

    def undo(self, import_id: int) -> int:
        """Take an import back; the rows that it superseded are current again. Return the number of rows removed."""
        with self.transaction() as connection:
            row = connection.execute(
                select(schema.imports).where(schema.imports.c.import_id == import_id)
            ).one_or_none()
            if row is None or row.undone_at is not None:
                raise InputError("There is no import {number} to undo.", number=import_id)
            table, keys = schema.SQL_TABLES[row.target], schema.key_of(row.target)
            own = table.alias("own")
            later = (
                select(own.c.superseded_by)
                .where(own.c.import_id == import_id, *(own.c[k] == table.c[k] for k in keys))
                .scalar_subquery()
            )
            connection.execute(update(table).where(table.c.superseded_by == import_id).values(superseded_by=-1))
            connection.execute(
                update(table)
                .where(
                    table.c.superseded_by == -1,
                    select(own.c.import_id)
                    .where(
                        own.c.import_id == import_id,
                        own.c.superseded_by.is_not(None),
                        *(own.c[k] == table.c[k] for k in keys),
                    )
                    .exists(),
                )
                .values(superseded_by=later)
            )
            removed = connection.execute(delete(table).where(table.c.import_id == import_id)).rowcount
            connection.execute(update(table).where(table.c.superseded_by == -1).values(superseded_by=None))
            connection.execute(
                update(schema.imports).where(schema.imports.c.import_id == import_id).values(undone_at=now())
            )
            return int(removed)

    def imported(self, sha256: str, sheet: str, target: str, connection: Connection) -> int | None:
        """Return the import that already brought this content, if it stands."""
        kept = schema.imports
        same = (kept.c.sha256 == sha256, kept.c.sheet == sheet, kept.c.target == target, kept.c.undone_at.is_(None))
        found = connection.execute(select(kept.c.import_id).where(*same)).first()
        return None if found is None else int(found[0])

    def save_scenario(self, name: str, content: str, author: str = "", note: str = "", seen: int | None = None) -> int:
        """Keep a scenario (its YAML) under a name; an earlier one of that name stays, the newest counts. A locked name takes no more.

        ``seen`` is the number of the newest one of that name that the writer knows (0: none): a newer one, which someone else has saved
        meanwhile, is not covered but refused.
        """
        kept = schema.scenarios
        with self.transaction() as connection:
            locked = connection.execute(
                select(kept.c.scenario_id).where(kept.c.name == name, kept.c.locked_at.is_not(None))
            ).first()
            if locked is not None:
                raise InputError(
                    "The scenario {name} is locked and can no longer change. Save under another name.", name=name
                )
            newest = connection.execute(
                select(kept.c.scenario_id, kept.c.author, kept.c.saved_at)
                .where(kept.c.name == name)
                .order_by(kept.c.scenario_id.desc())
            ).first()
            if seen is not None and newest is not None and newest.scenario_id > seen:
                raise InputError(
                    "{author} saved the scenario {name} at {time}, after you looked. It is shown below now: save again to put yours over it, or "
                    "take another name.",
                    author=newest.author or "—", name=name, time=newest.saved_at,
                )  # fmt: skip
            values = {"name": name, "content": content, "author": author, "note": note, "saved_at": now()}
            return int(connection.execute(insert(kept).values(**values)).inserted_primary_key[0])  # type: ignore[index]

    def scenarios(self) -> pd.DataFrame:
        """Return the newest scenario of every name: ``scenario_id, name, content, author, note, saved_at, locked_at``."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(schema.scenarios).order_by(schema.scenarios.c.scenario_id)).fetchall()
        frame = pd.DataFrame.from_records(rows, columns=[c.name for c in schema.scenarios.columns])
        return frame.drop_duplicates("name", keep="last").reset_index(drop=True)

    def lock_scenario(self, name: str) -> None:
        """Lock a scenario: what a report was made from must not change under its name."""
        kept = schema.scenarios
        with self._writing() as connection:
            done = connection.execute(update(kept).where(kept.c.name == name).values(locked_at=now()))
            if not done.rowcount:
                raise InputError("There is no scenario {name}.", name=name)

    def log(self, action: str, detail: str = "", actor: str = "", connection: Connection | None = None) -> None:
        """Add a line to the audit trail."""
        with nullcontext(connection) if connection is not None else self._writing() as own:
            own.execute(insert(schema.audit).values(at=now(), actor=actor, action=action, detail=detail))

    def trail(self) -> pd.DataFrame:
        """Return the audit trail, newest first: ``at, actor, action, detail``."""
        kept = schema.audit.c
        with self.engine.connect() as connection:
            rows = connection.execute(
                select(kept.at, kept.actor, kept.action, kept.detail).order_by(kept.audit_id.desc())
            ).fetchall()
        return pd.DataFrame.from_records(rows, columns=["at", "actor", "action", "detail"])


def content_hash(rows: pd.DataFrame) -> str:
    """Return the SHA-256 of a frame's content."""
    digest = hashlib.sha256(",".join(map(str, rows.columns)).encode())
    digest.update(
        pd.util.hash_pandas_object(rows.astype(object).where(rows.notna(), None).map(str)).to_numpy().tobytes()
    )
    return digest.hexdigest()


def open_book(name: str | Path, create: bool = False) -> Book:
    """Open a book.

    Parameters
    ----------
    name : a file (``fund.sqlite``), a database URL (``postgresql+pg8000://…``), the name of a reference book (``national, xinjiang, xpcc``),
        or a spreadsheet, which is read into a book in memory; ``:memory:`` is an empty one
    create : make a new book where the file is not there

    Raises
    ------
    InputError
        There is no such book, the file is something else, or the database cannot be reached.
    """
    text = str(name)
    if "://" in text:
        return _connected(_engine(text), text.rsplit("@", 1)[-1])
    if text == ":memory:":
        return _in_memory("memory")
    if text in reference.BOOKS:
        book = _in_memory(text)
        rows = reference.accounts(text)
        book.write("accounts", rows, Source(f"{text}.csv", content_hash(rows)))
        return book
    path = Path(text)
    if path.suffix.lower() in SPREADSHEETS:
        from data.importing import import_files  # importing writes books: the one place where the two know each other

        book = _in_memory(path.stem)
        import_files(book, [path]).require()
        return book
    if not path.exists():
        if not create:
            raise InputError(
                "There is no book {path}. Name a book file, a spreadsheet, a database URL or one of {known}.",
                path=text,
                known=", ".join(reference.BOOKS),
            )
        if not path.parent.is_dir():
            raise InputError("The folder {path} does not exist.", path=str(path.parent))
    elif path.is_dir() or (path.stat().st_size and not _is_database(path)):
        raise InputError(
            "{path} is not a book. A book is a file written by this program; spreadsheets are read by `import`.",
            path=text,
        )
    elif path.stat().st_size == 0 and not create:
        raise InputError("{path} is empty (0 bytes).", path=text)
    return _connected(_engine(f"sqlite:///{path}"), path.stem)


def _is_database(path: Path) -> bool:
    """Whether SQLite can read the file; it alone is asked.

    Opening and closing the file in any other way would drop the locks that other connections of this process hold on it (POSIX), and another process
    could then take the write-ahead log away from under them: rows would be lost.
    """
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.OperationalError:  # locked, for example: what follows says so
        return True
    except sqlite3.DatabaseError:
        return False
    return True


def _in_memory(name: str) -> Book:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    return _connected(engine, name)


def _engine(url: str) -> Engine:
    try:
        engine = create_engine(url, connect_args={"timeout": WAIT_SECONDS} if url.startswith("sqlite") else {})
    except (ArgumentError, ImportError, SQLAlchemyError) as error:
        raise InputError(
            "The database URL is not understood. It looks like postgresql+pg8000://user@host/name."
        ) from error
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _prepare(connection: sqlite3.Connection, _: object) -> None:
            connection.isolation_level = None  # SQLAlchemy's BEGIN below decides, not the driver
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            connection.execute(
                "PRAGMA cache_size=-65536"
            )  # 64 MB: the indexes of millions of rows are filled out of order

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            connection.exec_driver_sql(
                "BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN"
            )

    return engine


def _connected(engine: Engine, name: str) -> Book:
    """Check that the database is a book (an empty one becomes a book) and return it."""
    try:
        with engine.begin() as connection:
            names = set(inspect(connection).get_table_names())
            if not names:
                schema.metadata.create_all(connection)
                connection.execute(insert(schema.meta).values(name="schema_version", content=str(schema.VERSION)))
                if engine.dialect.name == "sqlite":
                    connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
            elif not {"meta", "imports", "accounts"} <= names:
                raise InputError("{name} is a database, but not a book of this program.", name=name)
            found = connection.execute(
                select(schema.meta.c.content).where(schema.meta.c.name == "schema_version")
            ).scalar()
            version = int(found or schema.VERSION)
            if version > schema.VERSION:
                raise InputError("The book {name} was written by a newer version of this program.", name=name)
            if version < schema.VERSION:
                carry_forward(connection, version)
    except DBAPIError as error:
        engine.dispose()
        raise InputError(
            "The book {name} cannot be opened: the database does not answer or the file is damaged.", name=name
        ) from error
    except InputError:
        engine.dispose()
        raise
    return Book(engine, name)
