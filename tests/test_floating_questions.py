"""Questions put to floating plans on a book: contractors as risks, back-test, who moves, hiding, search, the fund under a plan."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.language import Translator
from analysis.plans.backtest import Outcomes, backtest_plans, draws, ginis, outcomes, rolled
from analysis.plans.desk import explained, plan_desk, standing
from analysis.plans.effects import GROUPS, concealment_table, moved, moved_by, quintiles_with_intervals, worked_examples
from analysis.plans.search import Limits, Panel, search_plans
from analysis.plans.simulation import fund_under_plan
from analysis.plans.study import exact_study, portfolio
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from data.book import open_book
from data.demo import DemoConfig, make_demo
from models.floating import Behaviour, available_plans, hiding_saves, load_plan, off_balance, parse_plan, quintile_test
from models.messages import InputError
from tests.test_floating_simulation import risks

SCENARIO = Scenario(base_rate=0.0012, horizon_years=6, paths=200)


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("books") / "demo.sqlite"
    with open_book(path, create=True) as made:
        make_demo(made, DemoConfig(projects=3000, years=8))
    return open_book(path)


@pytest.fixture(scope="module")
def prepared(book):
    return prepare(book, SCENARIO)


@pytest.fixture(scope="module")
def resolved(prepared):
    return SCENARIO.resolve(prepared.parameters, prepared.history.valuation_date)


@pytest.fixture(scope="module")
def desk(book, prepared, resolved):
    return plan_desk(book, prepared, resolved)


def test_the_portfolio_keeps_the_book_s_cases_and_cost(desk):
    found = desk.portfolio
    recent = desk.rows[desk.rows["year"] > desk.rows["year"].max() - 3]
    for numerator, one in found.risks.items():
        expected = recent[{"payments": "paid_yuan"}.get(numerator, f"{numerator}_yuan")].sum() / 3
        assert one.cases.sum() * one.case_cost == pytest.approx(expected, rel=0.15), numerator
        assert one.base_premium.sum() == pytest.approx(recent["base_premium_yuan"].sum() / 3)
        assert (one.variance >= one.cases * (1 - 1e-12)).all()
    costs = [found.kinds[k] for k in ("ungraded", "10", "9") if k in found.kinds]
    assert costs == sorted(costs)
    assert found.dispersion > 0


@pytest.mark.parametrize("name", ["national_five_steps", "wsib", "ncci", "jiangsu"])
def test_the_long_run_finds_risk_better_in_the_large(desk, name):
    study = exact_study(desk.portfolio, load_plan(name), 5)
    assert study.by_size["contractors"].sum() == len(desk.portfolio.units)
    assert study.by_size["premium_share"].sum() == pytest.approx(1.0)
    assert study.by_size["risk_share"].is_monotonic_increasing or name == "jiangsu"
    for _, rows in study.by_risk.groupby("size_band"):
        assert (np.diff(rows.sort_values("factor")["multiplier"]) >= -1e-9).all()
    if "premium_share" in study.path:
        assert study.path.groupby("year")["premium_share"].sum().to_numpy() == pytest.approx(1.0)
    for message in study.notes:
        assert "{" not in Translator("zh").say(message)


def test_rolling_a_plan_forward_is_rating_it_year_by_year(desk):
    plan, rows = load_plan("wsib"), desk.rows
    found, last = rolled(plan, rows, desk.came.years)
    now = None
    for year in sorted(rows["year"].unique())[1:]:
        now = plan.multiplier(rows[rows["year"] < year], now)
        if year in desk.came.years:
            assert found.loc[year].reindex(now.index).tolist() == pytest.approx(now.tolist())
    assert last.reindex(now.index).tolist() == pytest.approx(plan.multiplier(rows, now).reindex(now.index).tolist())
    panel = Panel.of(rows, desk.came)
    ours = panel.multipliers(plan)
    assert ours[:-1] == pytest.approx(found.reindex(columns=desk.came.units).to_numpy())
    assert ours[-1] == pytest.approx(last.reindex(desk.came.units).to_numpy())


def known_truth(units=400, years=4, seed=5):
    """Contractors whose true risk lasts, and plans that know it, see it through noise, or know nothing."""
    rng = np.random.default_rng(seed)
    true = rng.gamma(3, 1 / 3, units)
    base = rng.uniform(1, 3, (years, units)) * 1e5
    loss = rng.poisson(true * 4, (years, units)) * base / 5
    return true, Outcomes(tuple(range(years)), pd.Index([f"u{i}" for i in range(units)], name="unit"), base, loss)


def test_the_gini_of_the_back_test_is_that_of_the_quintile_test_and_drawn_units_count_as_often():
    true, came = known_truth(60, 1)
    m = np.round(true, 1)[None]
    one = quintile_test(*(pd.Series(a[0], index=came.units) for a in (m, came.base, came.loss)))
    assert ginis(m, came)[0] == pytest.approx(one.gini)
    weights = draws(60, 3, 4)
    twice = np.repeat(np.arange(60), weights[2].astype(int))
    again = Outcomes(came.years, came.units[twice], came.base[:, twice], came.loss[:, twice])
    assert ginis(m, came, weights)[2] == pytest.approx(ginis(m[:, twice], again)[0])


def test_a_plan_that_knows_the_risk_wins_and_two_that_know_the_same_do_not(monkeypatch):
    true, came = known_truth()
    noise = np.random.default_rng(1).normal(0, 0.02, len(true))
    knows = {"a": true, "b": true + noise, "blind": np.random.default_rng(2).random(len(true))}
    monkeypatch.setattr(
        "analysis.plans.backtest.rolled",
        lambda plan, rows, years: (pd.DataFrame([knows[plan.name]] * 4, index=list(years), columns=came.units), None),
    )
    plans = [replace(load_plan("none"), name=name) for name in knows]
    alike = backtest_plans(plans, pd.DataFrame(), came)
    assert alike.winner is None
    verdicts = alike.table.set_index("plan")["verdict"]
    assert verdicts["blind"] == "worse"
    assert set(verdicts[["a", "b"]]) == {"best", "not_distinguishable"}
    assert backtest_plans([plans[0], plans[2]], pd.DataFrame(), came).winner == "a"
    only_noise = backtest_plans([plans[2]], pd.DataFrame(), came)
    assert only_noise.winner is None, "no order at all is not a winner"


def test_all_plans_against_the_demonstration_book(desk):
    found = backtest_plans([load_plan(n) for n in available_plans()], desk.rows, desk.came)
    table = found.table
    assert set(table["plan"]) == set(available_plans())
    ran = table[table["verdict"] != "not_run"]
    assert (ran["gini_low"] <= ran["gini_high"]).all()
    assert ran["gini"].between(ran["gini_low"] - 0.1, ran["gini_high"] + 0.1).all()
    assert ran.iloc[0]["verdict"] == "best"
    assert (found.winner is None) == (ran["verdict"].eq("not_distinguishable").any() or ran.iloc[0]["gini_low"] <= 0)
    grid = rolled(load_plan("huainan"), desk.rows, desk.came.years)[0].reindex(columns=desk.came.units).to_numpy()
    quintiles = quintiles_with_intervals(grid, desk.came)
    assert (quintiles["loss_ratio_before_low"] <= quintiles["loss_ratio_before_high"]).all()
    assert quintiles["base_premium_yuan"].to_numpy() == pytest.approx(desk.came.base.sum() / 5)


def test_what_some_gain_others_pay(desk):
    for name in ("huainan", "japan"):
        moves = moved(desk.portfolio, standing(desk, load_plan(name)))
        assert moves["change_yuan"].sum() == pytest.approx(0.0, abs=1e-6 * moves["premium_before_yuan"].sum())
        for group in GROUPS:
            table = moved_by(moves, group)
            assert table["change_yuan"].sum() == pytest.approx(moves["change_yuan"].sum(), abs=1.0)
            assert table["contractors"].sum() == len(moves)


def test_hiding_saves_the_distance_of_two_multipliers():
    """One contractor with hardly an accident of its own: a case lifts it from the lowest step of Huainan to that of the case's ratio."""
    one = risks(1e-9)
    one = replace(one, base_premium=np.array([1e5]), exposure=np.array([1e8]))
    saved = hiding_saves(load_plan("huainan"), one, np.array([1e4, 3e4, 7e4, 9e4, 5e5]))
    assert saved[0] == pytest.approx(np.array([0.0, 0.3, 0.5, 0.7, 1.0]) * 1e5, rel=1e-6, abs=1e-3)
    cixi = replace(load_plan("cixi"), yuan_per_person=1e7)  # ten persons: one case is 10%
    assert hiding_saves(cixi, one, np.array([1.0]))[0] == pytest.approx(0.2 * 1e5, rel=1e-6)
    assert hiding_saves(load_plan("none"), one, np.array([1e6]))[0] == pytest.approx(0.0)


def test_hiding_and_examples_on_the_book(desk):
    table = concealment_table(desk.portfolio, load_plan("national_five_steps"))
    assert (table["pays"] == (table["saving_yuan"] > table["case_yuan"])).all()
    assert (table["saving_yuan"] >= -1e-6).all()
    examples = worked_examples(desk.portfolio, load_plan("huainan"), 0.001)
    assert examples["premium_yuan"].to_numpy() == pytest.approx(examples["multiplier"].to_numpy() * 1e5)
    for _, rows in examples.groupby("exposure_yuan"):
        assert rows["multiplier"].is_monotonic_increasing
        assert rows["multiplier"].iloc[0] == 0.5


def test_the_search_returns_readable_plans_within_the_limits_whose_files_are_the_plans(desk, prepared):
    limits = Limits(0.8, 1.2, 0.5, 0.5)
    done = []
    found = search_plans(desk.rows, prepared.curve, 0.0012, limits, 60, earned=desk.earned, progress=done.append)
    assert done[-1] == 1.0
    table = found.table
    assert table["off_balance"].between(0.8, 1.2).all()
    assert (table["largest_swing"] <= 0.5 + 1e-9).all()
    assert (table["small_surcharged"] <= 0.5).all()
    assert 0 < found.inside <= found.tried <= 60
    for row in table.itertuples():
        plan = parse_plan(found.files[row.plan], f"{row.plan}.yaml")
        last = standing(desk, plan)
        recent = desk.rows[desk.rows["year"] > desk.rows["year"].max() - 3].groupby("unit")["base_premium_yuan"].sum()
        kept = last.reindex(recent.index)
        assert off_balance(kept.to_numpy(), recent.to_numpy()).factor == pytest.approx(row.off_balance, rel=1e-9)
        ends = [float(x) for x in row.edges.split("/")]
        assert all(x % 5 == 0 for x in ends)
    # no plan of the frontier beats another in everything
    values = table[["gini_chosen_on", "largest_swing", "small_surcharged", "probability_below_floor"]].assign(
        imbalance=(table["off_balance"] - 1).abs(), gini_chosen_on=-table["gini_chosen_on"]
    )
    for i, a in values.iterrows():
        assert not any((b <= a).all() and (b < a - 1e-12).any() for j, b in values.iterrows() if j != i)
    with pytest.raises(InputError, match="widen"):
        search_plans(desk.rows, prepared.curve, 0.0012, Limits(1.49, 1.5, 0.01, 0.0), 5)
    with pytest.raises(RuntimeError, match="stopped"):
        search_plans(desk.rows, prepared.curve, 0.0012, limits, 5, progress=stop)


def test_the_long_run_of_a_plan_is_what_the_book_s_own_years_show(desk):
    """Held against the plan rolled forward over the book, year by year, each at the premium charged in it."""
    base = desk.rows.pivot_table(
        index="year", columns="unit", values="base_premium_yuan", aggfunc="sum", fill_value=0.0
    )
    years = base.index[-4:]
    for name in ("huainan", "national_five_steps"):
        plan = load_plan(name)
        assert desk.portfolio.by_payments(plan)
        came, _ = rolled(plan, desk.rows, years)
        factor = (came.reindex(columns=base.columns) * base.loc[years]).sum(axis=1) / base.loc[years].sum(axis=1)
        error = factor.std() / 2
        assert exact_study(desk.portfolio, plan).analysis.equilibrium_off_balance == pytest.approx(
            factor.mean(), abs=4 * error
        )
    assert not desk.portfolio.by_payments(load_plan("korea_2019"))  # incurred
    assert not desk.portfolio.by_payments(load_plan("city_half_points"))  # injury frequency


def stop(share):
    raise RuntimeError("stopped")


def test_the_fund_under_a_plan(desk, prepared, resolved):
    plan = load_plan("korea_2019")
    none = fund_under_plan(prepared, resolved, desk.portfolio, load_plan("none"), paths=60)
    by_case = none.summary.set_index("case")
    assert by_case.loc["plan", "balance_p50"] == pytest.approx(by_case.loc["no_floating", "balance_p50"])
    found = fund_under_plan(prepared, resolved, desk.portfolio, plan, paths=60)
    summary = found.summary.set_index("case")
    factor = found.yearly[found.yearly["case"] == "plan"]["off_balance"]
    exact = exact_study(desk.portfolio, plan, 6).analysis.off_balance[:-1]
    assert factor.to_numpy() == pytest.approx(exact, abs=0.03)
    assert summary.loc["plan_corrected", "rate"] == pytest.approx(0.0012 / factor.iloc[1:].mean())
    moved = summary.loc["plan", "balance_mean"] - summary.loc["no_floating", "balance_mean"]
    assert exact[1:].min() > 1.05
    assert moved > 0
    answers = fund_under_plan(
        prepared,
        resolved,
        desk.portfolio,
        plan,
        Behaviour(elasticity=-0.3, hiding=0.5, small_yuan=5e4, shock_cv=0.1),
        paths=30,
    ).answers.set_index("case")
    assert answers.loc["plan", "hidden_cases_a_year"] > 0
    assert answers.loc["no_floating", "hidden_cases_a_year"] == 0
    with pytest.raises(InputError, match="areas"):
        fund_under_plan(prepared, resolved, desk.portfolio, load_plan("jiangsu"), paths=2)
    with pytest.raises(RuntimeError, match="stopped"):
        fund_under_plan(prepared, resolved, desk.portfolio, plan, paths=2, progress=stop)


@pytest.mark.parametrize(("name", "sign"), [("bg_bau", 1), ("hubei", -1)])
def test_a_plan_that_only_adds_or_gives_back_moves_every_quantile_of_the_balance(desk, prepared, resolved, name, sign):
    found = fund_under_plan(prepared, resolved, desk.portfolio, load_plan(name), paths=30)
    later = found.yearly[found.yearly["case"] == "plan"].iloc[-1]
    nearest = later["factor_p05" if sign > 0 else "factor_p95"]
    assert sign * (nearest - 1) > 0.001
    summary = found.summary.set_index("case")
    for figure in ("balance_p05", "balance_p50", "balance_p95", "balance_mean"):
        assert sign * (summary.loc["plan", figure] - summary.loc["no_floating", figure]) > 0, figure


def test_the_review_under_another_plan_differs_in_its_floating_part_alone(prepared):
    one = conclude(prepared, SCENARIO)
    other = conclude(prepared, replace(SCENARIO, plan="japan"))
    assert (one.floating.plan, other.floating.plan) == ("national_five_steps", "japan")
    assert one.fund.equals(other.fund)


def test_a_book_of_experience_alone_is_enough(desk, prepared, resolved, tmp_path):
    rows = prepared.history.experience
    with open_book(tmp_path / "two.sqlite", create=True) as two:
        from data.book import Source, typed

        with two.transaction() as connection:
            two.write("experience", typed(rows.drop(columns="year"), "experience"), Source("x", "y"), connection)
        again = prepare(two, SCENARIO)
        found = portfolio(two, again.history, again.ledgers, resolved, again.parameters)
        assert found.notes
        assert exact_study(found, load_plan("huainan"), 2).by_size["contractors"].sum() == len(found.units)
        assert {"10", "death"} <= set(found.kinds)
    with pytest.raises(InputError, match="two years"):
        outcomes(desk.rows[desk.rows["year"] == desk.rows["year"].max()])
    assert explained(desk, load_plan("national_five_steps"))["multiplier"].tolist() == pytest.approx(
        standing(desk, load_plan("national_five_steps")).tolist()
    )


def test_accidents_of_older_works_count_where_their_contractor_enrolled_none(book, prepared, desk):
    """Rated by hand from the ledgers: two years of payments on two years of premium, a notice's ratio."""
    projects, cases, payments = (book.table(n) for n in ("projects", "cases", "payments"))
    projects = projects[(projects["status"] != "cancelled") & (projects["enrolment_date"].dt.year >= 2021)]
    premium = projects.groupby("contractor_id")["premium_yuan"].sum()
    of = payments["case_id"].map(cases.set_index("case_id")["contractor_id"])
    paid = payments.loc[payments["payment_date"].dt.year >= 2021].groupby(of)["amount_yuan"].sum()
    ratio = (paid.reindex(premium.index, fill_value=0.0) / premium).rename("ratio")
    found = load_plan("wuxi").measured(desk.rows)
    own = pd.Series(found.measures.ratio, index=found.units).reindex(ratio.index)
    assert own.to_numpy() == pytest.approx(ratio.to_numpy(), abs=1e-9)
    # some of it was paid in a year in which nothing was enrolled
    idle = desk.rows[(desk.rows["year"] >= 2021) & (desk.rows["exposure_yuan"] == 0)]
    assert idle["paid_yuan"].sum() > 0
