"""Reconciliation: the last review's indicated rate → this one, driver by driver, summing exactly.

The last review is made again by this program, on the book as it was, at its date, with its scenario and its parameters; then one thing at a time is
changed to what it is now, in the order of `DRIVERS`, and the rate is calculated anew each time. The step from the last valuation date to this one
brings the new experience; it is split into exposure, frequency, severity and development as factors of the rate, in that order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any

import pandas as pd

from analysis.assumptions import UsedParameters
from analysis.fund.history import History, read_history
from analysis.fund.indicated import RECENT_YEARS, indications
from analysis.fund.ledgers import LedgerCosts, read_ledgers
from analysis.fund.projection import Projection, project
from analysis.own_parameters import parameters_of
from analysis.rate_review import BASES, plain
from analysis.scenario import FROM_PARAMETERS, Scenario, from_plain
from data.book import Book
from data.past import as_it_was
from data.remembered import RememberedBook
from models.indication import decompose_change
from models.messages import InputError, Message
from models.parameters import Parameter, Parameters

Progress = Callable[[float], object]

DRIVERS = (
    "method", "method_and_data", "revised", "exposure", "frequency", "severity", "development",
    "law", "wages", "medical_prices", "construction", "discount", "loading", "other",
)  # fmt: skip
"""The order in which things are changed. ``method_and_data``: where the book of the last review cannot be rebuilt, the revision of old years cannot be
told from a change of the program's method."""

FIELDS: Mapping[str, tuple[str, ...]] = {
    "law": ("current_rate", "parameters", "overlays"),
    "wages": ("growth.wages", "indexation"),
    "medical_prices": ("growth.medical",),
    "construction": ("growth.construction", "coverage"),
    "discount": ("discount_rate", "interest_rate"),
    "loading": ("target_payable_months", "reserve_years"),
}
"""Driver → fields of the scenario that belong to it; the rest are ``other``."""

PREFIXES: Mapping[str, tuple[str, ...]] = {
    "wages": ("wage.", "pool_average_wage", "minimum_wage", "growth.wages", "indexation"),
    "medical_prices": ("growth.medical", "projection.medical_share", "medical"),
    "construction": ("growth.construction", "construction.", "coverage."),
    "discount": ("discount_rate", "interest_rate"),
    "loading": ("prevention.", "administration.", "adjustment_fund.", "reserve."),
}
"""Driver → beginnings of the names of its parameters; the rest are ``law``."""


@dataclass(frozen=True)
class Reconciliation:
    """``table``: ``basis, driver, amount, rate`` (after the driver), the first row of a basis with the driver ``last_review``; ``notes``: how it was
    found out."""

    table: pd.DataFrame
    notes: tuple[Message, ...]

    def of(self, basis: str) -> pd.DataFrame:
        """Return ``driver, amount, rate`` of one basis."""
        return self.table.loc[self.table["basis"] == basis, ["driver", "amount", "rate"]].reset_index(drop=True)


@dataclass(frozen=True)
class State:
    """Everything that an indicated rate depends on. ``scenario`` is resolved, its valuation date the one that counts."""

    book: Book
    scenario: Scenario
    parameters: Parameters


Factors = Mapping[str, float]

TERMINAL_YEARS = 3
"""Years of cases and of pensions begun behind the factors of terminal funding."""


def reconcile(
    book: Book, now: Scenario, previous: Mapping[str, Any], progress: Progress = lambda share: None
) -> Reconciliation:
    """Explain the change of every basis that both reviews indicate.

    Parameters
    ----------
    now : the scenario of this review, resolved
    previous : ``review.json`` of the last review
    progress : told the share of the work done; may raise to stop

    Raises
    ------
    InputError
        The last review lacks what is needed, or stands at a later date.
    """
    before, rates, fingerprint, assumed = _previous(previous)
    assert before.valuation_date is not None
    assert now.valuation_date is not None
    if before.valuation_date > now.valuation_date:
        raise InputError(
            "The last review stands at {then:date}, after this one ({now:date}).",
            then=before.valuation_date,
            now=now.valuation_date,
        )
    current = RememberedBook(book)
    known = book if book.fingerprint() == fingerprint else as_it_was(book, fingerprint)
    then = RememberedBook(known) if known is not None and known is not book else current
    new = parameters_of(now)
    old = _as_assumed(_until(parameters_of(before), before.valuation_date), assumed, before.valuation_date)
    steps = [("method" if known is not None else "method_and_data", State(then, before, old))]
    steps += _steps(steps[0][1], State(current, now, new), before.valuation_date, now.valuation_date)
    rows: dict[str, list[dict[str, Any]]] = {}
    last: dict[str, Factors] = {}
    for done, (driver, state) in enumerate(steps):
        progress(done / len(steps))
        found = factors_of(state)
        for basis in (b for b in BASES if b in found and b in rates):
            own = rows.setdefault(basis, [{"driver": "last_review", "amount": 0.0, "rate": rates[basis]}])
            rate = _product(found[basis])
            if driver == "experience":
                for name, amount in _experience(last[basis], found[basis]):
                    own.append({"driver": name, "amount": amount, "rate": own[-1]["rate"] + amount})
                own[-1]["rate"] = rate
            else:
                own.append({"driver": driver, "amount": rate - own[-1]["rate"], "rate": rate})
        last = dict(found)
    progress(1.0)
    frames = [pd.DataFrame(own).assign(basis=basis) for basis, own in rows.items() if basis in last]
    if not frames:
        raise InputError("This review and the last one have no financing basis in common.")
    table = pd.concat(frames, ignore_index=True)[["basis", "driver", "amount", "rate"]]
    return Reconciliation(table, _notes(known is not None, before.valuation_date))


def _notes(rebuilt: bool, then: date) -> tuple[Message, ...]:
    order = Message(
        "The last review was calculated again as it stood on {then:date}; then one thing at a time was changed, in the order of the table. Another order "
        "would share the change out differently.",
        {"then": then},
    )
    if rebuilt:
        return (order,)
    lost = Message(
        "The book of the last review cannot be rebuilt from this one: revised old years cannot be told from a change of method, and stand with it."
    )
    return (order, lost)


def _previous(previous: Mapping[str, Any]) -> tuple[Scenario, dict[str, float], str, dict[str, Any]]:
    """Scenario, rates by basis, fingerprint of the book and parameters of the last review."""
    try:
        content = dict(previous["scenario"])
        content["valuation_date"] = date.fromisoformat(content["valuation_date"])
        known = {f.name for f in fields(Scenario)}
        scenario = from_plain({name: value for name, value in content.items() if name in known})
        rates = {b: float(one["rate"]) for b, one in previous["indicated"].items() if one is not None}
        assumed = {a["name"]: a["value"] for a in previous["assumptions"]}
        return scenario, rates, str(previous["book"]["fingerprint"]), assumed
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            "The last review.json lacks what the comparison needs (scenario, indicated, assumptions)."
        ) from error


def _until(parameters: Parameters, on: date) -> Parameters:
    """Parameters as they were known on a day: values of later dates left out."""

    def cut(parameter: Parameter) -> Parameter:
        kept = tuple(v for v in parameter.values if v.effective <= on)
        return replace(parameter, values=kept or parameter.values[:1])

    return replace(parameters, entries={name: cut(one) for name, one in parameters.entries.items()})


def _as_assumed(parameters: Parameters, assumed: Mapping[str, Any], on: date) -> Parameters:
    """Parameters with the values that the last review says it used."""
    for name, value in assumed.items():
        if name in parameters.entries and name not in FROM_PARAMETERS.values():
            held = parameters.entries[name].values[-1]
            if plain(held.value) != value:
                parameters = parameters.with_value(name, min(held.effective, on), value)
    return parameters


def _steps(first: State, last: State, then: date, now: date) -> list[tuple[str, State]]:
    """The states between the last review and this one, one change at a time; what changes nothing is left out."""
    state, steps = first, []

    def go(driver: str, changed: State) -> None:
        nonlocal state
        state = changed
        steps.append((driver, changed))

    if first.book is not last.book:
        go("revised", replace(state, book=last.book))
    if then != now:
        go("experience", replace(state, scenario=replace(state.scenario, valuation_date=now)))
    for driver in DRIVERS[DRIVERS.index("law") :]:
        changed = replace(
            state,
            scenario=_with_fields(state.scenario, last.scenario, driver),
            parameters=_with_entries(state.parameters, last.parameters, driver),
        )
        if changed.scenario != state.scenario or _differ(changed.parameters, state.parameters, now):
            go(driver, changed)
    return steps


def _with_fields(old: Scenario, new: Scenario, driver: str) -> Scenario:
    if driver == "other":
        return replace(new, name=old.name, note=old.note, base_rate=old.base_rate)
    changes: dict[str, Any] = {}
    growth = old.growth
    for name in FIELDS.get(driver, ()):
        head, _, part = name.partition(".")
        if part:
            growth = replace(growth, **{part: getattr(new.growth, part)})
        else:
            changes[head] = getattr(new, head)
    return replace(old, growth=growth, **changes)


def driver_of(parameter: str) -> str:
    """Return the driver that a parameter belongs to."""
    return next((driver for driver, heads in PREFIXES.items() if parameter.startswith(heads)), "law")


def _with_entries(old: Parameters, new: Parameters, driver: str) -> Parameters:
    own = {name: one for name, one in new.entries.items() if driver_of(name) == driver or name not in old.entries}
    return replace(old, entries={**old.entries, **own})


def _differ(one: Parameters, two: Parameters, on: date) -> bool:
    def values(parameters: Parameters) -> dict[str, Any]:
        return {n: [v.value for v in p.values if v.effective <= on][-1:] for n, p in parameters.entries.items()}

    return values(one) != values(two)


# the rate and its factors


def factors_of(state: State) -> dict[str, Factors]:
    """Return basis → factors of its indicated rate, whose product the rate is."""
    used = UsedParameters(state.parameters)
    history = read_history(state.book, state.scenario, used)
    on = state.scenario.valuation_date or history.valuation_date
    resolved = state.scenario.resolve(used, on)
    projection = project(history, resolved, used)
    ledgers = read_ledgers(state.book, resolved, used, on)
    found = indications(history, projection, resolved, used, ledgers)
    split = {
        "pay_as_you_go": lambda: _cash(history, projection),
        "terminal_funding": lambda: _terminal(ledgers),
        "full_funding": lambda: _full(history, ledgers),
    }
    factors: dict[str, Factors] = {}
    for basis, one in found.items():
        own = split[basis]()
        factors[basis] = {**own, "rest": one.rate / _product(own)}
    return factors


def _product(factors: Factors) -> float:
    product = 1.0
    for factor in factors.values():
        product *= factor
    return product


def _cash(history: History, projection: Projection) -> dict[str, float]:
    """Outgo ÷ exposure of the year that the rate is set for; cases (or beneficiaries) and their cost where they are known."""
    outgo, exposure = float(projection.outgo[:, 0].mean()), float(projection.exposure[:, 0].mean())
    people = history.people if history.people > 0 else 1.0
    return {"exposure": 1.0 / exposure, "frequency": people, "severity": outgo / people}


def _terminal(ledgers: LedgerCosts | None) -> dict[str, float]:
    assert ledgers is not None
    last = ledgers.terminal_rows["year"].max()
    recent = ledgers.terminal_rows[ledgers.terminal_rows["year"] > last - TERMINAL_YEARS]
    exposure, cost = (float(recent[c].sum()) for c in ("exposure_yuan", "incurred_yuan"))
    cases = float(ledgers.by_year["cases"].tail(TERMINAL_YEARS).sum())
    return _by_case(cases, exposure, cost, cost)


def _full(history: History, ledgers: LedgerCosts | None) -> dict[str, float]:
    if ledgers is not None:
        table = ledgers.by_year.tail(RECENT_YEARS)
        known, cost = float(table["paid_yuan"].sum()), float((table["ultimate_yuan"] + table["capital_yuan"]).sum())
    else:
        assert history.experience is not None
        table = history.experience[history.experience["year"] > history.experience["year"].max() - RECENT_YEARS]
        known = cost = float(table["incurred_yuan"].sum())
    return _by_case(float(table["cases"].sum()), float(table["exposure_yuan"].sum()), known, cost)


def _by_case(cases: float, exposure: float, known: float, cost: float) -> dict[str, float]:
    """Cost ÷ exposure as cases ÷ exposure × known cost a case × developed ÷ known cost; a factor that is not known is 1."""
    cases, known = cases if cases > 0 else 1.0, known if known > 0 else cost
    return {"frequency": cases / exposure, "severity": known / cases, "development": cost / known}


def _experience(before: Factors, after: Factors) -> list[tuple[str, float]]:
    """The new year's effect, factor by factor; what the factors leave over (trend, loading) goes with the last of them."""
    changes = decompose_change(dict(before), dict(after), tuple(before))
    rest = changes[-1][1]
    named = changes[:-1]
    return [*named[:-1], (named[-1][0], named[-1][1] + rest)]
