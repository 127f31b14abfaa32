"""Every statutory benefit of a case that is a formula, and who pays it.

Source: Regulation on Work Injury Insurance 工伤保险条例 (State Council Order 375, amended by Order 586, in force 2011-01-01), articles as named in
the result; Social Insurance Law Art. 38–43; for project workers 人社部发〔2014〕103号. Medical treatment, rehabilitation, devices, food and travel
are paid at cost and are statistics, not formulas.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.annuity import CHILD_UNTIL
from models.messages import InputError
from models.parameters import Parameters

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

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
CARE = ("none", "partial", "major", "full")
KINDS = ("spouse", "child", "parent")


def fen(amount: Floats) -> Floats:
    """Round yuan to the fen, half up (a half that binary arithmetic made slightly less counts as a half)."""
    return np.asarray(np.floor(np.round(np.asarray(amount, dtype=np.float64) * 100.0, 4) + 0.5) / 100.0)


def statutory_benefits(cases: pd.DataFrame, parameters: Parameters) -> pd.DataFrame:
    """Return the benefits that the law gives each case: a row a case and benefit.

    Parameters
    ----------
    cases : one row a case
        ``case_id, injury_date, grade`` (1–10, 0 = none)``, outcome`` (``injury``, ``death``)``, own_wage_yuan`` (a month; missing = cannot be
        determined, the pool average is used)``, care`` (``none, partial, major, full``)``, age, sex, dependants`` (list or JSON list of
        ``{"kind": spouse|child|parent, "age", "lone"}``)``, employment_ended``. Optional columns:

        ``pool_average_wage_yuan, minimum_wage_yuan`` (a month; else from the parameters on the injury date) · ``death_date, suspension_end``
        (death after the suspension period of grades 1–4: no death lump sum, Art. 39) · ``missing, hardship`` (missing in an accident, Art. 41) ·
        ``basic_pension_yuan`` (retired: the allowance stops, the fund pays the difference, Art. 35) · ``suitable_job`` (grades 5–6: no
        allowance) · ``suspension_months`` (pay by the employer, Art. 33) · ``filing_date`` (filed late: what fell due before is the
        employer's, Art. 17) · ``insured`` (False: all is the employer's, Art. 62) · ``project_ended`` (medical insurance of grades 1–4).
    parameters : dated parameters

    Returns
    -------
    DataFrame with ``case_id, benefit, amount`` (yuan, to the fen)``, monthly`` (the amount is a month's)``, paid_by`` (``fund``, ``employer``)``,
    article, from_month`` (first month of a monthly benefit, 1 = at once), in the order of the cases.

    Raises
    ------
    InputError
        A column is missing, or a case cannot be: named by case and column.
    """
    case = _checked(cases)
    n = len(case)
    dates = case["injury_date"].to_numpy(dtype="datetime64[D]")

    def scalar(name: str, on: NDArray[np.datetime64] = dates) -> Floats:
        values, which = parameters.lookup(name, on)
        return np.array(values, dtype=np.float64)[which]

    def by_key(name: str, keys: Sequence[Any], code: NDArray[np.intp]) -> Floats:
        """A parameter that is a mapping, read at each case's key; 0 where the key has no value."""
        values, which = parameters.lookup(name, dates)
        table = np.array([[float(value.get(key, 0.0)) for key in keys] for value in values])
        return np.asarray(table[which, code])

    grade = case["grade"].to_numpy(dtype=np.intp)
    grades = list(range(11))
    death = (case["outcome"] == "death").to_numpy()
    pool = _or_parameter(case, "pool_average_wage_yuan", scalar("pool_average_wage"))
    own = case["own_wage_yuan"].to_numpy(dtype=np.float64)
    stated = np.where(
        np.isnan(own), scalar("wage.unknown_project_worker", np.maximum(dates, np.datetime64("2014-12-29"))) * pool, own
    )
    wage = np.clip(stated, scalar("wage.floor_multiple") * pool, scalar("wage.cap_multiple") * pool)

    insured = _flag(case, "insured", True)
    missing = _flag(case, "missing", False) & death
    died = (
        case["death_date"].to_numpy(dtype="datetime64[D]")
        if "death_date" in case
        else np.full(n, np.datetime64("NaT", "D"))
    )
    died = np.where(np.isnat(died), dates, died)
    ended = (
        case["suspension_end"].to_numpy(dtype="datetime64[D]")
        if "suspension_end" in case
        else np.full(n, np.datetime64("NaT", "D"))
    )
    after_suspension = death & ~np.isnat(ended) & (died > ended)
    graded_death_ok = ~death | (grade == 0) | after_suspension | ~np.isnat(ended)
    _refuse(case, ~graded_death_ok, "grade", "a death has no grade unless death_date and suspension_end are given")
    in_service = death & ~after_suspension
    survivors_due = in_service | (after_suspension & (grade >= 1) & (grade <= 4))
    filing = (
        case["filing_date"].to_numpy(dtype="datetime64[D]")
        if "filing_date" in case
        else np.full(n, np.datetime64("NaT", "D"))
    )
    late = ~np.isnat(filing) & ((filing - dates).astype("int64") > scalar("benefit.late_filing_days"))

    alive = ~death
    severe = (grade >= 1) & (grade <= 4)
    middle = (grade == 5) | (grade == 6)
    minimum = _or_parameter(case, "minimum_wage_yuan", scalar("minimum_wage"))
    allowance = np.maximum(fen(by_key("benefit.disability_allowance", grades, grade) * wage), minimum)
    pension = (
        case["basic_pension_yuan"].to_numpy(dtype=np.float64) if "basic_pension_yuan" in case else np.full(n, np.nan)
    )
    sexes = ["male", "female"]
    sex = (case["sex"] == "female").to_numpy().astype(np.intp)
    retired = (case["age"].to_numpy(dtype=np.float64) >= by_key("pension_age", sexes, sex)) & ~np.isnan(pension)
    allowance_due = np.where(retired, np.maximum(allowance - np.nan_to_num(pension), 0.0), allowance)
    base = np.where(_text(parameters, "lump_5_to_10.base", dates) == "own_wage", wage, pool)
    leaving = alive & (grade >= 5) & case["employment_ended"].to_numpy(dtype=bool)
    care: NDArray[np.intp] = np.asarray(case["care"].map({name: i for i, name in enumerate(CARE)}), dtype=np.intp)
    pensions = _survivor_share(case, survivors_due, parameters, dates) * wage
    lump = scalar("death_lump", np.where(death, died, np.datetime64("2024-01-01"))) * np.where(
        missing, scalar("benefit.missing_person_advance"), 1.0
    )
    lump_due = in_service & (~missing | _flag(case, "hardship", False))
    insurance_payer = _text(
        parameters, "injured_medical_insurance.paid_by", np.maximum(dates, np.datetime64("2015-01-01"))
    )
    insurance = scalar("injured_medical_insurance.share", np.maximum(dates, np.datetime64("2015-01-01"))) * allowance
    waiting = np.where(missing, scalar("benefit.missing_person_wait_months") + 1, 1.0)
    suspension = case["suspension_months"].to_numpy(dtype=np.float64) if "suspension_months" in case else np.zeros(n)

    fund = np.full(n, "fund")
    employer = np.full(n, "employer")
    late_payer = np.where(late & (died < filing), employer, fund)
    first = np.ones(n)
    months = by_key
    rows: list[tuple[str, Any, Bools, bool, Any, Any, Floats]] = [
        ("disability_lump", months("benefit.disability_lump", grades, grade) * wage, (alive | after_suspension) & (grade >= 1), False, fund, "35-37", first),
        ("disability_allowance", allowance_due, alive & severe & (allowance_due > 0), True, fund, "35", first),
        ("employer_allowance", np.maximum(fen(by_key("benefit.employer_allowance", grades, grade) * wage), minimum),
         alive & middle & ~leaving & ~_flag(case, "suitable_job", False), True, employer, "36", first),
        ("care_allowance", by_key("benefit.care_allowance", CARE, care) * pool, alive & (care > 0), True, fund, "34", first),
        ("injured_medical_insurance", insurance, alive & severe & ~retired & _flag(case, "project_ended", False), True, insurance_payer, "35", first),
        ("medical_lump", months("lump_5_to_10.medical", grades, grade) * base, leaving, False, fund, "36-37", first),
        ("employment_lump", months("lump_5_to_10.employment", grades, grade) * base, leaving, False, employer, "36-37", first),
        ("funeral", scalar("benefit.funeral_months") * pool, survivors_due & ~missing, False, late_payer, "39", first),
        ("survivor_pension", pensions, survivors_due & (pensions > 0), True, fund, np.where(missing, "41", "39"), waiting),
        ("death_lump", lump, lump_due, False, late_payer, np.where(missing, "41", "39"), first),
        ("suspension_wage", stated * suspension, suspension > 0, False, employer, "33", first),
    ]  # fmt: skip
    pieces = []
    for order, (benefit, amount, due, monthly, payer, article, start) in enumerate(rows):
        at = np.flatnonzero(due)
        pieces.append(
            pd.DataFrame(
                {
                    "case_id": case["case_id"].to_numpy()[at],
                    "benefit": benefit,
                    "amount": fen(np.asarray(amount)[at]),
                    "monthly": monthly,
                    "paid_by": np.where(insured, payer, employer)[at],
                    "article": article if isinstance(article, str) else article[at],
                    "from_month": start[at].astype(np.int64),
                    "_position": at,
                    "_order": order,
                }
            )
        )
    result = pd.concat(pieces, ignore_index=True).sort_values(["_position", "_order"], ignore_index=True)
    return result[list(COLUMNS)]


def _checked(cases: pd.DataFrame) -> pd.DataFrame:
    absent = [column for column in REQUIRED if column not in cases.columns]
    if absent:
        raise InputError(
            "The cases lack the column {column}; needed are {known}.", column=absent[0], known=", ".join(REQUIRED)
        )
    case = cases.reset_index(drop=True)
    for column in ("injury_date", "death_date", "suspension_end", "filing_date"):
        if column in case:
            parsed = pd.to_datetime(case[column], errors="coerce")
            _refuse(case, (parsed.isna() & case[column].notna()).to_numpy(), column, "is not a date")
            case[column] = parsed
    _refuse(case, case["injury_date"].isna().to_numpy(), "injury_date", "is missing")
    for column in (
        "grade",
        "own_wage_yuan",
        "age",
        "pool_average_wage_yuan",
        "minimum_wage_yuan",
        "basic_pension_yuan",
        "suspension_months",
    ):
        if column in case:
            number = pd.to_numeric(case[column], errors="coerce").astype("float64")
            _refuse(case, (number.isna() & case[column].notna()).to_numpy(), column, "is not a number")
            _refuse(
                case, (number < 0).to_numpy() | np.isinf(number.to_numpy()), column, "must not be negative or infinite"
            )
            case[column] = number
    case["grade"] = case["grade"].fillna(0)
    _refuse(
        case,
        ((case["grade"] > 10) | (case["grade"] % 1 != 0)).to_numpy(),
        "grade",
        "must be a whole number from 0 (none) to 10",
    )
    case["care"] = case["care"].fillna("none")
    for column, known in (("outcome", ("injury", "death")), ("care", CARE), ("sex", ("male", "female"))):
        _refuse(case, ~case[column].isin(known).to_numpy(), column, "must be one of " + ", ".join(known))
    case["employment_ended"] = case["employment_ended"].fillna(False).astype(bool)
    return case


def _refuse(case: pd.DataFrame, bad: Bools, column: str, why: str) -> None:
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise InputError(
            "Case {case}: {column} is {value}; it {why}. ({count} such cases)",
            case=str(case["case_id"].iloc[first]),
            column=column,
            value=str(case[column].iloc[first])[:40],
            why=why,
            count=int(bad.sum()),
        )


def _or_parameter(case: pd.DataFrame, column: str, default: Floats) -> Floats:
    if column not in case:
        return default
    own = case[column].to_numpy(dtype=np.float64)
    return np.where(np.isnan(own), default, own)


def _flag(case: pd.DataFrame, column: str, default: bool) -> Bools:
    if column not in case:
        return np.full(len(case), default)
    return np.asarray(case[column].astype("boolean").fillna(default).to_numpy(dtype=bool))


def _text(parameters: Parameters, name: str, dates: NDArray[np.datetime64]) -> NDArray[np.str_]:
    values, which = parameters.lookup(name, dates)
    return np.array(values, dtype=str)[which]


def _survivor_share(case: pd.DataFrame, due: Bools, parameters: Parameters, dates: NDArray[np.datetime64]) -> Floats:
    """Share of the own wage that a death's dependants draw together, capped (Art. 39)."""
    shares, share_at = parameters.lookup("benefit.survivor_pension", dates)
    extras, extra_at = parameters.lookup("benefit.survivor_lone_supplement", dates)
    caps, cap_at = parameters.lookup("benefit.survivor_cap", dates)
    result = np.zeros(len(case))
    for i in np.flatnonzero(due):
        own, extra = shares[share_at[i]], extras[extra_at[i]]
        total = sum(
            own[d["kind"]] + extra * bool(d.get("lone"))
            for d in read_dependants(case["dependants"].iloc[i], case["case_id"].iloc[i])
            if d["kind"] != "child" or float(d.get("age", 0)) < CHILD_UNTIL
        )
        result[i] = min(total, caps[cap_at[i]])
    return result


def read_dependants(value: Any, case_id: Any = "") -> list[Mapping[str, Any]]:
    """Return a case's dependants from a list or its JSON; `InputError` names the case where it is neither."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value == "":
        return []
    try:
        found = json.loads(value) if isinstance(value, str) else list(value)
        if all(isinstance(d, Mapping) and d["kind"] in KINDS and float(d.get("age", 0)) >= 0 for d in found):
            return found
    except (ValueError, TypeError, KeyError):
        pass
    raise InputError(
        "Case {case}: dependants is {value}; it must be a list of kind ({kinds}), age and lone.",
        case=str(case_id),
        value=str(value)[:40],
        kinds=", ".join(KINDS),
    )
