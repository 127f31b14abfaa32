"""The prefectures' quarterly returns together: consolidated into the region, which are late or missing, and how they stand beside the ledgers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from data.book import Book
from data.files import sha256
from data.prefectures import PREFECTURES
from data.quarterly_form import COLUMNS, QuarterlyForm, check_quarter, findings, to_returns
from data.writing import Source, Written, typed
from models.messages import InputError, Message

REGION = "新疆维吾尔自治区"
KEYS = ["prefecture", "quarter"]
BASES = ("quarter", "year_to_date")


def store(
    book: Book, forms: Mapping[Path, Sequence[QuarterlyForm]], received: pd.Timestamp | None = None, author: str = ""
) -> list[Written]:
    """Write filled forms into the book's table ``returns``, one import a file, all in one transaction; a corrected form supersedes the earlier one.

    A file that is there already adds nothing.

    Raises
    ------
    InputError
        A form has an error (it goes back to its sender), its sender is not a prefecture, or one prefecture's quarter stands in two of the forms.
    """
    frames = {}
    for path, own in forms.items():
        for form in own:
            wrong = [f.message for f in findings(form) if f.severity == "error"]
            if wrong:
                raise InputError("{file}: {problem}", file=form.source or path.name, problem=wrong[0])
        frames[path] = pd.concat([to_returns(form, received) for form in own], ignore_index=True)
    every = pd.concat(frames.values())
    twice = every[every.duplicated(KEYS)]
    if len(twice):
        name, quarter = PREFECTURES[twice["prefecture"].iloc[0]], twice["quarter"].iloc[0]
        raise InputError("{prefecture} stands in more than one form for {quarter}.", prefecture=name, quarter=quarter)
    written, made = [], book.imports()
    there = set(made.loc[(made["target"] == "returns") & made["undone_at"].isna(), "sha256"])
    with book.transaction() as connection:
        for path, rows in frames.items():
            digest = sha256(path)
            if digest not in there:
                numbered = typed(rows.set_axis(range(1, len(rows) + 1)), "returns")
                written.append(book.write("returns", numbered, Source(path.name, digest, author=author), connection))
    return written


def due_date(quarter: str, due_days: int) -> pd.Timestamp:
    """Return the day by which a quarter's return is due."""
    return pd.Period(check_quarter(quarter), freq="Q").end_time.normalize() + pd.Timedelta(days=due_days)


def consolidate(
    returns: pd.DataFrame, quarter: str, due_days: int = 15, region: str = REGION
) -> tuple[QuarterlyForm, tuple[Message, ...]]:
    """Consolidate the prefectures' returns of one quarter into the region's form; a missing or late one is said, not filled in.

    ``returns`` is the book's table ``returns``; ``due_days`` as the parameter ``form.due_days``.
    """
    own = (
        returns[returns["quarter"] == check_quarter(quarter)]
        .drop_duplicates("prefecture", keep="last")
        .set_index("prefecture")
    )
    present = [code for code in PREFECTURES if code in own.index]
    rows = own.loc[present, list(COLUMNS)].astype("float64").fillna(0.0).reset_index(drop=True)
    rows.insert(0, "name", [PREFECTURES[code] for code in present])
    due = due_date(quarter, due_days)
    notes = []
    for code, name in PREFECTURES.items():
        fields = {"prefecture": name, "quarter": quarter}
        if code not in own.index:
            notes.append(Message("The return of {prefecture} for {quarter} is missing.", fields))
        elif (received := pd.Timestamp(own.loc[code, "received_date"])) is not pd.NaT and received > due:
            fields |= {"date": received.date(), "due": due.date()}
            notes.append(
                Message("The return of {prefecture} for {quarter} came on {date:date}, after {due:date}.", fields)
            )
    return QuarterlyForm(region, quarter, rows, rows[list(COLUMNS)].sum().astype("float64")), tuple(notes)


def return_states(returns: pd.DataFrame, quarters: Sequence[str], due_days: int, on: pd.Timestamp) -> pd.DataFrame:
    """Return ``prefecture, quarter, state, received_date, days_late`` for every prefecture and quarter, in the region's order.

    ``state``: ``on_time, late, missing`` or, where the due day lies after ``on``, ``not_due``. A return without a received date counts as on time.
    """
    every = pd.MultiIndex.from_product([PREFECTURES, quarters], names=KEYS).to_frame(index=False)
    known = returns[[*KEYS, "received_date"]].drop_duplicates(KEYS, keep="last").assign(here=True)
    table = every.merge(known, on=KEYS, how="left")
    due = table["quarter"].map({q: due_date(q, due_days) for q in quarters})
    here = table.pop("here").notna()
    late = (table["received_date"] - due).dt.days
    table["state"] = np.select([here & (late > 0), here, due > on], ["late", "on_time", "not_due"], "missing")
    table["days_late"] = late.where(here).clip(lower=0).fillna(0).astype("int64")
    return table[[*KEYS, "state", "received_date", "days_late"]]


def enrolled_projects(projects: pd.DataFrame) -> pd.DataFrame:
    """Return the ledger's projects that count: not cancelled, with ``quarter`` (of enrolment)``, in_progress, premium_yuan, persons``."""
    own = projects[projects["status"].fillna("") != "cancelled"]
    due = own["rate"] * own["multiplier"].fillna(1.0) * own["total_cost_yuan"]
    return own.assign(
        quarter=pd.PeriodIndex(pd.to_datetime(own["enrolment_date"]), freq="Q").astype(str),
        in_progress=own["was_in_progress"].fillna(False).astype(bool),
        due_yuan=due,
        premium_yuan=own["premium_yuan"].fillna(due),
        persons=own[["planned_persons_fixed", "planned_persons_migrant"]].astype("float64").sum(axis=1),
    )


def compare_with_ledgers(
    returns: pd.DataFrame, projects: pd.DataFrame, basis: str = "quarter", tolerance: float = 0.0
) -> pd.DataFrame:
    """Compare returned figures of projects with the project ledger, by prefecture and quarter of enrolment.

    Returns ``prefecture, quarter, what, returned, ledger, difference, agrees``. ``what``: projects and persons, new and in progress (by
    ``was_in_progress``), the amount paid, and ``expected_yuan``: the amount returned against returned projects × mean total cost × rate of the
    ledger's projects of that prefecture and quarter. On the basis ``year_to_date`` the ledger is summed from January. A gap up to ``tolerance`` of
    the larger figure agrees.
    """
    own = enrolled_projects(projects)
    new = ~own["in_progress"]
    parts = {
        "new_projects": new, "inprogress_projects": own["in_progress"],
        "new_project_persons": own["persons"] * new, "inprogress_project_persons": own["persons"] * own["in_progress"],
        "project_paid_yuan": own["premium_yuan"], "expected_yuan": own["due_yuan"],
    }  # fmt: skip
    sums = own[KEYS].assign(**{k: v.astype("float64") for k, v in parts.items()}).groupby(KEYS).sum()
    if basis == "year_to_date":
        spread = sums.unstack("prefecture", fill_value=0.0)
        years = spread.index.str[:4]
        sums = spread.groupby(years).cumsum().stack("prefecture", future_stack=True).swaplevel()
    table = returns[[*KEYS, *list(parts)[:-1]]].astype(dict.fromkeys(list(parts)[:-1], "float64"))
    ledger = sums.reindex(pd.MultiIndex.from_frame(table[KEYS])).fillna(0.0).reset_index(drop=True)
    table = table.reset_index(drop=True).assign(expected_yuan=table["project_paid_yuan"].to_numpy())
    count = ledger["new_projects"] + ledger["inprogress_projects"]
    returned = table["new_projects"] + table["inprogress_projects"]
    ledger["expected_yuan"] = (ledger["expected_yuan"] / count.where(count > 0) * returned).fillna(0.0)
    both = table.melt(KEYS, list(parts), "what", "returned")
    both["ledger"] = ledger[list(parts)].melt()["value"].to_numpy()
    both["difference"] = both["returned"] - both["ledger"]
    largest = both[["returned", "ledger"]].abs().max(axis=1)
    both["agrees"] = both["difference"].abs() <= tolerance * largest + 0.005
    return both.sort_values([*KEYS, "what"], ignore_index=True)


def changes(returns: pd.DataFrame, limit: float) -> pd.DataFrame:
    """Return figures that changed by more than ``limit`` on the quarter before: ``prefecture, quarter, what, before, after, change``."""
    long = returns.melt(KEYS, list(COLUMNS), "what", "after").astype({"after": "float64"})
    period = pd.PeriodIndex(long["quarter"], freq="Q")
    earlier = long.assign(quarter=(period + 1).astype(str)).rename(columns={"after": "before"})
    both = long.merge(earlier, on=[*KEYS, "what"])
    both = both[both["before"] > 0]
    both["change"] = both["after"] / both["before"] - 1.0
    return both.loc[both["change"].abs() > limit, [*KEYS, "what", "before", "after", "change"]].reset_index(drop=True)


def compare_with_employers(
    returns: pd.DataFrame, employers: pd.DataFrame, basis: str = "quarter", tolerance: float = 0.0
) -> pd.DataFrame:
    """Compare returned figures of employers with the payroll ledger, by prefecture and year: ``prefecture, year, what, returned, ledger, difference, agrees``.

    Units and persons as returned for the year's last quarter; payments as the sum of its quarters (on the basis ``year_to_date`` the last).
    """
    what = {
        "employer_units": "last",
        "employer_persons": "last",
        "employer_paid_yuan": "sum" if basis == "quarter" else "last",
    }
    own = returns.sort_values("quarter").assign(year=lambda f: f["quarter"].str[:4])
    returned = own.astype(dict.fromkeys(what, "float64")).groupby(["prefecture", "year"])[list(what)].agg(what)
    booked = employers.assign(year=employers["year"].str[:4], units=1.0).astype({"persons": "float64"})
    sums = (
        booked.groupby(["prefecture", "year"])[["units", "persons", "premium_yuan"]].sum().set_axis(list(what), axis=1)
    )
    keys = ["prefecture", "year"]
    left = returned.reset_index().melt(keys, var_name="what", value_name="returned")
    both = left.merge(
        sums.reset_index().melt(keys, var_name="what", value_name="ledger"), on=[*keys, "what"], how="left"
    )
    both["ledger"] = both["ledger"].fillna(0.0)
    both["difference"] = both["returned"] - both["ledger"]
    largest = both[["returned", "ledger"]].abs().max(axis=1)
    both["agrees"] = both["difference"].abs() <= tolerance * largest + 0.005
    return both.sort_values([*keys, "what"], ignore_index=True)
