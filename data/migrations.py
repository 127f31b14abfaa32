"""Carries an older book forward: one step a version, all in one transaction; nothing that was in the book is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, inspect, text

from data import schema


def _to_2(connection: Connection) -> None:
    """Experience learns the columns that plans for graded contractors and injury frequency read."""
    present = {column["name"] for column in inspect(connection).get_columns("experience")}
    for name, kind in (("safety_standard", "TEXT"), ("persons", "INTEGER")):
        if name not in present:  # the last books of version 1 had them already
            connection.execute(text(f"ALTER TABLE experience ADD COLUMN {name} {kind}"))


def _to_3(connection: Connection) -> None:
    """The book keeps what somebody said about headers: mappings by hand, and names of columns of the office's own."""
    schema.metadata.create_all(connection, tables=[schema.mappings, schema.own_names])


STEPS: Mapping[int, Callable[[Connection], None]] = {2: _to_2, 3: _to_3}
"""Version → what brings a book of the version before to it."""


def carry_forward(connection: Connection, version: int) -> None:
    """Bring a book from ``version`` to the schema's version and note it."""
    for step in range(version + 1, schema.VERSION + 1):
        STEPS[step](connection)
    connection.execute(
        schema.meta.update().where(schema.meta.c.name == "schema_version").values(content=str(schema.VERSION))
    )
