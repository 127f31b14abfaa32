"""The quarterly form 附件2 建筑业参加工伤保险情况: reading, checking, consolidating fourteen prefectures into the region.

Form: annex 2 of the region's 2015 plan (自治区建筑业参加工伤保险专项扩面行动实施方案), section 四(一). Amounts are 万元 on the form and yuan here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

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

PREFECTURES: dict[str, str] = {
    "urumqi": "乌鲁木齐市",
    "karamay": "克拉玛依市",
    "turpan": "吐鲁番市",
    "hami": "哈密市",
    "changji": "昌吉回族自治州",
    "bortala": "博尔塔拉蒙古自治州",
    "bayingolin": "巴音郭楞蒙古自治州",
    "aksu": "阿克苏地区",
    "kizilsu": "克孜勒苏柯尔克孜自治州",
    "kashgar": "喀什地区",
    "hotan": "和田地区",
    "ili": "伊犁哈萨克自治州",
    "tacheng": "塔城地区",
    "altay": "阿勒泰地区",
}
"""Codes and names of the region's fourteen prefectures, in the order of the region's tables."""


@dataclass(frozen=True)
class QuarterlyForm:
    """One filled form.

    Attributes
    ----------
    reporter : name of the reporting unit (填报单位).
    quarter : for example ``2024Q1``.
    rows : one row a stub entry: ``name`` and the eight leaves of `COLUMNS` (amounts in yuan).
    total : the row 总数 as filled in.
    """

    reporter: str
    quarter: str
    rows: pd.DataFrame
    total: pd.Series


def prefecture_code(name: str) -> str | None:
    """Return the code of a prefecture from its code, full name or short name; None where unknown."""
    name = name.strip()
    for code, full in PREFECTURES.items():
        if name == code or (len(name) >= 2 and full.startswith(name[:2])):
            return code
    return None


def read_form(path: Path | str, quarter: str | None = None) -> QuarterlyForm:
    """Read a filled form from .xlsx or .xls.

    ``quarter`` is needed where neither the sheet nor the file name states it (``2024年第1季度``, ``2024Q1``).
    Raises `InputError` naming the cell where the layout or a value is not the form's.
    """
    path = Path(path)
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        cells = [list(row) for row in workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)]
    except (CalamineError, OSError, ValueError) as error:
        raise InputError("{file} cannot be read as a spreadsheet; save it as .xlsx or .xls.", file=path.name) from error
    text = [[str(cell).strip() if cell is not None else "" for cell in row] for row in cells]
    flat = " ".join(cell for row in text for cell in row if cell)
    if TITLE not in flat.replace(" ", ""):
        raise InputError("{file} is not the form {title}: the title was not found.", file=path.name, title=TITLE)
    numbers = _number_row(text, path.name)
    columns = {name: _column_of(text[numbers], printed, path.name) for name, printed in COLUMNS.items()}
    first = min(columns.values())
    rows, total = [], None
    for index in range(numbers + 1, len(text)):
        label = next((cell for cell in text[index][:first] if cell and cell != "甲" and not _is_number(cell)), "")
        if label.startswith(("总数", "合计", "总计")):
            total = _leaves(cells[index], columns, path.name, index)
            break
        if label.startswith("单位责任人"):
            break
        if label or any(text[index][column] for column in columns.values() if column < len(text[index])):
            rows.append({"name": label, **_leaves(cells[index], columns, path.name, index)})
    if total is None:
        raise InputError("{file}: the row 总数 is missing below the table.", file=path.name)
    if not rows:
        raise InputError("{file}: the form has no filled row above 总数.", file=path.name)
    found = quarter or _quarter_in(flat) or _quarter_in(path.stem)
    if found is None:
        raise InputError("{file} does not say which quarter it is for; state it, for example 2024Q1.", file=path.name)
    reporter = re.search(r"填报单位[：:]\s*(\S+)", flat)
    return QuarterlyForm(
        reporter=reporter.group(1).strip("_") if reporter and not reporter.group(1).startswith("单位") else "",
        quarter=check_quarter(found),
        rows=pd.DataFrame(rows),
        total=pd.Series(total, dtype="float64"),
    )


def check_quarter(quarter: str) -> str:
    """Return the quarter if it is written like 2024Q1; otherwise raise `InputError`."""
    if not re.fullmatch(r"(19|20)\d\dQ[1-4]", quarter):
        raise InputError("{quarter} is not a quarter; write it like 2024Q1.", quarter=quarter)
    return quarter


def _quarter_in(text: str) -> str | None:
    found = re.search(r"((?:19|20)\d\d)\s*[Qq]([1-4])", text)
    if not found:
        found = re.search(r"((?:19|20)\d\d)\s*年\s*第?\s*([1-4一二三四])\s*季", text)
    return f"{found.group(1)}Q{'一二三四'.find(found.group(2)) + 1 or found.group(2)}" if found else None


def _is_number(text: str) -> bool:
    return re.fullmatch(r"\d+(\.0+)?", text) is not None


def _number_row(text: Sequence[Sequence[str]], file: str) -> int:
    for index, row in enumerate(text):
        if [int(float(cell)) for cell in row if _is_number(cell)] == list(COLUMNS.values()):
            return index
    raise InputError("{file}: the row of column numbers (序号 1 2 3 6 7 8 9 10) was not found.", file=file)


def _column_of(row: Sequence[str], printed: int, file: str) -> int:
    return next(i for i, cell in enumerate(row) if _is_number(cell) and int(float(cell)) == printed)


def _leaves(row: Sequence[object], columns: dict[str, int], file: str, index: int) -> dict[str, float]:
    values = {}
    for name, column in columns.items():
        cell = row[column] if column < len(row) else ""
        if isinstance(cell, str):
            plain = cell.replace(",", "").replace("，", "").strip()
            if plain in ("", "-", "—", "/"):
                plain = "0"
        else:
            plain = str(0 if cell is None else cell)
        try:
            value = float(plain)
        except ValueError as error:
            raise InputError(
                "{file}, row {row}, column {column}: {value} is not a number.",
                file=file,
                row=index + 1,
                column=COLUMNS[name],
                value=plain[:20],
            ) from error
        values[name] = round(value * WAN, 2) if name in AMOUNTS else value
    return values


def findings(form: QuarterlyForm, previous: pd.DataFrame | None = None, limit: float = 0.5) -> tuple[Message, ...]:
    """Check a form: sums, signs, persons where projects are; a change beyond ``limit`` on the quarter before is a question.

    ``previous`` has the columns of ``form.rows`` (matched by ``name``). Nothing is corrected.
    """
    found = []
    sums = form.rows[list(COLUMNS)].sum()
    for name in COLUMNS:
        if abs(sums[name] - form.total[name]) > 0.005:
            found.append(
                Message(
                    "Column {column}: the rows sum to {sum:number} but 总数 says {total:number}.",
                    {"column": COLUMNS[name], "sum": float(sums[name]), "total": float(form.total[name])},
                )
            )
    for row in form.rows.to_dict("records"):
        who = str(row["name"])
        found += [
            Message(
                "{row}, column {column}: {value:number} is negative.",
                {"row": who, "column": COLUMNS[c], "value": row[c]},
            )
            for c in COLUMNS
            if row[c] < 0
        ]
        found += [
            Message(
                "{row}: there are projects in column {projects} but no persons in column {persons}.",
                {"row": who, "projects": p, "persons": q},
            )
            for p, q in ((2, 7), (3, 8))
            if row[_leaf(p)] > 0 and row[_leaf(q)] <= 0
        ]
        found += [
            Message(
                "{row}: {value:number} in column {column} is not a whole number.",
                {"row": who, "column": COLUMNS[c], "value": row[c]},
            )
            for c in COUNTS
            if row[c] != int(row[c])
        ]
    if previous is not None:
        before = previous.set_index("name")
        for row in form.rows.to_dict("records"):
            if row["name"] not in before.index:
                continue
            for name in COLUMNS:
                old = float(before.loc[row["name"], name])
                if old > 0 and abs(row[name] / old - 1) > limit:
                    found.append(
                        Message(
                            "{row}, column {column}: changed by {change:percent} on the quarter before; please confirm.",
                            {"row": str(row["name"]), "column": COLUMNS[name], "change": row[name] / old - 1},
                        )
                    )
    return tuple(found)


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


def consolidate(
    returns: pd.DataFrame, quarter: str, region: str = "新疆维吾尔自治区"
) -> tuple[QuarterlyForm, tuple[Message, ...]]:
    """Consolidate the prefectures' returns of one quarter into the region's form; a missing or late one is said, not filled in.

    ``returns`` is the book's table ``returns``. A return is late when received after the 15th of the month after the quarter.
    """
    own = (
        returns[returns["quarter"] == check_quarter(quarter)]
        .drop_duplicates("prefecture", keep="last")
        .set_index("prefecture")
    )
    present = [code for code in PREFECTURES if code in own.index]
    rows = own.loc[present, list(COLUMNS)].astype("float64").reset_index(drop=True)
    rows.insert(0, "name", [PREFECTURES[code] for code in present])
    notes = [
        Message("The return of {prefecture} for {quarter} is missing.", {"prefecture": name, "quarter": quarter})
        for code, name in PREFECTURES.items()
        if code not in own.index
    ]
    due = pd.Period(quarter, freq="Q").end_time.normalize() + pd.Timedelta(days=15)
    for code in present:
        received = pd.Timestamp(own.loc[code].get("received_date", pd.NaT))
        if received is not pd.NaT and received > due:
            notes.append(
                Message(
                    "The return of {prefecture} for {quarter} came on {date:date}, after {due:date}.",
                    {"prefecture": PREFECTURES[code], "quarter": quarter, "date": received.date(), "due": due.date()},
                )
            )
    total = rows[list(COLUMNS)].sum() if present else pd.Series(0.0, index=list(COLUMNS))
    return QuarterlyForm(region, quarter, rows, total.astype("float64")), tuple(notes)


def compare_with_ledgers(returns: pd.DataFrame, projects: pd.DataFrame) -> pd.DataFrame:
    """Compare returned figures with the project ledger, by prefecture and quarter of enrolment.

    Returns the columns ``prefecture, quarter, what, returned, ledger, difference`` for new projects, in-progress projects (by
    ``was_in_progress``) and the amount paid by projects (yuan).
    """
    ledger = projects.assign(
        quarter=pd.PeriodIndex(pd.to_datetime(projects["enrolment_date"]), freq="Q").astype(str),
        new=np.where(projects["was_in_progress"].astype(bool), 0, 1),
        old=np.where(projects["was_in_progress"].astype(bool), 1, 0),
    )
    sums = ledger.groupby(["prefecture", "quarter"], as_index=False).agg(
        new_projects=("new", "sum"), inprogress_projects=("old", "sum"), project_paid_yuan=("premium_yuan", "sum")
    )
    what = ["new_projects", "inprogress_projects", "project_paid_yuan"]
    keys = ["prefecture", "quarter"]
    left = returns[[*keys, *what]].melt(keys, var_name="what", value_name="returned")
    right = sums.melt(keys, var_name="what", value_name="ledger")
    both = left.merge(right, on=[*keys, "what"], how="left").fillna({"ledger": 0.0})
    both["difference"] = both["returned"] - both["ledger"]
    return both.sort_values([*keys, "what"], ignore_index=True)
