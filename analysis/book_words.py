"""The book in words: what its tables are called, and messages that name one of them."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.language import Translator
from analysis.tables import head
from analysis.words import word
from data import schema
from data.names import WIDE, example_names, names
from models.messages import InputError, Message

TABLES: Mapping[str, Message] = {
    "contractors": Message("List of contractors"),
    "projects": Message("Ledger of projects"),
    "cases": Message("Ledger of cases"),
    "payments": Message("Ledger of payments"),
    WIDE: Message("Accounts, a column an item"),
}


def table_name(name: str, t: Translator) -> str:
    """Return what a table of the book is called in the reader's language."""
    return t.say(TABLES[name]) if name in TABLES else word(name, t)


def spoken(message: Message | InputError, t: Translator) -> str:
    """Return a message in the reader's language, the table that it names in words."""
    if isinstance(message, InputError):
        message = message.message
    table = message.fields.get("table")
    named = {"table": table_name(str(table), t)} if table is not None else {}
    return t(message.text, **{**message.fields, **named})


def column_name(column: str, t: Translator) -> str:
    """Return what a column of the book is called; in Chinese as fund offices write it, where no table of a review has it."""
    said = head(column, t)
    if t.language == "zh" and said.isascii():
        known = (example_names(names(), table) for table in schema.TABLES)
        said = next((own[column] for own in known if column in own), said)
    return said
