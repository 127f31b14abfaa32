"""Development: triangles from ledgers, methods, distributions, and what they refuse."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.development import (
    CALIBRATED,
    MACK_LOGNORMAL,
    Calibration,
    backtest,
    bornhuetter_ferguson,
    cape_cod,
    chain_ladder,
    discounted,
    frequency_severity,
    mack,
    reserve_distribution,
    tail_factor,
    triangle,
)
from models.development.distribution import coming
from models.development.triangles import Reading
from models.messages import InputError

NAN = np.nan
SMALL = np.array([[100.0, 150.0, 165.0], [110.0, 170.0, NAN], [120.0, NAN, NAN]])


def known(square: np.ndarray) -> np.ndarray:
    row, column = np.indices(square.shape)
    return np.where(row + column < square.shape[1], square, NAN)


def synthetic(size: int, seed: int, cv: float = 0.3, calendar: float = 0.0) -> tuple[np.ndarray, float]:
    """Return a known triangle and what was still paid: payments fall by age, and a calendar walk moves them."""
    rng = np.random.default_rng(seed)
    row, column = np.indices((size, size))
    walk = np.cumsum(np.append(0.0, rng.normal(0.0, calendar, 2 * size)))
    mean = 1e5 * np.exp(-0.6 * column + walk[row + column])
    square = np.cumsum(mean * rng.gamma(1 / cv**2, cv**2, (size, size)), axis=1)
    table = known(square)
    return table, float((square[:, -1] - chain_ladder(table).ultimates + chain_ladder(table).reserves).sum())


@st.composite
def triangles(draw) -> np.ndarray:
    """Triangles of 3 to 7 origins with positive first payments, zeros and small recoveries later."""
    size = draw(st.integers(3, 7))
    first = draw(st.lists(st.floats(50.0, 1e6), min_size=size, max_size=size))
    growth = draw(
        st.lists(st.sampled_from([0.0, -0.05, 0.01, 0.3, 1.0]), min_size=size * (size - 1), max_size=size * (size - 1))
    )
    steps = 1.0 + np.array(growth).reshape(size, size - 1)
    return known(np.array(first)[:, None] * np.hstack([np.ones((size, 1)), np.cumprod(steps, axis=1)]))


# triangle ------------------------------------------------------------------------------------------------------------------------


def test_payments_become_a_cumulative_triangle():
    rows = pd.DataFrame(
        {"origin": [2021, 2021, 2021, 2022, 2024], "age": [1, 1, 3, 2, 1], "paid": [5.0, 2.0, 1.0, 4.0, 9.0]}
    )
    found = triangle(rows, "origin", "age", "paid")
    assert found.origins == (2021, 2022, 2023, 2024)
    assert found.ages == (1, 2, 3)
    expected = [[7, 7, 8], [0, 4, 4], [0, 0, NAN], [9, NAN, NAN]]
    np.testing.assert_array_equal(found.cumulative, expected)


def test_zero_and_missing_stay_apart():
    rows = pd.DataFrame(
        {"o": ["2024Q1", "2024Q1", "2024Q2", "2024Q1"], "a": [3, 6, 3, 9], "v": [10.0, 12.0, 0.0, None]}
    )
    found = triangle(rows, "o", "a", "v", cumulative=True)
    assert found.origins == ("2024Q1", "2024Q2")
    assert found.ages == (3, 6)
    np.testing.assert_array_equal(found.cumulative, [[10, 12], [0, NAN]])
    # as payments, a missing value hides all later sums of its origin; a cell without rows is a zero
    rows = pd.DataFrame({"o": [1, 1, 1, 2, 3], "a": [0, 1, 2, 0, 0], "v": [10.0, None, 5.0, 3.0, 1.0]})
    np.testing.assert_array_equal(triangle(rows, "o", "a", "v").cumulative, [[10, NAN], [3, 3], [1, NAN]])


def test_quarterly_ages_of_yearly_origins():
    rows = pd.DataFrame({"o": [2023, 2023, 2024], "a": [1, 6, 2], "v": [1.0, 2.0, 4.0]})
    found = triangle(rows, "o", "a", "v", ages_per_origin=4)
    np.testing.assert_array_equal(found.cumulative, [[1, 1, 1, 1, 1, 3], [0, 4, NAN, NAN, NAN, NAN]])


def test_a_step_hidden_by_sparse_payments_can_be_given():
    rows = pd.DataFrame({"o": [1, 1, 2], "a": [0, 2, 0], "v": [5.0, 1.0, 2.0]})
    assert triangle(rows, "o", "a", "v").ages == (0, 2)
    found = triangle(rows, "o", "a", "v", age_step=1)
    np.testing.assert_array_equal(found.cumulative, [[5, 5, 6], [2, 2, NAN]])


def test_the_incomplete_calendar_period_is_left_out():
    rows = pd.DataFrame({"o": [2022, 2022, 2022, 2023, 2023, 2024], "a": [0, 1, 2, 0, 1, 0], "v": 1.0})
    found = triangle(rows, "o", "a", "v", drop_latest=True)
    assert found.origins == (2022, 2023)
    np.testing.assert_array_equal(found.cumulative, [[1, 2], [1, NAN]])


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ({"o": [1], "a": [1]}, {}, "Column v is missing"),
        ({"o": [1, None], "a": [1, 1], "v": [1, 1]}, {}, "Row 1 has no o"),
        ({"o": [1], "a": [1.5], "v": [1]}, {}, "1.5 is not a whole number"),
        ({"o": [1], "a": [1], "v": ["many"]}, {}, "many is not a number"),
        ({"o": ["soon"], "a": [1], "v": [1]}, {}, "2024Q1"),
        ({"o": ["2024Q1", "2024-01"], "a": [1, 1], "v": [1, 1]}, {}, "of one kind"),
        ({"o": [202401], "a": [1], "v": [1]}, {}, "write a month as 2024-01"),
        ({"o": [pd.Timestamp("2024-01-05")], "a": [1], "v": [1]}, {}, "holds dates"),
        ({"o": [2024, 2024], "a": [1, 1], "v": [1, 2]}, {"cumulative": True}, "several cumulative values at age 1"),
        ({"o": [], "a": [], "v": []}, {}, "no rows"),
        ({"o": [1, 1], "a": [12, 18], "v": [1, 1]}, {"age_step": 12}, "steps of 12"),
        ({"o": [1, 9999], "a": [1, 10**6 + 1], "v": [1, 1]}, {"age_step": 1}, "mistyped"),
        ({"o": [2024], "a": [1], "v": [1]}, {"drop_latest": True}, "No complete calendar period"),
    ],
)
def test_unusable_rows_are_named(rows, options, words):
    with pytest.raises(InputError, match=words):
        triangle(pd.DataFrame(rows), "o", "a", "v", **options)


# chain ladder and Mack -----------------------------------------------------------------------------------------------------------


def mack_1993(c: np.ndarray) -> tuple[np.ndarray, float]:
    """Mack's closed formulas, written as in the paper for a full n × n triangle."""
    n = len(c)
    f, sigma2 = [], []
    for k in range(n - 1):
        start, end = c[: n - 1 - k, k], c[: n - 1 - k, k + 1]
        f.append(end.sum() / start.sum())
        if k < n - 2:
            sigma2.append((start * (end / start - f[k]) ** 2).sum() / (n - k - 2))
    sigma2.append(min(sigma2[-1] ** 2 / sigma2[-2], sigma2[-1], sigma2[-2]))
    ultimate, mse = np.zeros(n), np.zeros(n)
    shared = [sigma2[k] / f[k] ** 2 / c[: n - 1 - k, k].sum() for k in range(n - 1)]
    for i in range(n):
        path = c[i, n - 1 - i]
        for k in range(n - 1 - i, n - 1):
            mse[i] += sigma2[k] / f[k] ** 2 / path + shared[k]
            path *= f[k]
        ultimate[i] = path
        mse[i] *= path**2
    cross = sum(
        ultimate[i] * ultimate[i + 1 :].sum() * 2 * sum(shared[k] for k in range(n - 1 - i, n - 1)) for i in range(n)
    )
    return np.sqrt(mse), float(np.sqrt(mse.sum() + cross))


@pytest.mark.parametrize("size", [4, 7, 12])
def test_recursion_equals_the_formulas_of_the_paper(size):
    table, _ = synthetic(size, seed=size)
    fit = mack(table)
    errors, total = mack_1993(table)
    assert fit.standard_errors == pytest.approx(errors, rel=1e-12)
    assert fit.total_standard_error == pytest.approx(total, rel=1e-12)
    assert fit.standard_errors**2 == pytest.approx(fit.process_errors**2 + fit.parameter_errors**2)


@settings(deadline=None, max_examples=40)
@given(triangles(), st.floats(1e-3, 1e3))
def test_mack_in_another_currency(table, rate):
    """Reserves scale with the money; latest values plus reserves are ultimates; nothing is missing."""
    fit, other = mack(table), mack(table * rate)
    assert other.reserves == pytest.approx(fit.reserves * rate, rel=1e-7, abs=1e-6 * rate)
    assert other.total_standard_error == pytest.approx(fit.total_standard_error * rate, rel=1e-6, abs=1e-6 * rate)
    assert np.isfinite(
        [*fit.ultimates, *fit.standard_errors, *fit.factors, *fit.sigmas, fit.total_standard_error]
    ).all()
    assert fit.total_standard_error <= fit.standard_errors.sum() * (1 + 1e-9) + 1e-9
    assert fit.total_standard_error**2 >= (fit.standard_errors**2).sum() * (1 - 1e-9) - 1e-9


@settings(deadline=None, max_examples=30)
@given(triangles(), st.randoms(use_true_random=False))
def test_order_of_origins_does_not_matter(table, random):
    order = list(range(len(table)))
    random.shuffle(order)
    assert mack(table[order]).reserves == pytest.approx(mack(table).reserves[order], rel=1e-9, abs=1e-6)
    assert mack(table[order]).total_standard_error == pytest.approx(
        mack(table).total_standard_error, rel=1e-9, abs=1e-6
    )


def test_a_cell_missing_inside_takes_only_its_links():
    table, _ = synthetic(6, seed=3)
    holed = table.copy()
    holed[0, 2] = NAN
    fit = mack(holed)
    assert fit.factors[0] == mack(table).factors[0]
    assert fit.factors[1] == pytest.approx(table[1:4, 2].sum() / table[1:4, 1].sum())
    assert np.isfinite(fit.standard_errors).all()
    assert np.isnan(fit.completed[0, 2])
    leading = table.copy()
    leading[0, :2] = NAN  # records begin later than the oldest origin
    assert np.isfinite(mack(leading).total_standard_error)


def test_zeros_count_in_the_factor_and_say_so():
    table = SMALL.copy()
    table[0, 0] = 0.0
    fit = mack(np.vstack([[90.0, 140.0, 150.0], table]))
    assert fit.factors[0] == pytest.approx((140 + 150 + 170) / (90 + 0 + 110))
    assert any("start from zero" in str(note) for note in fit.notes)


def test_an_age_of_zeros():
    table = np.array([[0.0, 50.0, 60.0, 61.0], [0.0, 55.0, 68.0, NAN], [0.0, 52.0, NAN, NAN], [0.0, NAN, NAN, NAN]])
    with pytest.raises(InputError, match="Origin 4 must pass age 1"):
        chain_ladder(table)
    with pytest.raises(InputError, match="Origin 4 must pass age 1"):
        reserve_distribution(table)
    prior = bornhuetter_ferguson(table, 100.0, 0.6)
    assert prior.ultimates[3] == pytest.approx(60.0)
    assert np.isfinite(mack(table[:3]).total_standard_error)  # nobody stands there any more


def test_all_zeros():
    table = known(np.zeros((4, 4)))
    fit = mack(table)
    assert fit.total_reserve == fit.total_standard_error == 0.0
    assert fit.notes
    found = reserve_distribution(table)
    assert found.mean == found.std == found.quantile(0.99) == 0.0


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ([1.0, 2.0], "at least two origins and two ages"),
        ([["a", "b"], ["c", "d"]], "array of numbers"),
        ([[1.0, np.inf], [1.0, NAN]], "Origin 1 at age 2 holds inf"),
        ([[1.0, -2.0], [1.0, NAN]], "Origin 1 at age 2 holds -2.0"),
        ([[1.0, 2.0], [NAN, NAN]], "Origin 2 has no value"),
        ([[1.0, NAN], [1.0, NAN]], "Age 2 has no value"),
        ([[1.0, 2.0, NAN], [1.0, NAN, 3.0]], "both age 2 and age 3"),
        ([[1.0, 2.0], [1.0, NAN]], "three origins or more"),
    ],
)
def test_unusable_triangles_are_named(table, words):
    with pytest.raises(InputError, match=words):
        mack(table)


def test_tail_of_mack():
    plain, with_tail = mack(SMALL), mack(SMALL, tail=1.1, tail_standard_error=0.05)
    assert with_tail.ultimates == pytest.approx(plain.ultimates * 1.1)
    grown = (plain.total_standard_error * 1.1) ** 2 + (plain.ultimates.sum() * 0.05) ** 2
    assert with_tail.total_standard_error == pytest.approx(np.sqrt(grown))
    with pytest.raises(InputError, match="positive number"):
        mack(SMALL, tail=0.0)


# other methods -------------------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=30)
@given(triangles())
def test_methods_meet_at_their_corners(table):
    """With the chain ladder's own ultimates as prior, Bornhuetter-Ferguson is the chain ladder; so is Cape Cod without pooling."""
    ladder = chain_ladder(table)
    exposure = np.linspace(1.0, 2.0, len(table))
    assert bornhuetter_ferguson(table, 1.0, ladder.ultimates).ultimates == pytest.approx(ladder.ultimates)
    assert cape_cod(table, exposure, decay=0.0).ultimates == pytest.approx(ladder.ultimates)
    pooled = cape_cod(table, exposure)
    assert pooled.ratios == pytest.approx(np.full(len(table), pooled.ratios[0]))


def test_cape_cod_by_hand():
    found = cape_cod(SMALL, [100.0, 110.0, 120.0])
    factors = np.array([(150 + 170) / 210, 1.1])
    developed = np.array([1.0, 1 / 1.1, 1 / 1.1 / factors[0]])
    ratio = (165 + 170 + 120) / (np.array([100.0, 110.0, 120.0]) @ developed)
    assert found.ratios == pytest.approx(ratio)
    assert found.reserves == pytest.approx(np.array([100.0, 110.0, 120.0]) * ratio * (1 - developed))
    assert found.completed[2, 1] == pytest.approx(120 + 120 * ratio * (developed[1] - developed[2]))


def test_cape_cod_recovers_a_trend():
    exposure = np.array([10.0, 30.0, 20.0, 50.0])
    level = 0.5 * 1.07 ** np.arange(4)
    table = known((exposure * level)[:, None] * np.array([0.4, 0.7, 0.9, 1.0]))
    found = cape_cod(table, exposure, decay=0.7, trend=0.07)
    assert found.ratios == pytest.approx(level)


def test_expected_methods_with_a_tail():
    tail = tail_factor([1.5, 1.25, 1.125])
    found = bornhuetter_ferguson(SMALL, 100.0, 2.0, tail=tail)
    assert found.completed.shape == (3, 3 + len(tail.factors))
    assert found.ultimates[0] == pytest.approx(165 + 200 * (1 - 1 / tail.factor))
    assert found.completed[:, -1] == pytest.approx(found.ultimates)


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: bornhuetter_ferguson(SMALL, [1.0, 2.0], 1.0), "one number or 3"),
        (lambda: bornhuetter_ferguson(SMALL, [1.0, NAN, 2.0], 1.0), "exposure of origin 2 is missing"),
        (lambda: bornhuetter_ferguson(SMALL, 0.0, 1.0), "not zero in every origin"),
        (lambda: cape_cod(SMALL, 1.0, decay=1.5), "between 0 and 1"),
        (lambda: cape_cod(SMALL, 1.0, trend=-1.0), "above −100%"),
        (lambda: cape_cod(SMALL, [0.0, 1.0, 1.0], decay=0.0), "Origin 1 has no developed exposure"),
        (lambda: bornhuetter_ferguson([[5.0, 0.0], [4.0, NAN]], 1.0, 1.0), "fallen back to zero"),
        (lambda: frequency_severity(SMALL, SMALL[:2]), "different shapes"),
        (lambda: frequency_severity(SMALL * [0, 1, 1], SMALL), "amount without a count"),
        (lambda: discounted(chain_ladder(SMALL), -1.0), "above −100%"),
        (lambda: discounted(chain_ladder(SMALL), 0.03, timing=2.0), "timing"),
        (lambda: tail_factor([1.5, 1.2]), "at least three factors"),
        (lambda: tail_factor([1.1, 1.2, 1.3]), "do not fall"),
        (lambda: tail_factor([1.5, 1.2, 1.1], curve="straight"), "exponential or inverse power"),
    ],
)
def test_methods_refuse_by_name(work, words):
    with pytest.raises(InputError, match=words):
        work()


def test_frequency_times_severity():
    counts = np.array([[10.0, 12.0, 12.0], [20.0, 24.0, NAN], [0.0, NAN, NAN]])
    amounts = np.array([[100.0, 144.0, 150.0], [220.0, 300.0, NAN], [0.0, NAN, NAN]])
    with pytest.raises(InputError, match="Origin 3 has no count"):
        frequency_severity(counts, amounts)
    counts[2, 0], amounts[2, 0] = 15.0, 165.0
    found = frequency_severity(counts, amounts)
    assert found.counts.ultimates == pytest.approx([12.0, 24.0, 18.0])
    severity = np.array([[10.0, 12.0, 12.5], [11.0, 12.5, NAN], [11.0, NAN, NAN]])
    assert found.ultimates == pytest.approx(found.counts.ultimates * chain_ladder(severity).ultimates)
    assert found.total_reserve == pytest.approx((found.ultimates - [150.0, 300.0, 165.0]).sum())


# tail and discounting --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("curve", ["exponential", "inverse power"])
def test_the_curve_behind_the_factors_is_found(curve):
    age = np.arange(1.0, 60.0)
    factors = 1.0 + (0.8 * 0.6**age if curve == "exponential" else 0.8 * age**-2.5)
    found = tail_factor(factors[:8], horizon=40)
    assert found.curve == curve
    assert found.factor == pytest.approx(np.prod(factors[8:48]))
    assert found.standard_error == pytest.approx(0.0, abs=1e-6)
    assert "tail factor" in str(found.notes[0])


def test_tail_error_grows_with_noise_and_skips_factors_below_one():
    rng = np.random.default_rng(0)
    factors = 1.0 + 0.8 * 0.6 ** np.arange(1, 9) * np.exp(rng.normal(0, 0.3, 8))
    factors[4] = 0.99
    found = tail_factor(factors)
    assert found.standard_error > 0.0
    assert "left out" in str(found.notes[1])
    # the delta method against many draws of the line
    fit = tail_factor(factors, curve="exponential")
    draws = [
        tail_factor(1 + 0.8 * 0.6 ** np.arange(1, 9) * np.exp(rng.normal(0, 0.1, 8)), curve="exponential")
        for _ in range(400)
    ]
    assert fit.curve == "exponential"
    assert np.std([d.factor for d in draws]) == pytest.approx(np.mean([d.standard_error for d in draws]), rel=0.2)


def test_discounting():
    ladder = chain_ladder(SMALL)
    whole = discounted(ladder, 0.0)
    assert whole.total == pytest.approx(ladder.total_reserve) == whole.undiscounted
    first, second = whole.payments
    found = discounted(ladder, 0.03)
    assert found.total == pytest.approx(first / 1.03**0.5 + second / 1.03**1.5)
    curve = discounted(mack(SMALL), [0.02, 0.04], timing=1.0)
    assert curve.total == pytest.approx(first / 1.02 + second / 1.04**2)
    assert found.reserves.sum() == pytest.approx(found.total)


# distribution ---------------------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(triangles())
def test_parts_are_macks(table):
    """Without pooling and over the whole horizon, the variances are those of Mack's total."""
    fit, (parts, _) = mack(table), coming(Reading(table))
    assert parts.expected == pytest.approx(fit.total_reserve, abs=1e-6)
    assert parts.payments.sum() == pytest.approx(parts.expected, abs=1e-6)
    assert parts.process + parts.parameter == pytest.approx(fit.total_standard_error**2, rel=1e-9, abs=1e-6)
    one = coming(Reading(table), 1)[0]
    assert one.expected == pytest.approx(parts.payments[0], abs=1e-6)


@settings(deadline=None, max_examples=25)
@given(triangles(), st.integers(0, 2**32))
def test_a_distribution_is_whole(table, seed):
    found = reserve_distribution(table, seed=seed, draws=500)
    probability = np.array([0.0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1.0])
    quantiles = found.quantile(probability)
    assert np.isfinite([*quantiles, found.mean, found.std, *found.samples]).all()
    assert (np.diff(quantiles) >= 0.0).all()
    if found.spread > 0.0:
        assert found.cdf(quantiles) == pytest.approx(probability, abs=1e-9)
        assert sum(found.shares.values()) == pytest.approx(1.0)
    assert (found.samples >= quantiles[0]).all()
    assert (found.samples <= quantiles[-1]).all()


def test_same_seed_same_bytes():
    first, again, other = (reserve_distribution(SMALL, seed=s) for s in (1, 1, 2))
    assert first.samples.tobytes() == again.samples.tobytes() != other.samples.tobytes()
    assert first.mean == other.mean
    assert first.samples.mean() == pytest.approx(first.mean, rel=0.002)
    assert np.quantile(first.samples, 0.95) == pytest.approx(first.quantile(0.95), rel=0.01)


def test_lognormal_of_mack_is_a_special_case():
    table, _ = synthetic(8, seed=1)
    fit, found = mack(table), reserve_distribution(table, calibration=MACK_LOGNORMAL)
    assert found.mean == pytest.approx(fit.total_reserve, rel=0.002)
    assert found.std == pytest.approx(fit.total_standard_error, rel=0.03)


def test_calendar_risk_widens_and_horizon_narrows():
    table, _ = synthetic(8, seed=1)
    plain = reserve_distribution(table, calibration=Calibration(0.0, CALIBRATED.freedom, CALIBRATED.pooling))
    full = reserve_distribution(table)
    assert plain.spread < full.spread
    assert full.expected == plain.expected
    assert 0.0 < full.shares["calendar"] < 1.0
    year = reserve_distribution(table, horizon=1)
    assert year.expected == pytest.approx(full.payments[0])
    assert year.std < full.std


def test_recoveries_give_a_symmetric_distribution():
    table = np.array([[100.0, 92.0, 91.0], [110.0, 104.0, NAN], [105.0, NAN, NAN]])
    found = reserve_distribution(table)
    assert found.expected < 0.0
    assert not found.logarithmic
    assert found.mean == pytest.approx(found.expected)
    assert "symmetric" in str(found.notes[-1])
    assert found.quantile(0.05) < found.expected < found.quantile(0.95)


def test_a_triangle_that_says_little_says_so():
    table = np.array([[1.0, 400.0, 401.0], [300.0, 310.0, NAN], [0.5, NAN, NAN]])
    found = reserve_distribution(table, calibration=Calibration(3.0, 4.0, 6.0))
    assert found.spread == 2.0
    assert "says little" in str(found.notes[-1])
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert np.isfinite(found.quantile([0.0, 1.0])).all()


def test_bands_hold_where_calendar_years_move_and_macks_do_not():
    """Three hundred made-up funds whose payments walk with the calendar as the calibration says."""
    ours, theirs = [], []
    for seed in range(300):
        table, outcome = synthetic(7, seed, cv=0.2, calendar=CALIBRATED.calendar)
        ours.append(reserve_distribution(table, draws=1).cdf(outcome))
        theirs.append(reserve_distribution(table, draws=1, calibration=MACK_LOGNORMAL).cdf(outcome))
    within = [np.mean(np.abs(np.array(p) - 0.5) <= 0.45) for p in (ours, theirs)]
    assert within[0] >= 0.87
    assert within[1] <= 0.80


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: reserve_distribution(SMALL, horizon=0), "at least one period"),
        (lambda: reserve_distribution(SMALL, draws=0), "At least one sample"),
        (lambda: reserve_distribution(SMALL).quantile(1.2), "between 0 and 1"),
        (lambda: reserve_distribution(SMALL).cdf(NAN), "missing"),
        (lambda: reserve_distribution([[1.0, 2.0], [1.0, NAN]]), "three origins"),
        (lambda: backtest(SMALL), "No past diagonal"),
    ],
)
def test_distribution_refuses_by_name(work, words):
    with pytest.raises(InputError, match=words):
        work()


def test_backtest_uses_only_the_past():
    table, _ = synthetic(8, seed=5)
    found = backtest(table)
    assert found.table["known_until"].tolist() == [2, 3, 4, 5, 6]
    row = found.table.iloc[2]  # known until diagonal 4, three periods ago
    then = np.where(np.add.outer(np.arange(8), np.arange(8)) <= 4, table, NAN)[:5, :5]
    expected = reserve_distribution(then, horizon=3)
    assert row["expected"] == expected.expected
    assert (row["low_90"], row["high_90"]) == pytest.approx(expected.interval(0.9))
    actual = sum(table[i, min(4 - i + 3, 4)] - table[i, 4 - i] for i in range(5))
    assert row["actual"] == pytest.approx(actual)
    assert row["percentile"] == pytest.approx(expected.cdf(actual))
    inside = found.table["actual"].between(found.table["low_90"], found.table["high_90"])
    assert found.within_90 == inside.mean()


def test_bands_on_real_companies_beat_macks():
    """NAIC workers' compensation: companies put back to the end of 1992, the whole reserve of five years known since (benchmarks/development.py)."""
    path = Path(__file__).resolve().parents[2] / "shared" / "data" / "clrd_wkcomp.csv"
    if not path.exists():
        pytest.skip("clrd_wkcomp.csv is not here (../shared/data)")
    rows = pd.read_csv(path)
    wide = rows.pivot_table(index=["GRCODE", "AccidentYear"], columns="DevelopmentLag", values="CumPaidLoss")
    ours, theirs = [], []
    for _, block in wide.groupby(level=0):
        square = block.to_numpy(dtype=np.float64)[:5, :5]
        try:
            found = reserve_distribution(known(square), draws=1)
            other = reserve_distribution(known(square), draws=1, calibration=MACK_LOGNORMAL)
        except InputError:
            continue
        if found.logarithmic:
            outcome = (square[:, -1] - np.diag(square[:, ::-1])).sum()
            ours.append(found.cdf(outcome))
            theirs.append(other.cdf(outcome))
    assert len(ours) > 70
    shares = {
        name: [np.mean(np.abs(np.array(p) - 0.5) <= band / 2) for band in (0.5, 0.9)]
        for name, p in (("ours", ours), ("mack", theirs))
    }
    assert shares["ours"][0] == pytest.approx(0.5, abs=0.1)
    assert shares["ours"][1] == pytest.approx(0.9, abs=0.08)
    assert shares["mack"][1] < 0.7
