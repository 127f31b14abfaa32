"""Carries an older book forward: one step a version, all in one transaction; nothing that was in the book is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, text

from data import schema


def _to_2(connection: Connection) -> None:
    """Experience learns the columns that plans for graded contractors and injury frequency read."""
    connection.execute(text("ALTER TABLE experience ADD COLUMN safety_standard TEXT"))
    connection.execute(text("ALTER TABLE experience ADD COLUMN persons INTEGER"))


STEPS: Mapping[int, Callable[[Connection], None]] = {2: _to_2}
"""Version → what brings a book of the version before to it."""


def carry_forward(connection: Connection, version: int) -> None:
    """Bring a book from ``version`` to the schema's version and note it."""
    for step in range(version + 1, schema.VERSION + 1):
        STEPS[step](connection)
    connection.execute(
        schema.meta.update().where(schema.meta.c.name == "schema_version").values(content=str(schema.VERSION))
    )
