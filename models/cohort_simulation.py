"""Cohorts on simulated paths: what luck brings (drawn once for a seed) and what a fund then collects and pays, quarter by quarter.

Luck does not depend on shocks, rates or floors: the same path meets the same luck under every one of them. Paths come in chunks of `CHUNK`, each with
seeds of its own, so that memory is bounded and a path stays the same however many there are. Arrays are (quarters, paths) or (years, paths).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models import simulation
from models.cohorts import (
    FAMILIES,
    QUARTERS,
    CohortModel,
    Kernels,
    Paid,
    Stream,
    earned_ahead,
    middles,
    padded,
    stream_payments,
)
from models.simulation import GrowthModel

Floats = NDArray[np.float64]

CHUNK = 2_500
MOST_CV = 3.0
"""Largest coefficient of variation of what a stream pays in a quarter: beyond it a lognormal says no more."""


@dataclass(frozen=True)
class Economy:
    """Expected yearly growth of wages and medical prices, indexation and interest (fractions), and how they vary.

    ``price`` is the part of construction's growth that is price: an accident a yuan becomes rarer by it. ``correlation`` is that of each name with
    construction. ``indexation_share`` of an unexpected wage growth is passed on to pensions in payment a year later.
    """

    wages: float
    medical: float
    indexation: float
    interest: float
    price: float
    wages_sd: float = 0.0
    medical_sd: float = 0.0
    interest_sd: float = 0.0
    interest_persistence: float = 0.0
    correlation: Mapping[str, float] = field(default_factory=dict)
    indexation_share: float = 0.0


@dataclass(frozen=True)
class Events:
    """Large events: how many per yuan of cost earned, least and mean deaths."""

    frequency: float = 0.0
    least: float = 0.0
    mean: float = 0.0


@dataclass(frozen=True)
class Collection:
    """How premium comes in: the share that comes ``delay`` quarters later, and the share of price changes that is charged at settlement."""

    deferred: float = 0.0
    delay: int = 1
    charged: float = 0.0


@dataclass(frozen=True)
class Effects:
    """Shocks as factors by quarter, shape (quarters,): 1 is none; ``deaths`` are added."""

    construction: Floats
    frequency: Floats
    collections: Floats
    wages: Floats
    medical: Floats
    deaths: Floats

    @classmethod
    def none(cls, quarters: int) -> Effects:
        """No shock."""
        one = np.ones(quarters)
        return cls(one, one, one, one, one, np.zeros(quarters))


@dataclass(frozen=True)
class Luck:
    """What a chunk of paths meets.

    ``written`` (years, paths) total cost enrolled a year; ``wages, medical`` (years, paths) factors on the expected indices; ``interest`` (years, paths)
    departure; ``frequency`` (quarters, paths) factor; ``accidents`` (quarters, paths) factor on the injuries of a quarter, beyond Poisson; ``noise``
    stream → (quarters, paths) factor on what a quarter pays: how many cases are paid just then, and how grave they are; ``level`` stream → (paths,); a
    stream without them comes as expected. ``longevity`` (paths,) standard normal; ``deaths`` (quarters, paths) in large events, the expected ones where
    that risk is off.
    """

    written: Floats
    wages: Floats
    medical: Floats
    interest: Floats
    frequency: Floats
    accidents: Floats
    noise: Mapping[str, Floats]
    level: Mapping[str, Floats]
    longevity: Floats
    event_uniform: Floats | None
    event_size: Floats | None

    @property
    def paths(self) -> int:
        """Number of paths."""
        return int(self.written.shape[1])


def expected(written: Floats) -> Luck:
    """Return one path on which everything comes as expected; ``written`` (years,)."""
    years = len(written)
    one = np.ones((years, 1))
    quarters = np.ones((years * QUARTERS, 1))
    return Luck(written[:, None], one, one, np.zeros((years, 1)), quarters, quarters, {}, {}, np.zeros(1), None, None)


@dataclass(frozen=True)
class Risky:
    """Which risks are drawn."""

    process: bool = True
    parameter: bool = True
    economic: bool = True
    catastrophe: bool = True


def draw_luck(
    model: CohortModel,
    growth: GrowthModel,
    economy: Economy,
    mean_cases: Mapping[str, Floats],
    last_written: float,
    years: int,
    paths: int,
    seed: int,
    risky: Risky,
) -> Iterator[Luck]:
    """Yield the luck of all paths, chunk by chunk.

    Parameters
    ----------
    growth : of the cost enrolled (one series); ``last_written`` is its last year (yuan)
    mean_cases : base → expected accidents by quarter, which say how much a quarter's cost varies
    """
    for number, first in enumerate(range(0, paths, CHUNK)):
        size = min(CHUNK, paths - first)
        own = int(np.random.SeedSequence([seed, number]).generate_state(1, np.uint64)[0])
        yield _luck(model, growth, economy, mean_cases, last_written, years, size, own, risky)


def _luck(
    model: CohortModel, growth: GrowthModel, economy: Economy, mean_cases: Mapping[str, Floats], last_written: float, years: int,
    paths: int, seed: int, risky: Risky,
) -> Luck:  # fmt: skip
    draws = simulation.draw(seed, paths, years, 4)
    one = simulation.only_first_series(draws)
    steps = simulation.simulate_growth(growth, one, years, parameter=risky.parameter, economic=risky.economic)[:, :, 0]
    written = last_written * np.exp(np.cumsum(steps.T, axis=0))
    rng = [np.random.default_rng(s) for s in np.random.SeedSequence([seed, 1]).spawn(3)]
    half = (paths + 1) // 2

    def mirrored(values: Floats) -> Floats:
        return np.concatenate([values, -values], axis=-1)[..., :paths]

    wages, medical = np.ones((years, paths)), np.ones((years, paths))
    interest = np.zeros((years, paths))
    if risky.economic:
        shared = draws.innovations[:, :, 0].T
        for j, (name, sd) in enumerate(
            (("wages", economy.wages_sd), ("medical", economy.medical_sd), ("interest", economy.interest_sd)), start=1
        ):
            rho = economy.correlation.get(name, 0.0)
            z = rho * shared + np.sqrt(1.0 - rho**2) * draws.innovations[:, :, j].T
            if name == "interest":
                for year in range(years):
                    interest[year] = sd * z[year] + (economy.interest_persistence * interest[year - 1] if year else 0.0)
            else:
                level = np.exp(np.cumsum(sd * z - sd**2 / 2, axis=0))
                wages, medical = (level, medical) if name == "wages" else (wages, level)
    quarters = years * QUARTERS
    frequency = np.ones((quarters, paths))
    accidents = np.ones((quarters, 1))
    levels: dict[str, Floats] = {}
    noise: dict[str, Floats] = {}
    longevity = np.zeros(paths)
    if risky.parameter:
        z = mirrored(rng[0].standard_normal((2 + len(FAMILIES), half)))
        root = np.linalg.cholesky(model.cases.covariance)
        felt = model.cases.felt(middles(quarters))
        loading = np.column_stack([np.ones(quarters), felt]) @ root
        frequency = np.exp(loading @ z[:2] - (loading**2).sum(axis=1, keepdims=True) / 2)
        levels = {s.name: _lognormal(z[2 + FAMILIES.index(s.family)], model.level_cv[s.name]) for s in model.streams}
    if risky.process:
        *by_family, crowd = (mirrored(r.standard_normal((quarters, half))) for r in rng[1].spawn(len(FAMILIES) + 1))
        beyond = (model.cases.dispersion - 1.0) / np.maximum(mean_cases["injuries"][:quarters], 1e-9)
        accidents = _lognormal(crowd, np.minimum(np.sqrt(beyond), MOST_CV)[:, None])
        for s in model.streams:
            cv = process_cv(model, s, mean_cases[s.base][:quarters])
            noise[s.name] = _lognormal(by_family[FAMILIES.index(s.family)], cv[:, None])
        longevity = mirrored(rng[2].standard_normal(half))
    event = (draws.catastrophe_uniform.T, draws.catastrophe_size.T) if risky.catastrophe else (None, None)
    return Luck(written, wages, medical, interest, frequency, accidents, noise, levels, longevity, *event)


def process_cv(model: CohortModel, stream: Stream, cases: Floats) -> Floats:
    """Return the coefficient of variation of what a stream pays in each quarter (of what begins, for a pension), given what is expected.

    Accidents are Poisson and each is paid when its turn comes: the cases paid in a quarter are Poisson too, and independent of other quarters'. Their
    sum has variance E[cases]·E[X²], whose square root is taken relative to E[cases]·E[X].

    Parameters
    ----------
    cases : (quarters,) expected accidents of the stream's base
    """
    square = (1.0 + model.case_cv[stream.name] ** 2) / np.maximum(stream.settled(cases), 1e-9)
    return np.asarray(np.minimum(np.sqrt(square), MOST_CV))


def _lognormal(z: Floats, cv: Floats | float) -> Floats:
    """Return factors with mean 1 and a coefficient of variation."""
    spread = np.sqrt(np.log1p(np.square(cv)))
    return np.asarray(np.exp(spread * z - spread**2 / 2))


@dataclass(frozen=True)
class Outcome:
    """What a chunk of paths brings, by quarter: ``written`` total cost enrolled, ``collected`` the cost on which premium comes in, ``earned``;
    accidents by base; what every stream pays; ``interest`` by year; ``index`` of pensions."""

    written: Floats
    collected: Floats
    earned: Floats
    cases: Mapping[str, Floats]
    paid: Mapping[str, Paid]
    events: Floats
    interest: Floats
    index: Floats

    @property
    def outgo(self) -> Floats:
        """All benefits by quarter and path."""
        return np.asarray(sum(p.payments for p in self.paid.values()))


def run(
    model: CohortModel,
    luck: Luck,
    economy: Economy,
    effects: Effects,
    collection: Collection,
    events: Events,
    until: NDArray[np.intp] | None = None,
    ahead: bool = True,
    kernels: Kernels | None = None,
) -> Outcome:
    """Run cohorts through what a chunk of paths meets.

    Parameters
    ----------
    until : (paths,) accidents from this quarter on are left out (a run-off); None keeps all
    ahead : whether projects of future quarters are there (False: those under way alone)
    kernels : of the model over these quarters, where they have been made
    """
    kernels = kernels or Kernels.of(model, len(luck.written) * QUARTERS)
    by_year = np.repeat(np.arange(len(luck.written)), QUARTERS)
    quarters = len(by_year)
    season = np.tile(model.season, quarters // QUARTERS)[:, None]
    written = luck.written[by_year] * season * effects.construction[:, None] * float(ahead)
    earned = earned_ahead(model, written, earning=kernels.earning)
    collected = _collected(model, written, earned, effects, collection)
    rate = luck.frequency * effects.frequency[:, None]
    long_run = -np.log1p(economy.price)
    cases = {
        "injuries": earned * rate * model.cases.ahead(quarters, long_run)[:, None] + model.payroll_cases * rate,
        "deaths": earned * rate * model.deaths.ahead(quarters, long_run)[:, None] + model.payroll_deaths * rate,
    }
    struck = _event_deaths(luck, earned, events) + effects.deaths[:, None]
    if until is not None:
        kept = np.arange(quarters)[:, None] < until
        cases, struck = {base: np.where(kept, n, 0.0) for base, n in cases.items()}, np.where(kept, struck, 0.0)
    growth = np.arange(1, len(luck.written) + 1)[:, None]
    wages = ((1.0 + economy.wages) ** growth * luck.wages)[by_year] * effects.wages[:, None]
    medical = ((1.0 + economy.medical) ** growth * luck.medical)[by_year] * effects.medical[:, None]
    surprise = luck.wages * effects.wages[::QUARTERS][:, None]
    passed = 1.0 + economy.indexation_share * (np.concatenate([np.ones((1, luck.paths)), surprise[:-1]]) - 1.0)
    index = ((1.0 + economy.indexation) ** growth * passed)[by_year]
    longevity = np.maximum(1.0 + padded(model.longevity, quarters)[:, None] * luck.longevity, 0.0)
    driven = {**cases, "injuries": cases["injuries"] * luck.accidents}
    paid = {}
    for stream in model.streams:
        level = luck.level.get(stream.name, 1.0)
        paid[stream.name] = stream_payments(
            stream,
            kernels,
            driven[stream.base],
            medical if stream.price == "medical" else wages,
            index,
            luck.noise.get(stream.name, 1.0) * level,
            longevity,
            struck * level if stream.base == "deaths" else None,
        )
    return Outcome(written, collected, earned, cases, paid, struck, luck.interest, index)


def _collected(model: CohortModel, written: Floats, earned: Floats, effects: Effects, collection: Collection) -> Floats:
    """Cost on which premium comes in: at enrolment, later through construction fees, and for price changes as the works are built."""
    collected = written
    if collection.deferred:
        late = collection.delay
        past = np.repeat(model.written[-late:][:, None], written.shape[1], axis=1)
        before = np.concatenate([past, written])[: len(written)]
        collected = (1.0 - collection.deferred) * written + collection.deferred * before
    if collection.charged:
        collected = collected + collection.charged * max(model.settlement - 1.0, 0.0) * earned
    return np.asarray(collected * effects.collections[:, None])


def _event_deaths(luck: Luck, earned: Floats, events: Events) -> Floats:
    """Deaths in large events by quarter; the event of a year falls in one of its quarters."""
    if luck.event_uniform is None or luck.event_size is None:
        return earned * events.frequency * events.mean
    years = len(luck.written)
    yearly = earned.reshape(years, QUARTERS, -1).sum(axis=1) * events.frequency
    drawn = simulation.events(luck.event_uniform, luck.event_size, yearly, events.mean, events.least)
    # where in its chance the draw fell says which quarter
    turn = np.minimum(QUARTERS * luck.event_uniform / np.maximum(-np.expm1(-yearly), 1e-300), QUARTERS - 1).astype(
        np.intp
    )
    deaths = np.where(turn[:, None, :] == np.arange(QUARTERS)[None, :, None], drawn[:, None, :], 0.0)
    return np.asarray(deaths.reshape(years * QUARTERS, -1))
