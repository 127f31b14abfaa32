"""The quarterly form 附件2 建筑业参加工伤保险情况 as it comes in: reading a filled form, checking what it says by itself.

Form: annex 2 of the region's 2015 plan (自治区建筑业参加工伤保险专项扩面行动实施方案), section 四(一). Amounts are 万元 on the form and yuan here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from data.cells import ERRORS, UNITS, numbers, plain
from data.files import read_sheets
from data.prefectures import prefecture_code
from models.messages import InputError, Message

TITLE = "建筑业参加工伤保险情况"
COLUMNS: dict[str, int] = {
    "employer_units": 1,
    "new_projects": 2,
    "inprogress_projects": 3,
    "employer_persons": 6,
    "new_project_persons": 7,
    "inprogress_project_persons": 8,
    "employer_paid_yuan": 9,
    "project_paid_yuan": 10,
}
"""Leaf column → the number printed above it (the original jumps from 3 to 6)."""

COUNTS = [name for name in COLUMNS if not name.endswith("_yuan")]
AMOUNTS = [name for name in COLUMNS if name.endswith("_yuan")]
WAN = 10_000.0


@dataclass(frozen=True)
class QuarterlyForm:
    """One filled form.

    Attributes
    ----------
    reporter : name of the reporting unit (填报单位).
    quarter : for example ``2024Q1``.
    rows : one row a stub entry: ``name`` and the eight leaves of `COLUMNS` (amounts in yuan).
    total : the row 总数 as filled in.
    source : file and sheet that it was read from; empty for one made here.
    """

    reporter: str
    quarter: str
    rows: pd.DataFrame
    total: pd.Series
    source: str = ""


def read_forms(path: Path | str, quarter: str | None = None) -> list[QuarterlyForm]:
    """Read every filled form in a workbook (.xlsx, .xls): one a sheet.

    ``quarter`` is needed where neither the sheet nor the file name states it (``2024年第1季度``, ``2024Q1``). Formulas are not run: their stored
    values are read.

    Raises
    ------
    InputError
        The file is not a workbook, holds no form, or a cell is not what the form asks for; the message names the cell.
    """
    path = Path(path)
    if path.suffix.lower() not in (".xlsx", ".xlsm", ".xls", ".xlsb"):
        raise InputError("{file} cannot be read as a spreadsheet; save it as .xlsx or .xls.", file=path.name)
    found = []
    for sheet in read_sheets(path):
        cells = next(sheet.blocks)  # a form is a page: the first block of rows holds it
        if _holds_title(cells):
            found.append(_read_cells(cells, path, sheet.name, quarter))
    if not found:
        raise InputError("{file} is not the form {title}: the title was not found.", file=path.name, title=TITLE)
    return found


def read_form(path: Path | str, quarter: str | None = None) -> QuarterlyForm:
    """Read the first filled form of a workbook; see `read_forms`."""
    return read_forms(path, quarter)[0]


def _holds_title(cells: pd.DataFrame) -> bool:
    return any(TITLE in plain(cell).replace(" ", "") for row in cells.head(12).to_numpy() for cell in row)


def _read_cells(cells: pd.DataFrame, path: Path, sheet: str, quarter: str | None) -> QuarterlyForm:
    where = f"{path.name} [{sheet}]"
    text = cells.map(plain)
    numbered = _number_row(text, where)
    columns = {name: _column_of(text.loc[numbered], printed) for name, printed in COLUMNS.items()}
    above = [cell for row in text.loc[:numbered].to_numpy() for cell in row if cell]
    body = text.loc[numbered:].iloc[1:]
    labels = body.apply(_label, axis=1, first=min(columns.values())) if len(body) else pd.Series(dtype="str")
    ends = labels.index[labels.str.startswith(("总数", "合计", "总计"))]
    if not len(ends):
        raise InputError("{file}: the row 总数 is missing below the table.", file=where)
    figures = cells.loc[body.index, list(columns.values())].set_axis(list(columns), axis=1)
    factor = next(
        (UNITS[u] for u in ("亿元", "万元", "千元", "元") if any(c.endswith(u) and "单位" in c for c in above)), WAN
    )
    inside = body.index[body.index < ends[0]]
    filled = [i for i in inside if labels[i] or figures.loc[i].map(plain).ne("").any()]
    if not filled:
        raise InputError("{file}: the form has no filled row above 总数.", file=where)
    for row in filled:
        if labels[row].lower() in ERRORS:
            raise InputError(
                "{file}, row {row}: {value} stands where a name should stand; a formula failed. Write the name.",
                file=where,
                row=row,
                value=labels[row],
            )
    values = _values(figures.loc[[*filled, ends[0]]], factor, where)
    stated = quarter or next((q for c in [*above, sheet, path.stem] if (q := _quarter_in(c))), None)
    if stated is None:
        raise InputError("{file} does not say which quarter it is for; state it, for example 2024Q1.", file=where)
    rows = values.loc[filled].reset_index(drop=True)
    rows.insert(0, "name", [labels[i] for i in filled])
    return QuarterlyForm(_reporter(text.loc[:numbered]), check_quarter(stated), rows, values.loc[ends[0]], where)


def _label(row: pd.Series, first: int) -> str:
    """Return the stub entry of a row: the first text left of the figures that is neither the placeholder 甲 nor a running number."""
    return next((cell for cell in row.iloc[:first] if cell and cell != "甲" and not _is_number(cell)), "")


def _reporter(above: pd.DataFrame) -> str:
    for row in above.to_numpy():
        cells = [cell for cell in row if cell]
        for at, cell in enumerate(cells):
            if cell.startswith("填报单位"):
                own = re.sub(r"^填报单位[::]?", "", cell).strip(" _")
                own = own or next((c for c in cells[at + 1 :] if not c.startswith("单位")), "")
                return re.split(r"\s|(?:19|20)\d\d", own)[0].strip("_")
    return ""


def check_quarter(quarter: str) -> str:
    """Return the quarter if it is written like 2024Q1; otherwise raise `InputError`."""
    if not re.fullmatch(r"(19|20)\d\dQ[1-4]", quarter):
        raise InputError("{quarter} is not a quarter; write it like 2024Q1.", quarter=quarter)
    return quarter


def _quarter_in(text: str) -> str | None:
    found = re.search(r"((?:19|20)\d\d)\s*[Qq]([1-4])", text)
    if not found:
        found = re.search(r"((?:19|20)\d\d)\s*年?\s*第?\s*([1-4一二三四])\s*季", text)
    return f"{found.group(1)}Q{'一二三四'.find(found.group(2)) + 1 or found.group(2)}" if found else None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.0+)?", text) is not None


def _number_row(text: pd.DataFrame, file: str) -> int:
    for index, row in text.iterrows():
        if [int(float(cell)) for cell in row if _is_number(cell)] == list(COLUMNS.values()):
            return int(str(index))
    raise InputError("{file}: the row of column numbers (序号 1 2 3 6 7 8 9 10) was not found.", file=file)


def _column_of(row: pd.Series, printed: int) -> int:
    return next(i for i, cell in enumerate(row) if _is_number(cell) and int(float(cell)) == printed)


def _values(cells: pd.DataFrame, factor: float, file: str) -> pd.DataFrame:
    """Return the figures of rows (index: row numbers of the sheet): counts, and amounts in yuan to the fen; empty cells are 0."""
    found = {}
    for name in COLUMNS:
        values, bad = numbers(cells[name], factor if name in AMOUNTS else 1.0)
        if bad:
            raise InputError(
                "{file}, row {row}, column {column}: {value} is not a number.",
                file=file, row=bad[0], column=COLUMNS[name], value=plain(cells.loc[bad[0], name])[:20],
            )  # fmt: skip
        found[name] = values.fillna(0.0).round(2)
    return pd.DataFrame(found)


@dataclass(frozen=True)
class Finding:
    """What a check says: an ``error`` (the form goes back to its sender) or a ``question`` (to be confirmed)."""

    severity: str
    message: Message


NEEDED = ((1, 6), (2, 7), (3, 8), (1, 9))
"""Column → the column that must not be empty where it is filled (employers have persons and payments, projects have persons)."""


def findings(form: QuarterlyForm, previous: pd.DataFrame | None = None, limit: float = 0.5) -> tuple[Finding, ...]:
    """Check a form by itself: sums, signs, whole numbers, persons where projects are; nothing is corrected.

    ``previous`` has the columns of ``form.rows`` (matched by ``name``): a change beyond ``limit`` on it is a question, not an error.
    """
    found = []

    def say(severity: str, text: Message) -> None:
        found.append(Finding(severity, text))

    sums = form.rows[list(COLUMNS)].sum()
    for name in COLUMNS:
        if abs(sums[name] - form.total[name]) > 0.005:
            said, stated = figure(name, float(sums[name])), figure(name, float(form.total[name]))
            fields = {"column": COLUMNS[name], "sum": said, "total": stated}
            say("error", Message("Column {column}: the rows sum to {sum} but 总数 says {total}.", fields))
    for number, row in enumerate(form.rows.to_dict("records"), start=1):
        who = str(row["name"]) or str(number)
        for name, column in COLUMNS.items():
            if row[name] < 0:
                negative = {"row": who, "column": column, "value": figure(name, row[name])}
                say("error", Message("{row}, column {column}: {value} is negative.", negative))
            if name in COUNTS and row[name] != int(row[name]):
                fields = {"row": who, "column": column, "value": row[name]}
                say("error", Message("{row}: {value:number} in column {column} is not a whole number.", fields))
        for filled, needed in NEEDED:
            if row[_leaf(filled)] > 0 and row[_leaf(needed)] <= 0:
                fields = {"row": who, "filled": filled, "needed": needed}
                say("error", Message("{row}: column {filled} is filled, but column {needed} is empty.", fields))
        if row["new_projects"] + row["inprogress_projects"] > 0 and row["project_paid_yuan"] <= 0:
            say(
                "question",
                Message("{row}: there are projects but no payment in column 10; please confirm.", {"row": who}),
            )
    if previous is not None:
        both = form.rows.merge(previous.drop_duplicates("name"), on="name", suffixes=("", "_before"))
        for row in both.to_dict("records"):
            for name, column in COLUMNS.items():
                old = float(row[f"{name}_before"])
                if old > 0 and abs(row[name] / old - 1) > limit:
                    text = "{row}, column {column}: changed by {change:percent} on the quarter before; please confirm."
                    say(
                        "question",
                        Message(text, {"row": str(row["name"]), "column": column, "change": row[name] / old - 1}),
                    )
    return tuple(found)


def figure(name: str, value: float) -> Message:
    """Return a figure of a column as it is said: money, or a count."""
    return (
        Message("{value:money}", {"value": value})
        if name.endswith("_yuan")
        else Message("{value:integer}", {"value": value})
    )


def _leaf(printed: int) -> str:
    return next(name for name, number in COLUMNS.items() if number == printed)


def to_returns(form: QuarterlyForm, received_date: pd.Timestamp | None = None) -> pd.DataFrame:
    """Return the form as rows of the book's table ``returns``: one row, the reporting prefecture's total."""
    code = prefecture_code(form.reporter)
    if code is None:
        raise InputError("{reporter} is not one of the fourteen prefectures.", reporter=form.reporter or "填报单位")
    return pd.DataFrame(
        [{"prefecture": code, "quarter": form.quarter, **form.total.to_dict(), "received_date": received_date}]
    )
