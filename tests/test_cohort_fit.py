"""Cohorts read from ledgers: the truth behind them is found again, and a projection stands what came afterwards."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from analysis.assumptions import UsedParameters
from analysis.experience.frames import TABLES, ledgers_of
from analysis.fund.cohort_fit import fit_trend
from analysis.fund.history import read_history
from analysis.fund.ledger_tables import _dated, read_tables
from analysis.fund.pensioners import Mortality, pensioners_at
from analysis.fund.projection import project
from analysis.fund.tables import premium_of, premium_table
from analysis.language import Translator
from analysis.review import conclude, prepare
from analysis.scenario import CoverageStep, Scenario, Shock
from data.book import Source, open_book, typed
from data.demo import DemoConfig, make_demo
from data.parameters import load_parameters
from models.annuity import monthly_annuity_due
from models.messages import InputError

QUICK = Scenario(paths=500, horizon_years=6)


@pytest.fixture(scope="module")
def book():
    with open_book(":memory:", create=True) as made:
        make_demo(made, DemoConfig(projects=8_000))
        yield made


@pytest.fixture(scope="module")
def prepared(book):
    return prepare(book, QUICK)


@pytest.fixture(scope="module")
def found(prepared):
    return conclude(prepared, QUICK)


def parameters():
    return UsedParameters(load_parameters())


def test_a_trend_and_seasons_are_found_again():
    rng = np.random.default_rng(2)
    quarters, season = 48, np.array([0.5, 1.2, 1.2, 0.9])
    exposure = rng.uniform(0.8, 1.2, quarters) * 1e10
    years = (np.arange(quarters) - quarters + 0.5) / 4
    truth = 2e-8 * np.exp(-0.06 * years)
    fits = [
        fit_trend(
            rng.poisson(exposure * truth * np.tile(season, 12)).astype(float), exposure, np.ones(quarters), -0.04, 0.03
        )
        for _ in range(60)
    ]
    level = np.array([f.level * f.season[1] for f in fits]) / (2e-8 * 1.2)
    trend = np.array([f.trend for f in fits])
    assert level.mean() == pytest.approx(1.0, abs=0.03)
    assert trend.mean() == pytest.approx(-0.06, abs=0.004)
    said = np.sqrt([f.covariance[1, 1] for f in fits])
    assert trend.std() == pytest.approx(said.mean(), rel=0.35)
    assert (np.abs(trend + 0.06) < 1.645 * said).mean() > 0.75


def test_what_is_read_is_what_was_known_on_the_day(book):
    whole, then = (read_tables(book, None, date(y, 12, 31)) for y in (2024, 2020))
    assert then.payments["payment_date"].max() < pd.Timestamp(2021, 1, 1)
    assert then.cases["injury_date"].max() < pd.Timestamp(2021, 1, 1)
    assert then.projects["enrolment_date"].max() < pd.Timestamp(2021, 1, 1)
    assert then.projects["actual_end"].dropna().max() < pd.Timestamp(2021, 1, 1)
    assert len(then.projects) < len(whole.projects)
    assert (whole.projects["end"] > whole.projects["start"]).all()


def test_exposure_written_is_earned_or_still_to_be_earned(prepared):
    model = prepared.history.cohorts.model
    assert model.earned.sum() + model.under_way.sum() == pytest.approx(model.written.sum(), rel=1e-9)
    assert model.earning.sum(axis=1) == pytest.approx(1.0)
    assert model.season.sum() == pytest.approx(1.0)


def test_outgo_that_came_was_within_what_was_said(book):
    """Stand at the end of 2021: two of the three next years at least lie within the 90% band, and the mean is near their sum."""
    actual = read_history(book, QUICK, parameters())
    later = actual.outgo[-3:]
    own, scenario = parameters(), QUICK.with_changes(valuation_date=date(2021, 12, 31), paths=2_000)
    history = read_history(book, scenario, own)
    outgo = project(history, scenario.resolve(own, history.valuation_date), own).outgo[:, :3]
    low, high = np.quantile(outgo, [0.05, 0.95], axis=0)
    assert ((low <= later) & (later <= high)).sum() >= 2
    assert outgo.mean(axis=0).sum() == pytest.approx(later.sum(), rel=0.15)


def test_pensions_in_payment_are_worth_their_annuity():
    rows = [
        (f"K{i}", "disability_allowance", day, 3_000.0, "2019-05-01", 45.0, "male", None)
        for i in range(3)
        for day in pd.date_range("2020-01-15", "2024-12-15", freq="MS") + pd.Timedelta(14, "D")
    ]
    columns = ["case_id", "benefit", "payment_date", "amount_yuan", "injury_date", "age", "sex", "dependants"]
    paid = pd.DataFrame(rows, columns=columns).astype({"injury_date": "datetime64[ns]"})
    mortality = Mortality.of(parameters(), date(2024, 12, 31))
    own = pensioners_at(paid, date(2024, 12, 31), mortality)
    assert own.rows["monthly_yuan"].tolist() == [3_000.0] * 3
    value = own.capital(1.03 ** -((np.arange(320) + 0.5) / 4))
    age = 45 + (pd.Timestamp(2025, 1, 1) - pd.Timestamp(2019, 5, 1)).days / 365.25
    assert value[0] == pytest.approx(36_000 * monthly_annuity_due("CL5", age, 0.03), rel=0.005)
    # a fund that pays by the quarter has one payment of three months
    quarterly = paid[paid["payment_date"].dt.month.isin((1, 4, 7, 10))].assign(amount_yuan=9_000.0)
    assert pensioners_at(quarterly, date(2024, 12, 31), mortality).rows["monthly_yuan"].tolist() == [3_000.0] * 3
    # who was not paid in the last quarter is no pensioner any more
    stopped = paid[paid["payment_date"] < pd.Timestamp(2024, 9, 1)]
    assert len(pensioners_at(stopped, date(2024, 12, 31), mortality).rows) == 0


def test_the_frames_add_up_to_the_fen(prepared, found):
    outgo = found.tables["outgo_by_benefit"]
    benefits = outgo.drop(columns=["period", "total_yuan"]).sum(axis=1)
    assert np.abs(benefits - outgo["total_yuan"]).max() < 0.005
    assert outgo["total_yuan"].to_numpy() == pytest.approx(found.flows["outgo_yuan"].to_numpy(), rel=1e-9)
    cohorts = found.tables["cohorts"]
    assert (
        np.abs(cohorts[["happened_yuan", "under_way_yuan", "to_come_yuan"]].sum(axis=1) - cohorts["total_yuan"]).max()
        < 0.005
    )
    premium = found.tables["premium"]
    moved = premium["earned_premium_yuan"] + premium["unearned_closing_yuan"] - premium["unearned_opening_yuan"]
    assert np.abs(premium["written_premium_yuan"] - moved).max() < 0.005
    owed = found.tables["liabilities"]
    rolled = owed["liability_opening_yuan"] + owed["new_claims_yuan"] + owed["unwinding_yuan"] - owed["paid_yuan"]
    assert np.abs(rolled - owed["liability_closing_yuan"]).max() < 0.005
    sheet = found.tables["balance_sheet_forward"]
    liabilities = sheet[["unearned_premium_yuan", "outstanding_claims_yuan", "pensions_in_payment_yuan"]].sum(axis=1)
    assert np.abs(sheet["assets_yuan"] - liabilities - sheet["surplus_yuan"]).max() < 0.005
    assert (sheet["outstanding_claims_yuan"] + sheet["pensions_in_payment_yuan"])[1:].to_numpy() == pytest.approx(
        owed["liability_closing_yuan"].to_numpy(), rel=1e-12
    )
    pensioners = found.tables["pensioners"]
    assert pensioners["capital_yuan"].sum() == pytest.approx(float(sheet["pensions_in_payment_yuan"].iloc[0]), rel=1e-9)
    flows = found.flows
    closing = (
        flows["opening_yuan"] + flows["collections_yuan"] - flows["prevention_yuan"] - flows["transfer_yuan"]
        + flows["other_income_yuan"] - flows["outgo_yuan"] + flows["interest_and_policy_yuan"]
    )  # fmt: skip
    assert np.abs(closing - flows["closing_yuan"]).max() < 0.005
    reserve = found.tables["reserve"]
    assert (reserve["reserve_yuan"] <= np.maximum(reserve["balance_yuan"], 0) + 0.005).all()


def test_premium_at_a_rate_path_is_written_at_it(prepared):
    fund = prepared.fund_book
    rates = np.repeat([0.001, 0.001, 0.002, 0.002, 0.002, 0.002], 4)
    table = premium_table(fund, premium_of(fund, rates))
    assert table["written_premium_yuan"].iloc[2] == pytest.approx(
        2 * fund.paths.written.reshape(-1, 4).sum(axis=1)[2] * 0.001
    )


def test_each_basis_has_parts_cells_and_an_interval_of_its_own(found):
    for one in found.indicated.values():
        assert one.parts["rate"].sum() == pytest.approx(one.rate, rel=1e-9)
        assert {"medical", "disability_lump", "disability_allowance", "catastrophe", "prevention"} <= set(
            one.parts["part"]
        )
        assert 0 < one.low < one.rate < one.high
        assert {"prefecture", "project_type", "size_band"} <= set(one.by)
        for cells in one.by.values():
            whole = (cells["rate"] * cells["exposure_yuan"]).sum() / cells["exposure_yuan"].sum()
            assert whole == pytest.approx(one.rate, rel=1e-6)
    widths = [round(one.high / one.low, 6) for one in found.indicated.values()]
    assert len(set(widths)) == 3
    payroll = found.tables["payroll"]
    assert (payroll["payroll_rate"] * payroll["labour_share"]).to_numpy() == pytest.approx(payroll["rate"].to_numpy())
    assert payroll[["class_5", "class_6"]].to_numpy().tolist() == [[0.011, 0.013]] * 3


def test_the_reserve_is_an_explicit_load(book, prepared, found):
    loaded = conclude(prepare(book, QUICK.with_changes(reserve_years=3, target_payable_months=24.0)), QUICK)
    part = loaded.indicated["pay_as_you_go"].parts.set_index("part")["rate"]
    assert part["reserve"] > 0
    kept = 1 - prepared.projection.prevention_share
    more = loaded.indicated["pay_as_you_go"].rate - found.indicated["pay_as_you_go"].rate
    assert more == pytest.approx(part["reserve"] / kept, rel=1e-6)


def test_coverage_moves_premium_at_once_and_accidents_later(prepared):
    own, history = prepared.parameters, prepared.history
    scenario = QUICK.resolve(own, history.valuation_date)
    base = prepared.projection
    wider = project(history, scenario.with_changes(coverage=(CoverageStep(2, 0.5),)), own, base.flows)
    assert wider.exposure[:, 0] == pytest.approx(base.exposure[:, 0])
    assert wider.exposure[:, 1] / base.exposure[:, 1] == pytest.approx(0.5 / 0.99)
    fall = wider.outgo.mean(axis=0) / base.outgo.mean(axis=0)
    assert fall[0] == pytest.approx(1.0)
    assert 0.5 < fall[4] < fall[2] < fall[1] < 1
    with pytest.raises(InputError, match="coverage"):
        QUICK.with_changes(coverage=(CoverageStep(1, 1.5),))


def test_kept_luck_and_luck_drawn_again_are_the_same(prepared, monkeypatch):
    own, history = prepared.parameters, prepared.history
    scenario = QUICK.resolve(own, history.valuation_date).with_changes(shocks=(Shock("wages", 0.1, 1, 6),))
    kept = project(history, scenario, own, prepared.projection.flows).outgo
    monkeypatch.setattr("analysis.fund.cohort_projection.KEPT_NUMBERS", 0)
    assert np.array_equal(project(history, scenario, own).outgo, kept)


def test_two_funds_in_one_book_are_two_reviews(book):
    projects, cases = book.table("projects"), book.table("cases")
    rows = projects.assign(fund=np.where(projects["prefecture"].isin(["urumqi", "changji"]), "xpcc", "xinjiang"))
    from data.book import Source

    with open_book(":memory:", create=True) as both:
        for name, frame in (
            ("projects", rows),
            ("cases", cases),
            ("payments", book.table("payments")),
            ("contractors", book.table("contractors")),
        ):
            both.write(
                name, frame.set_axis(range(1, len(frame) + 1), axis=0), Source(f"{name}.csv", name.ljust(64, "0"))
            )
        funds = {f: read_history(both, QUICK.with_changes(fund=f), parameters()) for f in ("xinjiang", "xpcc")}
        live = rows[rows["status"] != "cancelled"].groupby("fund")["total_cost_yuan"].sum()
        for fund, history in funds.items():
            assert history.cohorts.model.written.sum() == pytest.approx(live[fund])
            assert history.exposure.sum() == pytest.approx(live[fund])
        assert funds["xinjiang"].outgo[-1] != funds["xpcc"].outgo[-1]
        with pytest.raises(InputError, match="no fund"):
            read_history(both, QUICK.with_changes(fund="gansu"), parameters())


def test_accidents_of_employers_by_payroll_cost_the_fund_but_no_project(tmp_path):
    scenario = Scenario(paths=200, horizon_years=3)
    with open_book(tmp_path / "payroll.sqlite", create=True) as made:
        make_demo(made, DemoConfig(projects=1000, years=6))
        before = prepare(made, scenario)
        cases, payments = made.table("cases"), made.table("payments")
        # every accident once more, to an employer's worker: what an accident costs stays as it is
        theirs = cases.assign(case_id="E" + cases["case_id"].astype(str), project_id=None, contractor_id=None, event_id=None, employer_id="Y00001")  # fmt: skip
        paid = payments.assign(
            case_id="E" + payments["case_id"].astype(str), payment_id="E" + payments["payment_id"].astype(str)
        )
        with made.transaction() as connection:
            made.write("cases", typed(theirs, "cases"), Source("x", "y"), connection)
            made.write("payments", typed(paid, "payments"), Source("x", "z"), connection)
        after = prepare(made, scenario)
        studied = ledgers_of({n: made.table(n) for n in TABLES}, after.parameters).cases
    one, two = (conclude(p, scenario) for p in (before, after))
    assert two.indicated["full_funding"].rate == pytest.approx(one.indicated["full_funding"].rate, rel=0.01)
    more = two.flows["outgo_yuan"] / one.flows["outgo_yuan"]
    assert ((more > 1.5) & (more < 3.0)).all()
    assert one.flows["other_income_yuan"].sum() == 0
    assert (two.flows["other_income_yuan"] > 0).all()
    assert len(studied) == len(cases)
    said = [Translator("zh").say(w) for w in two.warnings]
    assert any("按用人单位参保" in text for text in said)


def test_premium_under_stage_cuts_is_written_at_the_cut_rate(prepared, found):
    rich = replace(found.scenario, base_rate=0.005)
    plain = conclude(prepared, rich).tables["premium"]["written_premium_yuan"]
    cut = conclude(prepared, replace(rich, risks=replace(rich.risks, policy=True))).tables["premium"][
        "written_premium_yuan"
    ]
    assert cut.iloc[0] == pytest.approx(plain.iloc[0])  # it begins below 18 months, and raises are off
    assert cut.iloc[-1] == pytest.approx(plain.iloc[-1] / 2, rel=0.1)  # two years of benefits held: half the rate


def test_works_under_way_are_expected_to_end_as_late_as_earlier_ones_did():
    day = pd.Timestamp
    projects = pd.DataFrame(
        {
            "total_cost_yuan": 1e6,
            "enrolment_date": day("2018-01-01"),
            "start_date": day("2018-01-01"),
            # 200 days planned; every fourth was extended by 100: an eighth of what was planned
            "planned_end": day("2018-07-19"),
            "extended_to": [day("2018-10-27"), pd.NaT, pd.NaT, pd.NaT] * 10,
            "actual_end": [day("2018-10-27"), *[day("2018-07-19")] * 3] * 10,
            "status": "completed",
        }
    )
    ahead = projects.assign(
        enrolment_date=day("2020-10-01"), start_date=day("2020-10-01"), planned_end=day("2021-05-08"), actual_end=pd.NaT, extended_to=pd.NaT,
        status="in_progress",
    )  # fmt: skip
    overdue = ahead.assign(planned_end=day("2020-11-30"))
    dated = _dated(pd.concat([projects, ahead[:2], overdue[:1]], ignore_index=True), day("2021-01-01"))
    assert list(dated["end"].iloc[:2]) == [day("2018-10-28"), day("2018-07-20")]
    length = 220
    assert list(dated["end"].iloc[40:42]) == [day("2021-05-09") + pd.Timedelta(round(length / 8), "D")] * 2
    # a status that was not brought up to date keeps nothing going
    assert dated["end"].iloc[42] == day("2020-12-01")
    few = _dated(pd.concat([projects[:20], ahead[:2]], ignore_index=True), day("2021-01-01"))
    assert list(few["end"].iloc[20:]) == [day("2021-05-09")] * 2


def test_earned_cost_of_the_last_year_stands_what_came_afterwards(book):
    later = read_history(book, QUICK, parameters()).cohorts.model
    for year in (2019, 2021):
        then = read_history(book, QUICK.with_changes(valuation_date=date(year, 12, 31)), parameters()).cohorts.model
        own = slice(4 * (year - 2015), 4 * (year - 2014))
        # extensions that nobody knew of yet made it 2 to 3% too much
        assert then.earned[own].sum() == pytest.approx(later.earned[own].sum(), rel=0.012)
        assert then.under_way.sum() + then.earned.sum() == pytest.approx(then.written.sum(), rel=1e-9)


def test_new_pensioners_are_counted_at_the_pensions_of_today(book):
    model = read_history(book, QUICK, parameters()).cohorts.model
    payments = book.table("payments").merge(book.table("cases")[["case_id", "injury_date"]], on="case_id")
    for stream in (s for s in model.streams if s.survival is not None):
        own = payments[payments["benefit"] == stream.name].sort_values("payment_date").drop_duplicates("case_id")
        then = own["injury_date"].dt.year.clip(lower=2015)
        # wages of the synthetic fund rise by 4.5% a year, care follows the pool's average; the plain mean of ten years' awards is much lower
        pool = then.map({y: parameters().value("pool_average_wage", date(y, 12, 31)) for y in range(2015, 2025)})
        index = pool / pool.max() if stream.name == "care_allowance" else 1.045 ** (then - 2024)
        today = (own["amount_yuan"] / index).mean()
        assert stream.mean_award == pytest.approx(today, rel=0.08)
        assert stream.mean_award > 1.1 * own["amount_yuan"].mean()


def test_pensions_are_read_alike_however_they_are_paid(tmp_path):
    """In parts, with corrections, by the quarter, with arrears in the first payment, or with the last month still to come."""
    with open_book(":memory:", create=True) as made:
        make_demo(made, DemoConfig(projects=1_500, years=7, seed=11))
        ledgers = {n: made.table(n) for n in ("projects", "cases", "payments", "accounts")}
    payments = ledgers["payments"].drop(columns=["import_id", "source_row"], errors="ignore")
    running = payments["benefit"].isin(["disability_allowance", "care_allowance", "survivor_pension"])
    part = payments.assign(payment_id="B" + payments["payment_id"].astype(str))
    wrong = payments[running].iloc[::7]
    quarter = [payments["case_id"], payments["benefit"], payments["payment_date"].dt.to_period("Q")]
    quarterly = payments.assign(amount_yuan=payments.groupby(quarter)["amount_yuan"].transform("sum"))[running]
    quarterly = quarterly[~quarterly.assign(q=quarter[2])[["case_id", "benefit", "q"]].duplicated(keep="last")]
    first = running & ~payments.sort_values("payment_date")[["case_id", "benefit"]].duplicated().sort_index()
    old = payments["payment_date"] < "2021-07-01"
    ways = {
        "monthly": payments,
        "in parts": pd.concat([payments.assign(amount_yuan=payments["amount_yuan"] * 0.4), part.assign(amount_yuan=part["amount_yuan"] * 0.6)]),
        "corrected": pd.concat([payments, wrong.assign(payment_id="N" + wrong["payment_id"], amount_yuan=-wrong["amount_yuan"]), wrong.assign(payment_id="R" + wrong["payment_id"])]),
        "by the quarter": pd.concat([payments[~running], quarterly]),
        "arrears": payments.assign(amount_yuan=payments["amount_yuan"] * np.where(first & old, 6.0, 1.0)),
        "last month missing": payments[~(running & (payments["payment_date"] >= "2021-12-01"))],
    }  # fmt: skip
    found = {}
    for way, rows in ways.items():
        with open_book(":memory:", create=True) as book:
            for name, frame in {**ledgers, "payments": rows}.items():
                numbered = frame.set_axis(range(1, len(frame) + 1), axis=0)
                book.write(name, numbered, Source(f"{name}.csv", name.ljust(64, "0")))
            review = conclude(prepare(book, QUICK.with_changes(paths=100)), QUICK.with_changes(paths=100))
        found[way] = [one.rate for one in review.indicated.values()]
    for way, rates in found.items():
        assert rates == pytest.approx(found["monthly"], rel=0.01), way
