"""With feedback on, the iterated answer agrees with brute force within Monte Carlo error; with it off, exactly."""

import numpy as np
import pytest

from analysis.review import conclude, prepare
from analysis.scenario import Risks, Scenario
from data.book import open_book
from models.feedback import required_rates
from models.fund import StageCuts, roll_forward, roll_forward_with_policy
from models.simulation import SolvencyCurve

CUTS = StageCuts(((18.0, 0.2), (24.0, 0.5)), raise_below=6.0, raise_by=0.2)


def fund_of(seed, paths=4000, years=8):
    rng = np.random.default_rng(seed)
    trend = np.exp(np.cumsum(rng.normal(0.01, 0.03, (2, paths, 4 * years)), axis=2))
    return 1e9 * trend[0], 9e5 * trend[1] * rng.gamma(20, 0.05, (paths, 4 * years))


def solved(cuts, exposure, outgo):
    linear = roll_forward(4e6, exposure, outgo, 0.005)

    def rolled(rate):
        return roll_forward_with_policy(rate, cuts, 4e6, 13.0, exposure, outgo, 0.005)[0]

    return linear, rolled, SolvencyCurve.from_required(required_rates(rolled, linear.floor, linear.required_rates()))


@pytest.mark.parametrize("seed", [1, 2])
def test_the_iterated_curve_agrees_with_brute_force(seed):
    exposure, outgo = fund_of(seed)
    linear, rolled, curve = solved(CUTS, exposure, outgo)
    plain = SolvencyCurve.of(linear)
    assert abs(curve.rate(0.9) - plain.rate(0.9)) > 1e-6  # the policy matters here
    for probability in (0.1, 0.3, 0.5, 0.7, 0.9, 0.97):
        rate = curve.rate(probability)
        brute = float((rolled(rate) >= linear.floor).all(axis=1).mean())
        assert brute == pytest.approx(probability, abs=3 * float(curve.standard_error(rate)))


def test_without_triggers_the_answer_is_the_linear_one():
    exposure, outgo = fund_of(3, 500)
    linear, _, curve = solved(StageCuts(()), exposure, outgo)
    assert curve.required == pytest.approx(np.sort(np.maximum(linear.required_rates(), 0.0)), abs=2e-9)


def test_each_path_stands_at_its_rate_and_not_below():
    exposure, outgo = fund_of(4, 300)
    linear = roll_forward(4e6, exposure, outgo, 0.005)

    def rolled(rate):
        return roll_forward_with_policy(rate, CUTS, 4e6, 13.0, exposure, outgo, 0.005)[0]

    needed = required_rates(rolled, linear.floor, linear.required_rates())
    assert (rolled(needed) >= linear.floor).all()
    below = needed > 1e-8
    assert not (rolled(needed - 3e-9) >= linear.floor).all(axis=1)[below].any()


def test_a_path_that_no_rate_saves():
    exposure, outgo = np.zeros((2, 8)), np.full((2, 8), 1e6)
    linear = roll_forward(1e6, exposure, outgo, 0.0)

    def rolled(rate):
        return roll_forward_with_policy(rate, CUTS, 1e6, 3.0, exposure, outgo, 0.0)[0]

    assert (required_rates(rolled, linear.floor, linear.required_rates()) == np.inf).all()


def test_a_review_under_the_policy_agrees_with_itself():
    scenario = Scenario(paths=2000, risks=Risks(policy=True))
    prepared = prepare(open_book("xpcc"), scenario)
    found = conclude(prepared, scenario)
    needed = found.required_rate.set_index("probability")["rate"]
    for level in (0.5, 0.9):
        again = conclude(prepared, scenario.with_changes(base_rate=float(needed[level])))
        row = again.required_rate.set_index("probability").loc[level]
        assert row["rate"] == needed[level]
        assert again.probability_solvent == pytest.approx(level, abs=0.03)
    assert needed[0.9] > prepared.curve.rate(0.9)  # cuts cost
