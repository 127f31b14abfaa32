"""Cohorts by quarter: what is earned, paid and owed adds up on every path and step; priced at its rate a cohort ends at zero."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cohort_simulation import (
    CHUNK,
    Collection,
    Economy,
    Effects,
    Events,
    Risky,
    draw_luck,
    expected,
    process_cv,
    run,
)
from models.cohorts import (
    LAGS,
    LONG,
    QUARTERS,
    CohortModel,
    Frequency,
    Stream,
    by_lag,
    earned_ahead,
    pattern_of,
    toeplitz,
)
from models.fund import roll_forward
from models.liabilities import LONGEST_YEARS, discounts, value_liabilities
from models.simulation import GrowthPrior, fit_growth

FEN = 0.005
ECONOMY = Economy(
    0.05, 0.06, 0.04, 0.02, 0.03, 0.02, 0.03, 0.004, 0.8, {"wages": 0.5, "medical": 0.3, "interest": 0.3}, 0.5
)


def model(rng=None):
    """A small fund: two lump streams and two pensions, works under way, known accidents, pensioners."""
    rng = rng or np.random.default_rng(7)

    def short():
        pattern = rng.gamma(1.0, 1.0, LAGS) * np.exp(-np.arange(LAGS) / 6)
        return pattern / pattern.sum()

    survival = np.exp(-np.arange(LONG) / 90.0)
    survival[-40:] = 0.0
    survival[0] = 0.5
    none = np.zeros(LONG)
    streams = (
        Stream("medical", "injuries", "medical", "medical", 30_000 * short(), 1e6 * short(), None, none, none, 0.0),
        Stream("disability_lump", "injuries", "lump", "wages", 25_000 * short(), 2e6 * short(), None, none, none, 0.0),
        Stream("disability_allowance", "injuries", "life", "wages", 70 * short(), 4e4 * short(), survival, 1e6 * survival, 80 * survival, 4_000.0),
        Stream("survivor_pension", "deaths", "fatal", "wages", 3_000 * short(), 1e4 * short(), survival, 5e5 * survival, 40 * survival, 3_500.0),
    )  # fmt: skip
    earning = np.zeros((QUARTERS, LAGS))
    earning[:, :10] = rng.dirichlet(np.ones(10), QUARTERS)
    written = rng.gamma(20.0, 1e9, 40)
    frequency = Frequency(1e-8, -0.05, np.diag([1e-3, 1e-4]), 1.5, np.array([0.6, 1.2, 1.2, 1.0]))
    deaths = Frequency(1e-10, -0.05, np.diag([1e-2, 1e-4]), 1.0, frequency.season)
    names = [s.name for s in streams]
    return CohortModel(
        2015, written, written, rng.dirichlet(np.full(QUARTERS, 5.0)), earning, 1e10 * earning[0], 1e7 * earning[1], frequency, deaths,
        streams, dict.fromkeys(names, 2.0), dict.fromkeys(names, 0.05), np.linspace(0, 0.02, LONG),
    )  # fmt: skip


def lucky(own, years, paths=60, seed=1, risky=None):
    growth = fit_growth(np.arange(2015, 2025), own.written.reshape(-1, 4).sum(axis=1)[:, None], GrowthPrior((0.05,)))
    cases = run(own, expected(np.full(years, 8e10)), ECONOMY, Effects.none(years * 4), Collection(), Events()).cases
    mean = {base: n[:, 0] for base, n in cases.items()}
    return list(draw_luck(own, growth, ECONOMY, mean, 8e10, years, paths, seed, risky or Risky()))


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10_000), st.integers(1, 6))
def test_written_is_earned_and_what_is_left_to_earn(seed, years):
    own = model(np.random.default_rng(seed))
    written = np.random.default_rng(seed + 1).gamma(2.0, 1e10, (years * QUARTERS, 7))
    longer = np.pad(written, ((0, LAGS), (0, 0)))
    earned = earned_ahead(own, longer, before=False)
    unearned = np.cumsum(longer - earned, axis=0)
    assert (unearned[: years * QUARTERS] >= -FEN).all()
    assert np.abs(unearned[-1]).max() < FEN
    opening = np.vstack([np.zeros(7), unearned[:-1]])
    assert np.abs(longer - (earned + unearned - opening)).max() < FEN


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10_000))
def test_parts_sum_to_the_whole_on_every_path_and_step(seed):
    own = model(np.random.default_rng(seed))
    luck = lucky(own, 3, 11, seed)[0]
    effects = Effects.none(12)
    everything = run(own, luck, ECONOMY, effects, Collection(), Events(1e-12, 3, 3.5))
    assert np.abs(everything.outgo - sum(p.payments for p in everything.paid.values())).max() < FEN
    happened = run(
        own, luck, ECONOMY, effects, Collection(), Events(1e-12, 3, 3.5), until=np.zeros(luck.paths, dtype=int)
    )
    assert (happened.outgo <= everything.outgo + FEN).all()
    assert all((p.payments >= 0).all() for p in everything.paid.values())


def test_a_stream_pays_as_an_accountant_would_count():
    own = model()
    luck = lucky(own, 2, 3)[0]
    found = run(own, luck, ECONOMY, Effects.none(8), Collection(), Events())
    wages = np.repeat((1.05 ** np.arange(1, 3))[:, None] * luck.wages, 4, axis=0)
    stream = own.streams[2]
    cases = found.cases["injuries"] * luck.accidents
    factor = luck.noise["disability_allowance"] * luck.level["disability_allowance"]
    for path in range(3):
        for t in range(8):
            index = found.index[t, path]
            paid = index * stream.in_payment[t] * max(1 + own.longevity[t] * luck.longevity[path], 0)
            for start in range(t + 1):
                award = stream.known[start] + sum(
                    stream.pattern[start - o] * wages[o, path] * cases[o, path] for o in range(start + 1)
                )
                paid += 3 * factor[start, path] * award * stream.survival[t - start] * index / found.index[start, path]
            assert found.paid["disability_allowance"].payments[t, path] == pytest.approx(paid, rel=1e-10)


def test_liabilities_roll_forward_to_the_fen():
    own, years = model(), 6
    written = np.pad(np.full(years, 8e10), (0, LONGEST_YEARS))
    quarters = len(written) * QUARTERS
    found = value_liabilities(
        own, expected(written), ECONOMY, Effects.none(quarters), Events(1e-12, 3, 3.5), 0.03, years
    )
    assert np.abs(found.experience).max() < FEN
    assert (found.new > 0).all()
    assert (found.outstanding > 0).all()
    assert (found.pensions > 0).all()
    # the money that is owed, invested at the discount rate, pays everything and ends at nothing
    known = run(own, expected(written), ECONOMY, Effects.none(quarters), Collection(), Events(), until=np.array([0]))
    interest = 1.03**0.25 - 1
    nothing = np.zeros((1, quarters))
    fund = roll_forward(found.total[0], nothing, known.outgo.T, interest)
    assert abs(fund.a[0, -1]) / (1 + interest) ** quarters < FEN


def test_dearer_accidents_to_come_leave_todays_liability_alone():
    own, years = model(), 3
    written = np.pad(np.full(years, 8e10), (0, LONGEST_YEARS))
    effects = Effects.none(len(written) * QUARTERS)
    plain, dearer = (
        value_liabilities(own, expected(written), ECONOMY, e, Events(), 0.03, years)
        for e in (effects, Effects(**{**vars(effects), "frequency": effects.frequency * 1.2}))
    )
    assert dearer.total[0] == pytest.approx(plain.total[0], rel=1e-12)  # what has happened is not changed by what will
    assert dearer.new == pytest.approx(1.2 * plain.new, rel=1e-9)


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 10_000), st.floats(0.0, 0.06))
def test_a_cohort_priced_at_full_funding_ends_at_zero(seed, rate):
    """Premium of one year's projects at their indicated rate, invested, pays all that they ever cost, to the fen; no tolerance grows with the fund."""
    from dataclasses import replace

    own = model(np.random.default_rng(seed))
    empty = tuple(replace(s, known=np.zeros(LAGS), in_payment=np.zeros(LONG)) for s in own.streams)
    own = replace(own, under_way=np.zeros(LAGS), streams=empty, written=np.zeros(40))
    years = LONGEST_YEARS + 2 * LAGS // QUARTERS
    written = np.zeros(years)
    written[0] = 8e10
    found = run(own, expected(written), ECONOMY, Effects.none(years * 4), Collection(0.3, 2), Events(1e-12, 3, 3.5))
    weight = discounts(rate, years * 4)
    indicated = float(weight @ found.outgo[:, 0] / (weight @ found.collected[:, 0]))
    interest = (1 + rate) ** 0.25 - 1
    balance = 0.0
    for t in range(years * 4):
        flow = indicated * found.collected[t, 0] - found.outgo[t, 0]
        balance = balance * (1 + interest) + flow * (1 + interest / 2)
    assert abs(balance) / (1 + interest) ** (years * 4) < FEN
    assert found.outgo[-1, 0] == pytest.approx(0, abs=FEN)  # nobody is left


def test_pay_as_you_go_income_is_outgo_of_the_year():
    own = model()
    luck = lucky(own, 1, 200)
    found = [run(own, one, ECONOMY, Effects.none(4), Collection(0.2, 1, 0.5), Events()) for one in luck]
    outgo, base = (np.concatenate([getattr(f, n).sum(axis=0) for f in found]) for n in ("outgo", "collected"))
    rate = outgo.mean() / base.mean()
    assert rate * base.mean() == pytest.approx(outgo.mean(), abs=FEN)


def test_a_risk_switched_off_leaves_the_others_luck_alone():
    own = model()
    whole, life = lucky(own, 3)[0], "disability_allowance"
    for risk in ("process", "parameter", "economic", "catastrophe"):
        part = lucky(own, 3, risky=Risky(**{risk: False}))[0]
        same = {
            "process": [np.array_equal(part.frequency, whole.frequency), np.array_equal(part.wages, whole.wages)],
            "parameter": [
                np.array_equal(part.wages, whole.wages),
                np.array_equal(part.noise.get(life), whole.noise["disability_allowance"]),
            ],
            "economic": [
                np.array_equal(part.frequency, whole.frequency),
                np.array_equal(part.noise.get(life), whole.noise["disability_allowance"]),
            ],
            "catastrophe": [
                np.array_equal(part.written, whole.written),
                np.array_equal(part.frequency, whole.frequency),
            ],
        }[risk]
        assert all(same), risk
    still = lucky(own, 3, risky=Risky(False, False, False, False))[0]
    paths = run(own, still, ECONOMY, Effects.none(12), Collection(), Events()).outgo
    assert np.ptp(paths, axis=1).max() < FEN


def test_paths_are_the_same_in_any_number_and_a_longer_horizon_begins_alike():
    own = model()
    assert np.array_equal(lucky(own, 2, 40)[0].frequency, lucky(own, 2, 40)[0].frequency)
    short, long = lucky(own, 2)[0], lucky(own, 5)[0]
    assert np.allclose(short.wages, long.wages[:2])
    assert np.allclose(short.noise["disability_lump"], long.noise["disability_lump"][:8])
    chunks = lucky(own, 1, CHUNK + 10)
    assert [c.paths for c in chunks] == [CHUNK, 10]
    assert np.array_equal(chunks[0].written, lucky(own, 1, CHUNK)[0].written)


def test_noise_has_mean_one_and_the_spread_of_its_cases():
    own = model()
    luck = lucky(own, 1, 2_000)[0]
    cases = run(own, expected(np.full(1, 8e10)), ECONOMY, Effects.none(4), Collection(), Events()).cases["injuries"][
        :, 0
    ]
    stream = own.streams[1]
    pattern = stream.pattern / stream.pattern.sum()
    paid = [
        stream.known[t] / stream.pattern.sum() + sum(pattern[t - o] * cases[o] for o in range(t + 1)) for t in range(4)
    ]
    for factor, wanted in (
        (luck.noise["disability_lump"], np.sqrt((1.0 + 2.0**2) / np.array(paid))),
        (luck.accidents, np.sqrt((own.cases.dispersion - 1.0) / cases)),
    ):
        assert (np.abs(factor.mean(axis=1) - 1.0) < 4 * wanted / np.sqrt(1_000)).all()
        # the spread on the scale of the logarithm, where it is normal
        assert np.log(factor).std(axis=1) == pytest.approx(np.sqrt(np.log1p(wanted**2)), rel=0.06)


def test_the_spread_of_a_year_is_that_of_accidents_drawn_one_by_one():
    """Cases drawn one by one, each paid once and at its own time: what a year pays varies as the model says, neither less nor more."""
    from dataclasses import replace

    rng, own = np.random.default_rng(5), model()
    stream, cv, quarters, paths = own.streams[1], 2.0, 8, 4_000
    origins = np.full(LAGS + quarters, 30.0)
    pattern = stream.pattern / stream.pattern.sum()
    known = np.array(
        [sum(origins[LAGS - age] * pattern[age + t] for age in range(1, LAGS - t)) for t in range(quarters)]
    )
    stream = replace(stream, pattern=pattern, known=np.pad(known, (0, LAGS - quarters)))
    own = replace(own, case_cv={stream.name: cv})
    said = process_cv(own, stream, origins[LAGS:]) * stream.settled(origins[LAGS:])
    drawn = np.zeros((paths, quarters))
    shape = 1.0 / cv**2
    for origin in range(LAGS + quarters):
        n = rng.poisson(30.0, paths)
        path = np.repeat(np.arange(paths), n)
        when = origin - LAGS + rng.choice(LAGS, len(path), p=pattern)
        here = (when >= 0) & (when < quarters)
        amounts = rng.gamma(shape, 1.0 / shape, int(here.sum()))
        drawn += np.bincount(path[here] * quarters + when[here], amounts, paths * quarters).reshape(paths, quarters)
    for year in (slice(0, 4), slice(4, 8)):
        assert drawn[:, year].sum(axis=1).std() == pytest.approx(np.sqrt((said[year] ** 2).sum()), rel=0.05)
        assert drawn[:, year].sum(axis=1).mean() == pytest.approx(stream.settled(origins[LAGS:])[year].sum(), rel=0.01)


def test_shocks_act_where_they_belong():
    own = model()
    luck, none = expected(np.full(4, 8e10)), Effects.none(16)

    def outgo(**changed):
        return run(own, luck, ECONOMY, Effects(**{**vars(none), **changed}), Collection(), Events()).outgo[:, 0]

    base = outgo()
    late = np.where(np.arange(16) >= 8, 1.5, 1.0)
    for name in ("construction", "frequency", "wages", "medical"):
        shocked = outgo(**{name: late})
        assert shocked[:8] == pytest.approx(base[:8], rel=1e-12), name
        assert (shocked[8:] > base[8:]).all(), name
    assert outgo(collections=late) == pytest.approx(base, rel=1e-12)
    deaths = np.zeros(16)
    deaths[4] = 20.0
    assert outgo(deaths=deaths)[4:].sum() > base[4:].sum()


def test_deferred_and_settled_collections():
    own = model()
    luck, none = expected(np.full(3, 8e10)), Effects.none(12)
    plain = run(own, luck, ECONOMY, none, Collection(), Events())
    assert np.array_equal(plain.collected, plain.written)
    late = run(own, luck, ECONOMY, none, Collection(0.4, 3), Events()).collected[:, 0]
    flow = np.concatenate([own.written[-3:], plain.written[:, 0]])
    assert late == pytest.approx(0.6 * flow[3:] + 0.4 * flow[:-3], rel=1e-12)


def test_patterns_by_lag_recover_what_made_them():
    rng = np.random.default_rng(3)
    truth = np.exp(-np.arange(LAGS) / 4)
    cases = rng.uniform(80, 120, 60)
    amounts = cases[:, None] * truth[None, :] * (np.arange(60)[:, None] + np.arange(LAGS)[None, :] < 60)
    found = pattern_of(amounts, cases, np.ones(60))
    assert found[:12] == pytest.approx(truth[:12], rel=1e-9)
    assert found.sum() == pytest.approx(truth.sum(), rel=1e-3)
    young = pattern_of(amounts[-16:, :16], cases[-16:], np.ones(16))
    assert (young >= 0).all()
    assert young.sum() == pytest.approx(truth.sum(), rel=0.1)
    assert by_lag(np.array([0, 1, 1]), np.array([0, 1, 9]), np.array([1.0, 2.0, 4.0]), 2, 3).tolist() == [
        [1, 0, 0],
        [0, 2, 4],
    ]
    assert toeplitz(np.array([1.0, 2.0]), 3).tolist() == [[1, 0, 0], [2, 1, 0], [0, 2, 1]]
