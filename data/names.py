"""The names that columns and values go by: ``headers.yaml``, an office's own files, and what was added to a book by hand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import yaml

from data import cells, schema
from models.messages import InputError
from models.parameters import quickly

HEADERS = Path(__file__).with_name("headers.yaml")
WIDE = "accounts.items"
"""Accounts with a column an item, as statements are usually written."""

_OF_ACCOUNTS = ("fund", "period", "mark", "reference")

DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "accounts": {"fund": "fund", "mark": "own"},
    "experience": {"unit_kind": "contractor"},
}


@dataclass(frozen=True)
class Names:
    """Header and value names: header key → field by table, word → code by column."""

    headers: Mapping[str, Mapping[str, str]]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@cache
def names(*files: Path, own: tuple[tuple[str, str, str], ...] = ()) -> Names:
    """Return the names in ``headers.yaml`` with an office's own laid over them.

    Parameters
    ----------
    files : files of the same shape as ``headers.yaml``
    own : (table, column, name) as kept in a book
    """
    headers: dict[str, dict[str, str]] = {
        table: {cells.header_key(f.name): f.name for f in fields}
        | {cells.header_key(re.sub("_yuan$", "", f.name)): f.name for f in fields}
        for table, fields in schema.TABLES.items()
    }
    headers[WIDE] = {cells.header_key(i): i for i in schema.ACCOUNT_ITEMS} | {
        k: v for k, v in headers["accounts"].items() if v in _OF_ACCOUNTS
    }
    values: dict[str, dict[str, str]] = {}
    for fields in schema.TABLES.values():
        for f in fields:
            if f.choices:
                values.setdefault(f.name, {}).update({c: c for c in f.choices})
    for file in (HEADERS, *files):
        for table, aliases in _content(file).items():
            if table == "values":
                for column, words in aliases.items():
                    codes = {cells.plain(w).lower(): code for code, ws in words.items() for w in ws}
                    values.setdefault(column, {}).update(codes)
                continue
            for name, words in aliases.items():
                for word in words:
                    _learn(headers, table, name, str(word), file.name)
    for table, name, word in own:
        _learn(headers, table, name, word, "book")
    values["item"].update({words: code for words, code in headers[WIDE].items() if code in schema.ACCOUNT_ITEMS})
    return Names(headers, values)


def _content(file: Path) -> Mapping[str, Mapping[str, list[str]]]:
    try:
        content = quickly(yaml.load, file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError("The file of column names {file} cannot be read as YAML.", file=str(file)) from error
    good = isinstance(content, dict) and all(
        isinstance(columns, dict) and all(isinstance(words, list | dict) for words in columns.values())
        for columns in content.values()
    )
    if not good:
        raise InputError("{file}: write table, column and a list of names: projects: {{…}}.", file=file.name)
    return content  # type: ignore[no-any-return]


def _learn(headers: dict[str, dict[str, str]], table: str, name: str, word: str, file: str) -> None:
    if table not in headers:
        raise InputError("{file}: there is no table {table}.", file=file, table=table)
    if name not in fields_of(table):
        raise InputError("{file}: the table {table} has no column {name}.", file=file, table=table, name=name)
    headers[table][cells.header_key(word)] = name
    if table == "accounts" and name in _OF_ACCOUNTS:
        headers[WIDE][cells.header_key(word)] = name


def fields_of(target: str) -> dict[str, schema.Field]:
    """Return the columns that a table can be read into, by name; those of a wide statement are the items of the accounts."""
    if target != WIDE:
        return {f.name: f for f in schema.TABLES[target]}
    own = {f.name: f for f in schema.TABLES["accounts"] if f.name in _OF_ACCOUNTS}
    for item in schema.ACCOUNT_ITEMS:
        own[item] = schema.Field(item, "number" if item.endswith(("persons", "beneficiaries")) else "money")
    return own


def needed(target: str) -> set[str]:
    """Return the columns without which rows of a table cannot be read."""
    if target == WIDE:
        return {"period"}
    absent_ok = {*DEFAULTS.get(target, {}), "payment_id"}
    return {f.name for f in schema.TABLES[target] if (f.required or f.key) and f.name not in absent_ok}


def example_names(known: Names, target: str) -> dict[str, str]:
    """Return the first Chinese name of every column of a table that has one."""
    return {name: word for word, name in reversed(list(known.headers[target].items())) if not word.isascii()}
