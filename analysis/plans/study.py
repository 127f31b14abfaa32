"""The book's contractors as risks, and what a floating plan does to them in the long run: by size, by true risk, year by year."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.fund.history import History
from analysis.fund.ledgers import SIZE_EDGES, SIZE_NAMES, LedgerCosts, pension_awards
from analysis.fund.pensioners import PENSIONS
from analysis.plans.compared import rating_rows
from analysis.scenario import Scenario
from data.book import Book
from models.benefits import statutory_benefits
from models.credibility import gamma_poisson
from models.floating import FloatingPlan, Risks, analyse, efficiency, separation
from models.floating.compound import onto_grid
from models.floating.exact import Analysis, chain
from models.floating.rules import Texts
from models.floating.units import expecting, only_sums, pooled_by, uneven
from models.messages import InputError, Message

Floats = NDArray[np.float64]

RECENT_YEARS = 3
STEP_YUAN, POINTS = 10_000.0, 400
"""Grid of the cost of a case: 10,000 yuan up to 4 million; what is dearer counts as that."""
GRADES = ("credit_grade", "safety_standard")
"""Columns of a contractor that plans read."""
RISK_FACTORS = np.array([0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0])
PAID_STEP_YUAN = 2_500.0
"""Grid of what a case is paid in a year, which is less than its cost."""
MATURE_YEARS = 2
FEW_CASES = 100
STANDARD_AGE = 43
"""Mean age of construction migrant workers in 2024 (facts of the statistics office); lump sums hardly depend on it."""
KINDS = ("ungraded", "10", "9", "8", "7", "6", "5", "1-4", "death")
"""Kinds of case, from the lightest: no grade, grades 10 to 5, grades 1 to 4, death."""


@dataclass(frozen=True)
class Portfolio:
    """The contractors of a book as a floating plan rates them.

    ``units`` a row a contractor that enrolled in the last years: ``unit, prefecture, project_type, size_band, exposure_yuan, base_premium_yuan`` (a year)``,
    cases`` (expected a year, own experience weighed by credibility); ``risks`` by what the ratio counts: accidents of a year at their cost on average
    (``paid``, ``incurred``) and, where ledgers tell, cases in payment at what each is paid in a year (``payments``); ``kinds`` cost of a case by `KINDS`, yuan; ``dispersion`` variance of contractors' true risks around 1; ``notes``.
    """

    units: pd.DataFrame
    risks: Mapping[str, Risks]
    kinds: Mapping[str, float]
    dispersion: float
    notes: tuple[Message, ...]

    def by_payments(self, plan: FloatingPlan) -> bool:
        """Return whether a plan is held against payments of the year: one accident is paid over several."""
        return plan.ratio.numerator == "paid" and "payments" in self.risks and only_sums(plan)

    def of(self, plan: FloatingPlan) -> Risks:
        """Return the contractors as a plan counts their losses."""
        return self.risks["payments" if self.by_payments(plan) else plan.ratio.numerator]

    def for_plan(self, plan: FloatingPlan) -> Risks:
        """Return the units that a plan rates: contractors, or areas where it rates those."""
        risks = self.of(plan)
        if not plan.pool_by or plan.pool_by not in self.units:
            return risks
        _, of = np.unique(self.units[plan.pool_by].fillna("").astype(str), return_inverse=True)
        base, exposure, cases, variance = (
            np.bincount(of, v).astype(np.float64)
            for v in (risks.base_premium, risks.exposure, risks.cases, risks.variance)
        )
        flow = None
        if risks.flow is not None:
            flow = np.array([np.bincount(of, risks.base_premium * year) for year in risks.flow.T]).T / base[:, None]
        return Risks(base, exposure, cases, variance, risks.severity, risks.step_yuan, risks.fatal, flow=flow)

    def typical(self, plan: FloatingPlan) -> tuple[list[str], Risks]:
        """Return the size bands that have contractors, and the mean contractor of each (as Poisson: its true risk is known).

        It has the grades that carry most premium in its band.
        """
        risks = self.of(plan)
        bands = [name for name in SIZE_NAMES if (self.units["size_band"] == name).any()]
        of = self.units["size_band"].map({name: i for i, name in enumerate(bands)}).to_numpy(dtype=np.int64)
        each = np.bincount(of)
        base, exposure = (np.bincount(of, v) / each for v in (risks.base_premium, risks.exposure))
        cases = exposure * float(risks.cases.sum() / risks.exposure.sum())
        grades: dict[str, Texts] = {}
        for column, texts in risks.grades.items():
            premium = pd.DataFrame({"of": of, "text": texts, "yuan": risks.base_premium}).groupby(["of", "text"]).sum()
            most = premium.sort_values("yuan").reset_index().drop_duplicates("of", keep="last").sort_values("of")
            grades[column] = most["text"].to_numpy(dtype=object)
        flow = pooled_by(np.asarray(of, dtype=np.intp), risks)
        return bands, Risks(base, exposure, cases, cases, risks.severity, risks.step_yuan, risks.fatal, grades, flow)


@dataclass(frozen=True)
class ExactStudy:
    """What a plan does in the long run, without simulation.

    ``analysis`` of the whole; ``by_size``: ``size_band, contractors, premium_share, multiplier, risk_share`` (of the spread of multipliers between
    contractors of that size, what true risk explains; the rest is luck)``, efficiency``; ``by_risk``: ``size_band, factor`` (of the frequency)``,
    multiplier``; ``path``: ``year, off_balance`` and, for a plan with steps, the share of premium on each (``multiplier, premium_share``, long).
    """

    analysis: Analysis
    by_size: pd.DataFrame
    by_risk: pd.DataFrame
    path: pd.DataFrame
    notes: tuple[Message, ...]


def portfolio(
    book: Book, history: History, ledgers: LedgerCosts | None, scenario: Scenario, parameters: UsedParameters
) -> Portfolio:
    """Return the contractors of a book as risks.

    Raises
    ------
    InputError : the book does not know contractors, or they have no premium or no cases
    """
    rows = rating_rows(history, ledgers)
    if rows is None:
        raise InputError("Floating plans rate contractors: the book has no experience by contractor.")
    costs = _case_costs(book, scenario, parameters) if ledgers is not None else None
    payments = _case_years(book, int(rows["year"].max())) if ledgers is not None else None
    return _portfolio(rows, costs, payments, ledgers, history, parameters)


def _portfolio(
    rows: pd.DataFrame,
    costs: pd.DataFrame | None,
    payments: pd.Series | None,
    ledgers: LedgerCosts | None,
    history: History,
    parameters: UsedParameters,
) -> Portfolio:
    last = int(rows["year"].max())
    recent = rows[rows["year"] > last - RECENT_YEARS]
    years = recent["year"].nunique()
    sums = recent.groupby("unit")[["exposure_yuan", "base_premium_yuan"]].sum() / years
    sums = sums[sums["base_premium_yuan"] > 0]
    if sums.empty or not rows["cases"].sum() > 0:
        raise InputError("Floating plans need contractors with premium and cases in the last years.")
    frequency = float(recent["cases"].sum() / recent["exposure_yuan"].sum())
    whole = rows.groupby("year")[["cases", "exposure_yuan"]].sum()
    expected = rows["exposure_yuan"] * rows["year"].map(whole["cases"] / whole["exposure_yuan"])
    seen = rows.assign(expected=expected).groupby("unit")[["cases", "expected"]].sum().reindex(sums.index)
    counts, means = seen["cases"].to_numpy(), seen["expected"].to_numpy()
    dispersion = float(max(np.sum((counts - means) ** 2 - counts) / np.sum(means**2), 0.0))
    relative = gamma_poisson(counts, means, dispersion).mean
    # what is left unknown of a contractor's true risk after its own experience
    unknown = 1.0 / (1.0 / dispersion + counts) if dispersion > 0 else np.zeros(len(counts))
    cases = sums["exposure_yuan"].to_numpy() * frequency * relative
    number = float(recent["cases"].sum())
    shape, fatal, kinds, notes = _costs(costs, float(recent["deaths"].sum()) / number, history, parameters)
    by_year = recent.pivot_table(
        index="unit", columns="year", values="base_premium_yuan", aggfunc="sum", fill_value=0.0
    )
    flow = by_year.reindex(sums.index).div(sums["base_premium_yuan"], axis=0).to_numpy(dtype=np.float64)
    known = rows.drop_duplicates("unit", keep="last").set_index("unit").reindex(sums.index)
    grades = {c: known[c].fillna("").astype(str).to_numpy(dtype=object) for c in GRADES if c in known}
    base, exposure = sums["base_premium_yuan"].to_numpy(), sums["exposure_yuan"].to_numpy()

    def risk(of_cases: Floats, amounts: Floats, dead: NDArray[np.bool_], mean: float, step: float) -> Risks:
        pmf, deaths = _severity(amounts, dead, mean, step)
        return Risks(base, exposure, of_cases, of_cases + unknown * of_cases**2, pmf, step, deaths, grades, flow)

    risks = {
        numerator: risk(cases, shape, fatal, float(recent[f"{numerator}_yuan"].sum()) / number, STEP_YUAN)
        for numerator in ("paid", "incurred")
    }
    if payments is not None and len(payments) >= FEW_CASES:
        paid = payments.to_numpy(dtype=np.float64)
        risks["payments"] = risk(
            cases * (len(paid) / number), paid, np.zeros(len(paid), dtype=np.bool_), float(paid.mean()), PAID_STEP_YUAN
        )
    units = sums.assign(
        prefecture=known["prefecture"],
        project_type=_main(ledgers, "project_type", sums.index) if ledgers is not None else known["project_type"],
        size_band=np.array(SIZE_NAMES)[np.digitize(sums["exposure_yuan"], SIZE_EDGES[1:-1])],
        cases=cases,
    )
    return Portfolio(units.rename_axis("unit").reset_index(), risks, kinds, dispersion, notes)


def _main(ledgers: LedgerCosts, column: str, units: pd.Index) -> pd.Series:
    """Return for each unit the level of a column with the most exposure."""
    sums = ledgers.rows.groupby(["unit", column])["exposure_yuan"].sum().sort_values()
    return sums.reset_index().drop_duplicates("unit", keep="last").set_index("unit")[column].reindex(units)


def _case_costs(book: Book, scenario: Scenario, parameters: UsedParameters) -> pd.DataFrame:
    """Return ``kind, cost_yuan`` of each case of the years that are mostly paid, pensions at their capital value."""
    on = scenario.valuation_date
    assert on is not None
    close = np.datetime64(on, "D") + np.timedelta64(1, "D")
    cases = book.table("cases")
    mature = cases[cases["injury_date"] < close - np.timedelta64(365 * MATURE_YEARS, "D")]
    cases = mature if len(mature) >= FEW_CASES else cases[cases["injury_date"] < close]
    payments = book.table("payments", ["case_id", "payment_date", "benefit", "amount_yuan"])
    paid = payments[payments["payment_date"] < close].merge(cases, on="case_id", how="inner")
    paid = paid.assign(year=paid["injury_date"].dt.year, lag=0)
    awards = pension_awards(
        paid, parameters, on, float(scenario.discount_rate or 0.0), float(scenario.indexation or 0.0)
    )
    cost = pd.concat(
        [
            paid[~paid["benefit"].isin(PENSIONS)].groupby("case_id")["amount_yuan"].sum(),
            awards.groupby("case_id")["capital_yuan"].sum(),
        ]
    )
    total = cost.groupby(level=0).sum()
    grade = cases["grade"].fillna(0).astype("int64")
    kind = np.where(grade == 0, "ungraded", np.where(grade <= 4, "1-4", grade.astype(str)))
    kind = np.where(cases["outcome"] == "death", "death", kind)
    return pd.DataFrame({"kind": kind, "cost_yuan": cases["case_id"].map(total).fillna(0.0).to_numpy(dtype=np.float64)})


def _case_years(book: Book, last: int) -> pd.Series:
    """Return what each case in payment was paid in each of the last years, yuan."""
    payments = book.table("payments", ["case_id", "payment_date", "amount_yuan"])
    years = payments["payment_date"].dt.year
    inside = (years > last - RECENT_YEARS) & (years <= last)
    by_case = payments[inside].groupby([payments.loc[inside, "case_id"], years[inside]])
    found: pd.Series = by_case["amount_yuan"].sum()
    return found[found > 0]


def _costs(
    costs: pd.DataFrame | None, deaths: float, history: History, parameters: UsedParameters
) -> tuple[Floats, NDArray[np.bool_], dict[str, float], tuple[Message, ...]]:
    """Return costs of cases that show the shape of the severity, which of them are deaths, the cost by kind, and what was assumed.

    ``deaths`` a case, for a book that does not know its cases one by one.
    """
    if costs is not None and len(costs) >= FEW_CASES and costs["cost_yuan"].sum() > 0:
        mean = costs.groupby("kind")["cost_yuan"].mean()
        kinds = {kind: float(mean[kind]) for kind in KINDS if kind in mean and mean[kind] > 0}
        return costs["cost_yuan"].to_numpy(), (costs["kind"] == "death").to_numpy(), kinds, ()
    cv = float(parameters.value("severity.cv", history.valuation_date))
    spread = np.sqrt(np.log1p(cv**2))
    from scipy.special import ndtri

    places = (np.arange(20_000) + 0.5) / 20_000
    note = Message(
        "The book does not know its cases one by one: their cost is taken as lognormal with a coefficient of variation of {cv:number.1}, deaths as the "
        "dearest; grades cost what the law gives, without medical treatment.",
        {"cv": cv},
    )
    return np.exp(spread * ndtri(places)), places > 1 - deaths, _statutory_kinds(history, parameters), (note,)


def _statutory_kinds(history: History, parameters: UsedParameters) -> dict[str, float]:
    """Return the fund's statutory lump sums of a standard case by grade: what the law alone says of its cost."""
    on = history.valuation_date
    wage = float(parameters.value("pool_average_wage", on))
    grades = (10, 9, 8, 7, 6, 5)
    cases = pd.DataFrame(
        {
            "case_id": [str(g) for g in grades] + ["death"],
            "injury_date": pd.Timestamp(on),
            "grade": [*grades, 0],
            "outcome": ["injury"] * len(grades) + ["death"],
            "own_wage_yuan": wage,
            "care": "none",
            "age": STANDARD_AGE,
            "sex": "male",
            "dependants": None,
            "employment_ended": True,
        }
    )
    legal = statutory_benefits(cases, parameters.parameters)
    lump = legal[(legal["paid_by"] == "fund") & ~legal["monthly"].astype(bool)].groupby("case_id")["amount"].sum()
    return {kind: float(lump[kind]) for kind in KINDS if kind in lump}


def _severity(shape: Floats, fatal: NDArray[np.bool_], mean: float, step: float) -> tuple[Floats, Floats]:
    """Return the probabilities of a case costing 0, 1, 2, … grid steps, with the shape of known costs and a mean in yuan, and the share of deaths at each."""
    # what the grid cuts off is given back by a second scaling, so that the mean stays
    scaled = shape / shape.mean() * mean
    top = POINTS * STEP_YUAN
    for _ in range(5):
        cut = np.minimum(scaled, top)
        scaled = cut * (mean / cut.mean()) if cut.mean() > 0 else cut
    places = np.minimum(scaled, top) / step
    every, deaths = (
        onto_grid(weights / len(shape), places) for weights in (np.ones(len(shape)), fatal.astype(np.float64))
    )
    deaths = np.pad(deaths, (0, len(every) - len(deaths)))
    return every / every.sum(), np.clip(np.divide(deaths, every, out=np.zeros_like(every), where=every > 0), 0.0, 1.0)


def exact_study(found: Portfolio, plan: FloatingPlan, years: int = 10) -> ExactStudy:
    """Return what a plan does to a portfolio in equilibrium and on the way there.

    Raises
    ------
    InputError : the plan looks at what the exact analysis does not know (deaths)
    """
    risks = found.for_plan(plan)
    whole = analyse(plan, risks, years)
    units = found.units
    area = len(risks.cases) != len(units)
    base = units["base_premium_yuan"].to_numpy()
    names, typical = found.typical(plan)
    factors, weights = _true_risks(found.dispersion)
    # the average that a ratio is held against is that of all contractors, whatever one of them does
    fixed = expecting(plan, risks)
    per_size = separation(fixed, typical, factors, weights), efficiency(fixed, typical)
    share = units.groupby("size_band")["base_premium_yuan"].sum() / base.sum()
    own = analyse(fixed, typical, 0).multiplier
    if not area:
        charged = pd.Series(whole.multiplier * base).groupby(units["size_band"].to_numpy()).sum()
        own = np.array([charged[n] / (share[n] * base.sum()) for n in names])
    by_size = pd.DataFrame(
        {
            "size_band": names,
            "contractors": [int((units["size_band"] == n).sum()) for n in names],
            "premium_share": [float(share[n]) for n in names],
            "multiplier": own,
            "risk_share": per_size[0],
            "efficiency": per_size[1],
        }
    )
    curve = [
        pd.DataFrame(
            {"size_band": names, "factor": f, "multiplier": analyse(fixed, typical.riskier(float(f)), 0).multiplier}
        )
        for f in RISK_FACTORS
    ]
    notes = [*found.notes, *whole.notes]
    if plan.rating_unit == "project":
        notes.append(
            Message("The plan rates projects; a contractor's works of a year are taken as if they were one project.")
        )
    if found.by_payments(plan):
        notes.append(
            Message(
                "The plan counts what was paid in a year: the loss of a contractor is made of its cases in payment, not of the accidents of the year."
            )
        )
    if uneven(plan, risks):
        notes.append(
            Message(
                "Contractors enrol in some years and not in others, as in the last {years} years of the book: a ratio then falls on less or on more premium, "
                "and who enrolled nothing in the window is asked for {entrant:percent}.",
                {"years": RECENT_YEARS, "entrant": plan.new_entrant},
            )
        )
    return ExactStudy(
        whole, by_size, pd.concat(curve, ignore_index=True), _path(plan, risks, whole, years), tuple(notes)
    )


def _true_risks(dispersion: float) -> tuple[Floats, Floats]:
    """Return true risks around 1 and their weights: a gamma distribution by its quantiles."""
    if dispersion <= 0:
        return np.array([1.0]), np.array([1.0])
    from scipy.special import gammaincinv

    p = (np.arange(9) + 0.5) / 9
    factors = gammaincinv(1 / dispersion, p) * dispersion
    return np.asarray(factors / factors.mean(), dtype=np.float64), np.ones(9)


def _path(plan: FloatingPlan, risks: Risks, whole: Analysis, years: int) -> pd.DataFrame:
    """Return ``year, off_balance, multiplier, premium_share``: a row each year and step (one row a year without steps)."""
    time = np.arange(years + 1)
    if not plan.steps or plan.columns:
        return pd.DataFrame({"year": time, "off_balance": whole.off_balance})
    steps = chain(plan, risks)
    share = np.einsum("tus,u->ts", steps.path(years), risks.base_premium / risks.base_premium.sum())
    return pd.DataFrame(
        {
            "year": np.repeat(time, len(steps.steps)),
            "off_balance": np.repeat(whole.off_balance, len(steps.steps)),
            "multiplier": np.tile(steps.steps, years + 1),
            "premium_share": share.ravel(),
        }
    )
