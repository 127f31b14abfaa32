"""Options, stress, tornado, variance shares, reverse stress: on the public books, against brute force and known limits."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.columns import head
from analysis.language import Translator
from analysis.questions.asked import projector, rate_path_options, sensitivities, variance_shares, what_if
from analysis.questions.reverse_stress import JOINT, joint_reverse_stress, reverse_stress_table, worst_margin
from analysis.questions.sensitivity import DRIVERS, deviated
from analysis.questions.stresses import load_stresses
from analysis.review import conclude, prepare
from analysis.scenario import RateStep, Scenario
from data.book import open_book
from models.messages import InputError
from models.reverse import NotReachedError, design_point

QUICK = Scenario(paths=1000)


@pytest.fixture(scope="module", params=["xpcc", "national"])
def asked(request):
    prepared = prepare(open_book(request.param), QUICK)
    resolved = QUICK.resolve(prepared.parameters, prepared.history.valuation_date)
    return prepared, resolved, projector(prepared, resolved)


def test_a_projector_gives_what_a_new_review_gives(asked):
    prepared, resolved, project = asked
    assert np.array_equal(project(resolved).a, prepared.projection.fund.a)
    changed = deviated(resolved, {"growth": 0.01, "wages": 0.1})
    fresh = prepare(open_book(prepared.identity.name), changed).projection.fund
    assert np.array_equal(project(changed).a, fresh.a)
    assert np.array_equal(project(resolved).a, prepared.projection.fund.a)


def test_tables_of_what_if(asked):
    prepared, resolved, _ = asked
    tables = {**what_if(prepared, resolved), **sensitivities(prepared, resolved)}
    base = tables["stress"].set_index("case").loc["base"]
    assert base["closing_yuan"] == pytest.approx(conclude(prepared, QUICK).fund["balance_p50"].iloc[-1], rel=1e-9)
    assert set(tables["stress"]["case"]) == {"base", *load_stresses()}
    change = tables["stress"]["closing_yuan"] - base["closing_yuan"]
    assert tables["stress"]["closing_change_yuan"].to_numpy() == pytest.approx(change.to_numpy())
    heads = [head(column, Translator("en")) for column in tables["stress"]]
    assert "Change in closing balance" in heads
    assert not {"Change in premium", "Rate"} & set(
        heads
    )  # it is the balance that changes, and the rate is the one that would be needed
    assert set(tables["tornado"]["driver"]) == set(DRIVERS)
    keep = tables["options"].set_index("option").loc["keep"]
    assert keep["change"] == 0
    assert keep["probability"] == base["probability"]
    assert (tables["options"]["standard_error"] < 0.02).all()


def test_reverse_stress_stands_at_the_edge(asked):
    prepared, resolved, project = asked
    sd = prepared.parameters.value("driver.sd", prepared.history.valuation_date)
    safe = worst_margin(resolved, project) >= 0
    table = reverse_stress_table(resolved, project, sd).dropna()
    assert len(table) >= 3
    for row in table.itertuples():
        if row.driver == "catastrophe_deaths":
            continue
        inside, outside = (
            worst_margin(deviated(resolved, {row.driver: row.size * f}), project) >= 0 for f in (0.97, 1.03)
        )
        assert (inside, outside) == (safe, not safe)


def test_joint_reverse_stress_is_nearer_than_any_other_direction(asked):
    prepared, resolved, project = asked
    sd = prepared.parameters.value("driver.sd", prepared.history.valuation_date)
    joint = joint_reverse_stress(resolved, project, sd)
    alone = reverse_stress_table(resolved, project, sd).set_index("driver")["deviations"].abs()
    assert joint.distance < alone.min() * 1.02
    assert joint.table["share"].sum() == pytest.approx(1.0)
    safe = worst_margin(resolved, project) >= 0
    rng = np.random.default_rng(1)
    for direction in rng.standard_normal((30, len(JOINT))):
        point = direction / np.linalg.norm(direction) * joint.distance * 0.97
        sizes = {d: z * sd[d] for d, z in zip(JOINT, point, strict=True)}
        assert (worst_margin(deviated(resolved, sizes), project) >= 0) == safe


def test_variance_shares_of_a_review():
    prepared = prepare(open_book("xpcc"), QUICK)
    told = []
    table = variance_shares(prepared, QUICK, told.append, power=7)
    assert told[-1] == 1.0
    for _, own in table.groupby("result"):
        assert own["total"].sum() == pytest.approx(1.0, abs=0.2)
        assert (own["total"] > -0.01).all()
    rate = table[table["result"] == "rate"].set_index("driver")["total"]
    assert rate.idxmax() == "frequency"


def test_a_stop_stops(asked):
    prepared, _, _ = asked

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        variance_shares(prepared, QUICK, stop)


def test_design_point_of_a_plane_and_of_a_sphere():
    plane = design_point(lambda z: 3.0 - z @ [1.0, 2.0, -2.0], 3)
    assert plane == pytest.approx(np.array([1.0, 2.0, -2.0]) / 3, abs=2e-3)
    sphere = design_point(lambda z: np.sum((z - [3.0, 0.0]) ** 2) - 1.0, 2)
    assert sphere == pytest.approx([2.0, 0.0], abs=0.01)
    with pytest.raises(NotReachedError):
        design_point(lambda z: 100.0 - z[0], 2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: {}", "keys"),
        ("a: {name: {zh: 甲}, mark: assumption, reference: x, shocks: [{kind: wages}]}", "name"),
        ("a: {name: {zh: 甲, en: A}, mark: sure, reference: x, shocks: [{kind: wages}]}", "mark"),
        ("a: {name: {zh: 甲, en: A}, mark: assumption, reference: x, shocks: [{kind: rain}]}", "rain"),
        ("a: {name: {zh: 甲, en: A}, mark: assumption, reference: x, shocks: []}", "no shocks"),
        ("- a", "by name"),
        (": :", "cannot be read"),
    ],
)
def test_a_bad_file_of_stresses_is_refused_by_name(tmp_path, content, says):
    path = tmp_path / "压力.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        load_stresses(path)


def test_rate_paths_hold_when_the_fund_is_rolled_forward_with_them(asked):
    prepared, resolved, project = asked
    found = rate_path_options(prepared, QUICK, 0.25)
    assert found.unreachable == ()
    table = found.table.set_index("path")
    for path in ("phased", "cheapest"):
        rates = found.rates[path]["rate"]
        steps = tuple(RateStep(year, float(rate)) for year, rate in enumerate(rates + 1e-12, 1))
        fund = project(replace(resolved, rate_path=steps))
        assert (fund.balance(0.0) >= fund.floor).all(axis=1).mean() == pytest.approx(table.loc[path, "probability"])
        assert np.median(fund.balance(0.0)[:, -1]) == pytest.approx(table.loc[path, "closing_yuan"], rel=1e-6)
        assert table.loc[path, "probability"] >= resolved.solvency_level
    assert table.loc["cheapest", "present_value_yuan"] <= table.loc["phased", "present_value_yuan"] * (1 + 1e-9)
    assert table.loc["at_once", "rate"] == pytest.approx(prepared.curve.rate(resolved.solvency_level), rel=1e-9)
