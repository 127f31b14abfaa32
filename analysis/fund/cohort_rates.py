"""The break-even rate of a ledger fund on three financing bases, from the same cohorts, each with its interval and its parts by benefit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.fund.cohort_fit import CohortBook
from analysis.fund.cohort_projection import CohortFlows, CohortPaths, award_values, cohort_of, lucks
from models import indication
from models.cohort_simulation import MOST_CV, Events, Outcome, process_cv
from models.cohorts import QUARTERS, CohortModel, Stream
from models.indication import Rate
from models.liabilities import discounts
from models.messages import InputError

Floats = NDArray[np.float64]


class NetRate(NamedTuple):
    """A rate before loadings, and its parts in proportion (benefit → weight)."""

    rate: Rate
    parts: Mapping[str, float]


def cohort_rates(book: CohortBook, flows: CohortFlows, paths: CohortPaths, discount_rate: float) -> dict[str, NetRate]:
    """Return basis → rate of the first projected year, before loadings.

    Pay-as-you-go: benefits paid in the year, less what comes in besides project premium (recoveries, premium by payroll). Terminal funding: the same with
    pensions at their capital value when they begin. Full funding: everything that the year's projects will ever cost, at its value when they pay; its
    interval holds accidents of these projects, their estimation and prices, not the length of lives.
    """
    first = slice(0, QUARTERS)
    collected = paths.collected[first].sum(axis=0)
    if not (collected > 0).all():
        raise InputError("The first projected year has no enrolled total cost: no rate can be indicated.")
    income = np.broadcast_to(np.asarray(paths.income), paths.outgo.shape)[first].sum(axis=0)
    cash = indication.pay_as_you_go(paths.outgo[first].sum(axis=0) - income, collected)
    mean, assumed = paths.mean, paths.assumed
    quiet = cohort_of(book.model, flows, assumed, Events())
    alone = cohort_of(book.model, flows, assumed)
    values = award_values(book.model, assumed, discount_rate)
    weight = discounts(discount_rate, len(alone.earned))

    def paid(found: Outcome, by: Floats) -> dict[str, float]:
        return {name: float(by @ one.payments[: len(by), 0]) for name, one in found.paid.items()}

    def begun(found: Outcome) -> dict[str, float]:
        return {
            name: float((one.payments if one.awards is None else values[name] * one.awards)[first].sum())
            for name, one in found.paid.items()
        }

    # the first year's events are those of works under way too; their cost is taken from the expected path
    event = _event_share(paid(alone, weight), paid(quiet, weight))
    cash_parts = {name: float(flow[first].sum()) for name, flow in paths.streams.items()}
    other = {"other_income": -float(income.mean())} if income.any() else {}
    ultimate = paid(alone, weight)
    full = float(sum(ultimate.values()) / (weight @ alone.collected[:, 0]))
    low, high = np.quantile(_ultimate(book, flows, paths, alone, weight), [0.05, 0.95])
    return {
        "pay_as_you_go": NetRate(cash, _split({**cash_parts, **other}, event)),
        "terminal_funding": NetRate(
            indication.pay_as_you_go(paths.awards + paths.lumps - income, collected),
            _split({**begun(mean), **other}, event),
        ),
        "full_funding": NetRate(
            Rate(full, full * min(float(low), 1.0), full * max(float(high), 1.0)), _split(ultimate, event)
        ),
    }


def _event_share(whole: Mapping[str, float], quiet: Mapping[str, float]) -> dict[str, float]:
    """Return benefit → share of its cost that large events bring."""
    return {name: 1.0 - quiet[name] / cost for name, cost in whole.items() if cost > 0 and quiet[name] < cost}


def _split(parts: Mapping[str, float], event: Mapping[str, float]) -> dict[str, float]:
    """Take the load of large events out of the benefits that they cost."""
    load = sum(parts.get(name, 0.0) * share for name, share in event.items())
    kept = {name: amount * (1.0 - event.get(name, 0.0)) for name, amount in parts.items()}
    return {**kept, **({"catastrophe": load} if load > 0 else {})}


def _turns(model: CohortModel, stream: Stream, every: Floats, own: Floats) -> Floats:
    """Return the weight of each quarter's luck in what the accidents ``own`` (quarters,) of one year's projects cost in all.

    A quarter's luck is that of all cases paid in it (accidents ``every``, and known ones). Weights follow when the own cases are paid, and are scaled so
    that their sum varies as the own number of cases makes it.
    """
    quarters = len(every)
    when = replace(stream, known=np.zeros_like(stream.known)).settled(own)[:quarters]
    weights = when / max(float(when.sum()), 1e-12)
    found = float(np.sqrt(np.sum((weights * process_cv(model, stream, every)) ** 2)))
    wanted = float(np.sqrt((1.0 + model.case_cv[stream.name] ** 2) / max(float(own.sum()), 1e-9)))
    return np.asarray(weights * min(wanted, MOST_CV) / max(found, 1e-12))


def _ultimate(book: CohortBook, flows: CohortFlows, paths: CohortPaths, alone: Outcome, weight: Floats) -> Floats:
    """Return on each path the cost of the first year's projects ÷ its expectation; what falls beyond the horizon is as in its last quarter."""
    cost = {s.name: float(weight @ alone.paid[s.name].payments[:, 0]) for s in book.model.streams}
    total = max(sum(cost.values()), 1e-9)
    accidents = alone.cases["injuries"][:, 0] / max(float(alone.cases["injuries"].sum()), 1e-12)
    turns = {
        s.name: _turns(book.model, s, flows.mean_cases[s.base], alone.cases[s.base][:, 0]) for s in book.model.streams
    }
    found = []
    for luck in lucks(flows, book, paths.assumed):
        quarters = len(luck.frequency)
        own = accidents[:quarters].copy()
        own[-1] += accidents[quarters:].sum()
        wages, medical = (np.repeat(x, QUARTERS, axis=0) for x in (luck.wages, luck.medical))
        ratio = np.zeros(luck.paths)
        for stream in book.model.streams:
            count = luck.accidents if stream.base == "injuries" else 1.0
            driven = luck.frequency * count * (medical if stream.price == "medical" else wages)
            factor = luck.level.get(stream.name, 1.0) * (own @ driven)
            if stream.name in luck.noise:
                factor = factor * np.maximum(1.0 + turns[stream.name][:quarters] @ (luck.noise[stream.name] - 1.0), 0.0)
            ratio += cost[stream.name] / total * factor
        found.append(ratio)
    return np.concatenate(found)
