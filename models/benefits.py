"""Every statutory benefit of a case that is a formula, and who pays it.

Source: Regulation on Work Injury Insurance 工伤保险条例 (State Council Order 375, amended by Order 586, in force 2011-01-01), articles as named in
the result; Social Insurance Law Art. 38–43; for project workers 人社部发〔2014〕103号. Medical treatment, rehabilitation, devices, food and travel
are paid at cost and are statistics, not formulas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.annuity import CHILD_UNTIL
from models.messages import InputError, Message
from models.parameters import Parameters

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Codes = NDArray[np.intp]
Dates = NDArray[np.datetime64]

REQUIRED = (
    "case_id",
    "injury_date",
    "grade",
    "outcome",
    "own_wage_yuan",
    "care",
    "age",
    "sex",
    "dependants",
    "employment_ended",
)
COLUMNS = ("case_id", "benefit", "amount", "monthly", "paid_by", "article", "from_month")
OUTCOMES = ("injury", "death")
CARE = ("none", "partial", "major", "full")
SEXES = ("male", "female")
KINDS = ("spouse", "child", "parent")
PAYERS = ("fund", "employer")
GRADES = range(11)

_DATES = ("injury_date", "death_date", "suspension_end", "filing_date")
_NUMBERS = (
    "grade",
    "own_wage_yuan",
    "age",
    "pool_average_wage_yuan",
    "minimum_wage_yuan",
    "basic_pension_yuan",
    "suspension_months",
)
_WORDS = {"outcome": OUTCOMES, "care": CARE, "sex": SEXES}
_FLAGS = {
    "employment_ended": False,
    "suitable_job": False,
    "missing": False,
    "hardship": False,
    "insured": True,
    "project_ended": False,
}


class _Benefit(NamedTuple):
    """One benefit for all cases: its amount where it is due, who pays and from which month."""

    name: str
    amount: Floats
    due: Bools
    monthly: bool
    payer: NDArray[Any]
    article: NDArray[Any]
    first_month: Floats


def fen(amount: Floats) -> Floats:
    """Round yuan to the fen, half up (a half that binary arithmetic made slightly less counts as a half)."""
    return np.asarray(np.floor(np.round(np.asarray(amount, dtype=np.float64) * 100.0, 4) + 0.5) / 100.0)


def statutory_benefits(cases: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Return the benefits that the law gives each case: a row a case, benefit and payer.

    Parameters
    ----------
    cases : one row a case
        ``case_id, injury_date, grade`` (1–10, 0 = not graded)``, outcome`` (``injury``, ``death``)``, own_wage_yuan`` (a month; missing = cannot
        be determined, the pool average is used)``, care`` (``none, partial, major, full``; due once there is a grade)``, age`` (decides on
        retirement)``, sex, dependants`` (list or JSON list of ``{"kind": spouse|child|parent, "age", "lone"}``: those whom the deceased
        supported, ages at the death)``, employment_ended``. Optional columns, each of which may be empty:

        ``pool_average_wage_yuan, minimum_wage_yuan`` (a month; else from the parameters: the average of the injury, of the death for the
        funeral grant) · ``death_date, suspension_end`` (death after the suspension period of grades 1–4: no death lump sum, Art. 39) ·
        ``missing, hardship`` (missing in an accident: pay for three months, then the pension; half of the death lump sum in hardship, Art. 41) ·
        ``basic_pension_yuan`` (retired: the allowance stops, the fund pays the difference, Art. 35) · ``suitable_job`` (grades 5–6: no
        allowance, Art. 36) · ``suspension_months`` (pay by the employer, Art. 33) · ``filing_date`` (filed late: what fell due before is the
        employer's, Art. 17; the pension of the months before stands in a row of its own) · ``insured`` (False: all is the employer's,
        Art. 62) · ``project_ended`` (medical insurance of grades 1–4).
    parameters : dated parameters

    Returns
    -------
    DataFrame with ``case_id, benefit, amount`` (yuan, to the fen, above zero)``, monthly`` (the amount is a month's)``, paid_by`` (``fund``,
    ``employer``)``, article`` (of the Regulation)``, from_month`` (first month of a monthly benefit, 1 = at once), in the order of the cases.

    Raises
    ------
    InputError
        A column is missing, or a case cannot be: named by case and column.
    """
    case = _checked(cases)
    n = len(cases)
    injured: Dates = case["injury_date"]

    def scalar(name: str, on: Dates = injured) -> Floats:
        values, which = parameters.lookup(name, on)
        return np.array(values, dtype=np.float64)[which]

    def by_key(name: str, keys: Sequence[Any], code: Codes) -> Floats:
        """A parameter that is a mapping, read at each case's key; 0 where the key has no value."""
        values, which = parameters.lookup(name, injured)
        table = np.array([[float(value.get(key, 0.0)) for key in keys] for value in values])
        return np.asarray(table[which, code])

    grade: Codes = case["grade"].astype(np.intp)
    care: Codes = case["care"]
    death = case["outcome"] == OUTCOMES.index("death")
    severe, middle = (grade >= 1) & (grade <= 4), (grade == 5) | (grade == 6)
    of_grade = np.where(severe, "35", np.where(middle, "36", "37"))

    pool = _given_or(case["pool_average_wage_yuan"], scalar("pool_average_wage"))
    stated = _given_or(case["own_wage_yuan"], scalar("wage.unknown_project_worker") * pool)
    wage = np.clip(stated, scalar("wage.floor_multiple") * pool, scalar("wage.cap_multiple") * pool)
    minimum = _given_or(case["minimum_wage_yuan"], scalar("minimum_wage"))
    suspension = case["suspension_months"]
    longest = 2 * scalar("benefit.suspension_months")  # Art. 33: once more as long, where the committee confirms it
    limit = float(longest.max(initial=0.0))
    too_long = Message("must not be above {limit:integer} months (Art. 33)", {"limit": limit})
    _refuse(cases, suspension > longest, "suspension_months", too_long)

    # The living: lump sum, allowance until the basic pension takes over, care, and on leaving the two lump sums of the province.
    allowance = np.maximum(fen(by_key("benefit.disability_allowance", GRADES, grade) * wage), minimum)
    # A pension in payment shows that retirement was processed; the age of the injury's year is never above that of later years.
    pension_age = by_key("pension_age", SEXES, case["sex"])
    retired = (case["age"] >= pension_age) & ~np.isnan(case["basic_pension_yuan"])
    allowance_due = np.where(retired, allowance - np.nan_to_num(case["basic_pension_yuan"]), allowance)
    leaving = ~death & (grade >= 5) & case["employment_ended"]
    in_own_wages = _choice(parameters, "lump_5_to_10.base", injured, ("pool_average_wage", "own_wage")) == 1
    base = np.where(in_own_wages, wage, pool)
    fall = scalar("lump_5_to_10.employment_fall_per_year")
    kept = np.where((fall > 0) & (case["age"] >= 0), np.clip(fall * (pension_age - case["age"]), 0.0, 1.0), 1.0)

    # The dead: all three benefits; grades 1–4 after the suspension period funeral grant and pensions only (Art. 39).
    died = np.where(np.isnat(case["death_date"]), injured, case["death_date"])
    missing = case["missing"] & death
    after_suspension = death & (died > case["suspension_end"])
    graded_too_soon = death & (grade > 0) & np.isnat(case["suspension_end"])
    _refuse(cases, graded_too_soon, "grade", Message("must be 0 for a death without death_date and suspension_end"))
    survivors_due = death & (~after_suspension | severe)
    pensions = fen(_survivor_share(cases, survivors_due, parameters, injured) * wage)
    last_pool = _given_or(case["pool_average_wage_yuan"], scalar("pool_average_wage", np.where(death, died, injured)))
    lump = np.zeros(n)
    lump[death] = scalar("death_lump", died[death])
    lump *= np.where(missing, scalar("benefit.missing_person_advance"), 1.0)
    waiting = np.where(missing, scalar("benefit.missing_person_wait_months"), 0.0)

    # Who pays: the fund, but the employer where it did not insure (Art. 62) or for what fell due before a late filing (Art. 17).
    filing: Dates = case["filing_date"]
    late = filing > injured + scalar("benefit.late_filing_days").astype("timedelta64[D]")
    before_filing = late & (died < filing) & case["insured"]
    fund, employer = np.full(n, "fund", dtype=object), np.full(n, "employer", dtype=object)
    at_death = np.where(before_filing, employer, fund)
    owed_months = np.where(before_filing, np.maximum(_whole_months(died, filing) - waiting, 0.0), 0.0)
    insurance_payer = np.array(PAYERS, dtype=object)[
        _choice(parameters, "injured_medical_insurance.paid_by", injured, PAYERS)
    ]

    def article(number: str) -> NDArray[Any]:
        return np.full(n, number, dtype=object)

    on_death = np.where(missing, "41", "39")
    once = np.ones(n)
    benefits = (
        _Benefit("disability_lump", by_key("benefit.disability_lump", GRADES, grade) * wage, ~death | after_suspension, False, fund, of_grade, once),
        _Benefit("disability_allowance", allowance_due, ~death & severe, True, fund, article("35"), once),
        _Benefit("employer_allowance", np.maximum(fen(by_key("benefit.employer_allowance", GRADES, grade) * wage), minimum),
                 ~death & middle & ~leaving & ~case["suitable_job"], True, employer, article("36"), once),
        _Benefit("care_allowance", by_key("benefit.care_allowance", CARE, care) * pool, ~death & (grade >= 1), True, fund, article("34"), once),
        _Benefit("injured_medical_insurance", scalar("injured_medical_insurance.share") * allowance,
                 ~death & severe & ~retired & case["project_ended"], True, insurance_payer, article("35"), once),
        _Benefit("medical_lump", by_key("lump_5_to_10.medical", GRADES, grade) * base, leaving, False, fund, of_grade, once),
        _Benefit("employment_lump", by_key("lump_5_to_10.employment", GRADES, grade) * base * kept, leaving, False, employer, of_grade, once),
        _Benefit("funeral", scalar("benefit.funeral_months") * last_pool, survivors_due & ~missing, False, at_death, on_death, once),
        _Benefit("survivor_pension", pensions * owed_months, survivors_due, False, employer, article("17"), 1 + waiting),
        _Benefit("survivor_pension", pensions, survivors_due, True, fund, on_death, 1 + waiting + owed_months),
        _Benefit("death_lump", lump, death & ~after_suspension & (~missing | case["hardship"]), False, at_death, on_death, once),
        _Benefit("suspension_wage", stated * np.where(missing, waiting, np.nan_to_num(suspension)), np.ones(n, dtype=bool), False, employer,
                 np.where(missing, "41", "33"), once),
    )  # fmt: skip
    return _rows(benefits, cases["case_id"], case["insured"])


def _rows(benefits: Sequence[_Benefit], case_id: pd.Series, insured: Bools) -> pd.DataFrame:
    """Lay the benefits that are due one under another, in the order of the cases."""
    amounts = [fen(b.amount) for b in benefits]
    due = [np.flatnonzero(b.due & (amount > 0)) for b, amount in zip(benefits, amounts, strict=True)]
    counts = [len(at) for at in due]
    position = np.concatenate(due)
    order = np.argsort(position, kind="stable")

    def column(values: Sequence[NDArray[Any]]) -> NDArray[Any]:
        return np.concatenate([v[at] for v, at in zip(values, due, strict=True)])[order]

    payer = column([b.payer for b in benefits])
    position = position[order]
    rows = pd.DataFrame(
        {
            "case_id": case_id.array[position],
            "benefit": np.repeat(np.array([b.name for b in benefits], dtype=object), counts)[order],
            "amount": column(amounts),
            "monthly": np.repeat([b.monthly for b in benefits], counts)[order],
            "paid_by": np.where(insured[position], payer, "employer"),
            "article": column([b.article.astype(object) for b in benefits]),
            "from_month": column([b.first_month for b in benefits]).astype(np.int64),
        },
        columns=list(COLUMNS),
    )
    return rows.astype({"benefit": "str", "paid_by": "str", "article": "str"})  # also where no row is due


def _checked(cases: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """Return the columns as arrays, words as their position, absent ones as not given; refuse what cannot be, by case and column."""
    absent = [column for column in REQUIRED if column not in cases.columns]
    if absent:
        raise InputError(
            "The cases lack the column {column}; needed are {known}.", column=absent[0], known=", ".join(REQUIRED)
        )
    case: dict[str, NDArray[Any]] = {}

    def given(column: str, default: Any) -> pd.Series:
        return cases[column] if column in cases else pd.Series(default, index=cases.index)

    for column in _DATES:
        raw = given(column, pd.NaT)
        dates = pd.to_datetime(raw, errors="coerce")
        _refuse(cases, (dates.isna() & raw.notna()).to_numpy(), column, Message("is not a date"))
        case[column] = dates.to_numpy(dtype="datetime64[D]")
    _refuse(cases, np.isnat(case["injury_date"]), "injury_date", Message("is missing"))
    for column in _DATES[1:]:
        _refuse(cases, case[column] < case["injury_date"], column, Message("must not lie before the injury_date"))

    for column in _NUMBERS:
        raw = given(column, np.nan)
        number = pd.to_numeric(raw, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        _refuse(cases, np.isnan(number) & raw.notna().to_numpy(), column, Message("is not a number"))
        _refuse(cases, (number < 0) | np.isinf(number), column, Message("must not be negative or infinite"))
        case[column] = number
    case["grade"] = np.nan_to_num(case["grade"])
    not_a_grade = (case["grade"] > GRADES[-1]) | (case["grade"] % 1 != 0)
    _refuse(cases, not_a_grade, "grade", Message("must be a whole number from 0 (not graded) to 10"))

    for column, known in _WORDS.items():
        words = cases[column].fillna("none") if column == "care" else cases[column]
        case[column] = pd.Index(known, dtype=object).get_indexer(pd.Index(words, dtype=object))
        _refuse(cases, case[column] < 0, column, Message("must be one of {known}", {"known": ", ".join(known)}))
    alive_with_date = (case["outcome"] == OUTCOMES.index("injury")) & ~np.isnat(case["death_date"])
    _refuse(cases, alive_with_date, "outcome", Message("must be death where there is a death_date"))

    for column, default in _FLAGS.items():
        raw = given(column, default)
        if raw.dtype != np.bool_:
            raw = raw.astype(object).where(raw.notna(), default)
            is_flag = np.array([value in (True, False) for value in raw], dtype=bool)
            _refuse(cases, ~is_flag, column, Message("must be true or false"))
        case[column] = raw.to_numpy(dtype=bool)
    return case


def _refuse(cases: pd.DataFrame, bad: Bools, column: str, why: Message) -> None:
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(
            "Case {case}: {column} is {value}; it {why}. ({count} such cases)",
            case=str(cases["case_id"].iloc[first]),
            column=column,
            value=str(cases[column].iloc[first])[:40],
            why=why,
            count=int(bad.sum()),
        )


def _given_or(own: Floats, default: Floats) -> Floats:
    return np.where(np.isnan(own), default, own)


def _whole_months(start: Dates, end: Dates) -> Floats:
    """Whole calendar months from one date to a later one."""
    first, last = start.astype("datetime64[M]"), end.astype("datetime64[M]")
    short = (end - last) < (start - first)
    return np.asarray((last - first).astype(np.float64) - short, dtype=np.float64)


def _choice(parameters: Parameters, name: str, on: Dates, known: Sequence[str]) -> Codes:
    """A parameter that is one of a few words, as its position among them."""
    values, which = parameters.lookup(name, on)
    for value in values:
        if value not in known:
            raise InputError(
                "The parameter {name} is {value}; it must be one of {known}.",
                name=name,
                value=str(value),
                known=", ".join(known),
            )
    return np.array([known.index(value) for value in values], dtype=np.intp)[which]


def _survivor_share(cases: pd.DataFrame, due: Bools, parameters: Parameters, dates: Dates) -> Floats:
    """Share of the own wage that a death's dependants draw together, capped (Art. 39)."""
    shares, share_at = parameters.lookup("benefit.survivor_pension", dates)
    extras, extra_at = parameters.lookup("benefit.survivor_lone_supplement", dates)
    caps, cap_at = parameters.lookup("benefit.survivor_cap", dates)
    result = np.zeros(len(cases))
    at = np.flatnonzero(due)
    for i, value, case_id in zip(at, cases["dependants"].iloc[at].tolist(), cases["case_id"].iloc[at], strict=True):
        own, extra = shares[share_at[i]], extras[extra_at[i]]
        total = sum(
            own[d["kind"]] + extra * bool(d.get("lone"))
            for d in read_dependants(value, case_id)
            if d["kind"] != "child" or float(d.get("age", 0)) < CHILD_UNTIL
        )
        result[i] = min(total, caps[cap_at[i]])
    return result


def read_dependants(value: Any, case_id: Any = "") -> list[Mapping[str, Any]]:
    """Return a case's dependants from a list or its JSON; `InputError` names the case where it is neither."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)) or str(value) == "":
        return []
    try:
        found = json.loads(value) if isinstance(value, str) else list(value)
        if all(
            isinstance(d, Mapping)
            and d["kind"] in KINDS
            and float(d.get("age", 0)) >= 0
            and d.get("lone") in (True, False, None)
            for d in found
        ):
            return found
    except (ValueError, TypeError, KeyError):
        pass
    raise InputError(
        "Case {case}: dependants is {value}; it must be a list of kind ({kinds}), age and lone.",
        case=str(case_id),
        value=str(value)[:40],
        kinds=", ".join(KINDS),
    )
