"""The book's tables: one fund's accounts, experience and ledgers, as columns with kinds and as SQL.

Every row of data keeps the import and the source row it came from. A newer import of the same key supersedes the older row, which stays;
undoing the newer import brings the older row back. What is current has ``superseded_by IS NULL``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Boolean, Column, Date, Double, ForeignKey, Index, Integer, MetaData, String, Table, Text, text

VERSION = 3
"""Version of the schema; `data.migrations` carries an older book forward."""

MARKS = ("official", "reprint", "derived", "unverified", "assumption", "synthetic", "own")
"""Marks of figures; ``own`` is the fund's own record."""

CARE = ("none", "partial", "major", "full")
OUTCOMES = ("injury", "death")
SEXES = ("male", "female")
STATUSES = ("planned", "in_progress", "completed", "suspended", "cancelled")
PROJECT_TYPES = ("housing", "municipal", "road", "rail", "water", "energy", "fitout", "installation")

FUND_BENEFITS = (
    "medical",
    "rehabilitation",
    "inpatient_food",
    "travel",
    "assistive_device",
    "assessment_fee",
    "disability_lump",
    "disability_allowance",
    "care_allowance",
    "medical_lump",
    "funeral",
    "survivor_pension",
    "death_lump",
    "injured_medical_insurance",
)
"""Benefits that the fund pays (Regulation Art. 30–39; Social Insurance Law Art. 38)."""

ACCOUNT_ITEMS = (
    "revenue",
    "contributions",
    "interest",
    "transfer_in",
    "other_income",
    "expenditure",
    "benefits",
    "prevention",
    "transfer_out",
    "other_outgo",
    "balance",
    "reserve",
    "insured_persons",
    "beneficiaries",
    "exposure",
)
"""Items of `accounts`; money in yuan, ``exposure`` is enrolled total cost in yuan, persons are counts."""


@dataclass(frozen=True)
class Field:
    """A column of the book: its kind decides how a cell is read and how it is stored.

    Kinds: ``text, money`` (yuan)``, number, count`` (whole, ≥ 0)``, share`` (fraction)``, date, month`` (2024-03)``, quarter`` (2024Q1)``, period``
    (2024 or 2024Q1)``, flag, json``.
    """

    name: str
    kind: str = "text"
    required: bool = False
    key: bool = False
    choices: tuple[str, ...] = ()


def _fields(*specs: str | tuple[Any, ...], **choices: tuple[str, ...]) -> tuple[Field, ...]:
    """Read ``"name kind"`` with ``*`` for a key and ``!`` for a required column."""
    found = []
    for spec in specs:
        assert isinstance(spec, str)
        name, _, kind = spec.partition(" ")
        bare = name.rstrip("*!")
        found.append(Field(bare, kind or "text", name != bare, "*" in name, choices.get(bare, ())))
    return tuple(found)


TABLES: dict[str, tuple[Field, ...]] = {
    "accounts": _fields(
        "fund*", "period* period", "item*", "amount! number", "mark", "reference", item=ACCOUNT_ITEMS, mark=MARKS
    ),
    "experience": _fields(
        "unit*",
        "period* period",
        "unit_kind",
        "exposure_yuan! money",
        "premium_yuan! money",
        "base_premium_yuan money",
        "cases count",
        "deaths count",
        "paid_yuan money",
        "incurred_yuan money",
        "credit_grade",
        "total_cost_yuan money",
        "payroll_yuan money",
        "prefecture",
        "project_type",
        "size_band",
        "safety_standard",
        "persons count",
    ),
    "contractors": _fields(
        "contractor_id*", "prefecture", "credit_grade", "safety_standard", "entry_date date", "exit_date date"
    ),
    "projects": _fields(
        "project_id*",
        "contractor_id!",
        "fund",
        "prefecture",
        "project_type",
        "total_cost_yuan! money",
        "final_cost_yuan money",
        "labour_share share",
        "rate share",
        "multiplier number",
        "premium_yuan money",
        "enrolment_date! date",
        "premium_date date",
        "permit_id",
        "permit_date date",
        "start_date date",
        "planned_end date",
        "actual_end date",
        "extended_to date",
        "status",
        "was_in_progress flag",
        "planned_persons_fixed count",
        "planned_persons_migrant count",
        status=STATUSES,
        project_type=PROJECT_TYPES,
    ),
    "cases": _fields(
        "case_id*",
        "project_id",
        "contractor_id",
        "employer_id",
        "injury_date! date",
        "report_date date",
        "recognition_date date",
        "assessment_date date",
        "closed_date date",
        "event_id",
        "outcome",
        "grade count",
        "care",
        "age number",
        "sex",
        "own_wage_yuan money",
        "dependants json",
        "employment_ended flag",
        "cause",
        outcome=OUTCOMES,
        care=CARE,
        sex=SEXES,
    ),
    "payments": _fields(
        "payment_id*", "case_id!", "payment_date! date", "benefit!", "amount_yuan! money", benefit=FUND_BENEFITS
    ),
    "employers": _fields(
        "employer_id*",
        "year* period",
        "industry_class count",
        "payroll_yuan! money",
        "rate share",
        "premium_yuan money",
        "persons count",
        "prefecture",
    ),
    "roster": _fields("project_id*", "month* month", "person_days! number", "persons count"),
    "returns": _fields(
        "prefecture*",
        "quarter* quarter",
        "employer_units count",
        "new_projects count",
        "inprogress_projects count",
        "employer_persons count",
        "new_project_persons count",
        "inprogress_project_persons count",
        "employer_paid_yuan money",
        "project_paid_yuan money",
        "received_date date",
    ),
    "fees": _fields(
        "prefecture*", "period* period", "collected_yuan money", "disbursed_yuan money", "injury_part_yuan money"
    ),
    "permits": _fields(
        "permit_id*", "project_id", "prefecture", "issued_date! date", "total_cost_yuan money", "enrolled flag"
    ),
    "survey": _fields(
        "prefecture*",
        "year* period",
        "firms count",
        "persons_fixed count",
        "persons_migrant count",
        "projects_planned count",
        "projects_in_progress count",
    ),
}
"""Table → its columns, the key columns first."""

LEVELS: dict[int, tuple[str, ...]] = {1: ("accounts",), 2: ("experience",), 3: ("projects", "cases", "payments")}
"""Level of detail → the tables that make it."""

_SQL: dict[str, Any] = {
    "text": Text(),
    "money": Double(),
    "number": Double(),
    "share": Double(),
    "count": Integer(),
    "date": Date(),
    "flag": Boolean(),
    "json": Text(),
}

metadata = MetaData()

imports = Table(
    "imports",
    metadata,
    Column("import_id", Integer, primary_key=True),
    Column("file_name", String(400), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("target", String(40), nullable=False),
    Column("sheet", String(200)),
    Column("imported_at", String(32), nullable=False),
    Column("author", String(100)),
    Column("row_count", Integer, nullable=False),
    Column("mapping", Text),
    Column("undone_at", String(32)),
)
scenarios = Table(
    "scenarios",
    metadata,
    Column("scenario_id", Integer, primary_key=True),
    Column("name", String(200), nullable=False),
    Column("content", Text, nullable=False),
    Column("author", String(100)),
    Column("note", Text),
    Column("saved_at", String(32), nullable=False),
    Column("locked_at", String(32)),
)
audit = Table(
    "audit",
    metadata,
    Column("audit_id", Integer, primary_key=True),
    Column("at", String(32), nullable=False),
    Column("actor", String(100)),
    Column("action", String(40), nullable=False),
    Column("detail", Text),
)
mappings = Table(
    "mappings",
    metadata,
    Column("signature", String(64), primary_key=True),
    Column("target", String(40), nullable=False),
    Column("content", Text, nullable=False),
    Column("author", String(100)),
    Column("saved_at", String(32), nullable=False),
)
own_names = Table(
    "own_names",
    metadata,
    Column("target", String(40), primary_key=True),
    Column("name", String(200), primary_key=True),
    Column("column_name", String(60), nullable=False),
)
meta = Table("meta", metadata, Column("name", String(60), primary_key=True), Column("content", Text, nullable=False))


def _table(name: str, columns: tuple[Field, ...]) -> Table:
    table = Table(
        name,
        metadata,
        Column("import_id", Integer, ForeignKey("imports.import_id"), primary_key=True, autoincrement=False),
        Column("source_row", Integer, primary_key=True, autoincrement=False),
        *(Column(f.name, _SQL.get(f.kind, String(20)), nullable=not f.required) for f in columns),
        Column("superseded_by", Integer),
    )
    keys = [table.c[f.name] for f in columns if f.key]
    current = text("superseded_by IS NULL")
    Index(f"{name}_current", *keys, unique=True, sqlite_where=current, postgresql_where=current)
    return table


SQL_TABLES: dict[str, Table] = {name: _table(name, columns) for name, columns in TABLES.items()}
Index("payments_case", SQL_TABLES["payments"].c.case_id)
Index("cases_project", SQL_TABLES["cases"].c.project_id)


def key_of(table: str) -> list[str]:
    """Return the key columns of a table."""
    return [f.name for f in TABLES[table] if f.key]
