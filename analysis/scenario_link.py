"""A scenario as the part of a link after the question mark, and back: every input, exactly, and only what differs from the default.

Rates stand in ‰, growth and other yearly changes in %, as a person would write them; decimal arithmetic keeps them exact. What a link says
wrongly is dropped and named, never trusted: a link comes from anywhere, so it may name only plans and overlays that come with the program.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from analysis.scenario import CoverageStep, ParameterChange, RateStep, Risks, Scenario, Shock
from data.parameters import available_overlays
from models.floating import available_plans
from models.messages import InputError

LONGEST = 4000
"""Characters of one value of a link that are read."""


def _scaled(places: int) -> tuple[Callable[[Any], str], Callable[[str], Any]]:
    """Write a fraction times ten to ``places``, and read it back to the same float."""
    return (
        lambda value: format(Decimal(repr(float(value))).scaleb(places).normalize(), "f"),
        lambda text: float(Decimal(text).scaleb(-places)),
    )


def _one_of(known: Callable[[], list[str]]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in known():
            raise InputError("{name} is not known; known are {known}.", name=text[:60], known=", ".join(known()))
        return text

    return read


def _steps(text: str) -> tuple[RateStep, ...]:
    parts = (part.split(":") for part in text.split(","))
    return tuple(RateStep(int(year), _PERMILLE[1](rate)) for year, rate in parts)


def _coverage(text: str) -> tuple[CoverageStep, ...]:
    parts = (part.split(":") for part in text.split(","))
    return tuple(CoverageStep(int(year), _PERCENT[1](share)) for year, share in parts)


def _shocks(text: str) -> tuple[Shock, ...]:
    parts = (part.split(":") for part in text.split(","))
    return tuple(Shock(kind, float(size), int(first), int(years)) for kind, size, first, years in parts)


def _risks(text: str) -> Risks:
    names = {f.name for f in fields(Risks)}
    on = set(text.split(",")) - {"none"}
    if on - names:
        raise InputError(
            "{name} is not known; known are {known}.", name=sorted(on - names)[0][:60], known=", ".join(names)
        )
    return Risks(**{name: name in on for name in names})


def _overlays(text: str) -> tuple[str, ...]:
    return tuple(_one_of(available_overlays)(name) for name in text.split(",") if name)


def _changes(text: str) -> tuple[ParameterChange, ...]:
    return tuple(
        ParameterChange(name, value, date.fromisoformat(since), why) for name, value, since, why in json.loads(text)
    )


def _number(value: float) -> str:
    return repr(float(value))


_PERMILLE, _PERCENT, _PLAIN = _scaled(3), _scaled(2), _scaled(0)
_WHOLE: tuple[Callable[[Any], str], Callable[[str], Any]] = (str, int)
_TEXT: tuple[Callable[[Any], str], Callable[[str], Any]] = (str, str)


@dataclass(frozen=True)
class LinkField:
    """One input: its key in a link, its place in a `Scenario`, how it is written and read."""

    key: str
    path: str
    write: Callable[[Any], str]
    read: Callable[[str], Any]


LINK_FIELDS: tuple[LinkField, ...] = (
    LinkField("rate", "base_rate", *_PERMILLE),
    LinkField("years", "horizon_years", *_WHOLE),
    LinkField("growth", "growth.construction", *_PERCENT),
    LinkField("wages", "growth.wages", *_PERCENT),
    LinkField("medical", "growth.medical", *_PERCENT),
    LinkField("target", "target_payable_months", *_PLAIN),
    LinkField("floor", "floor_payable_months", *_PLAIN),
    LinkField("level", "solvency_level", *_PERCENT),
    LinkField("discount", "discount_rate", *_PERCENT),
    LinkField("interest", "interest_rate", *_PERCENT),
    LinkField("indexation", "indexation", *_PERCENT),
    LinkField("current", "current_rate", *_PERMILLE),
    LinkField("opening", "opening_balance", *_PLAIN),
    LinkField("date", "valuation_date", date.isoformat, date.fromisoformat),
    LinkField("fund", "fund", *_TEXT),
    LinkField("plan", "plan", str, _one_of(available_plans)),
    LinkField("rates", "rate_path", lambda v: ",".join(f"{s.from_year}:{_PERMILLE[0](s.rate)}" for s in v), _steps),
    LinkField(
        "coverage", "coverage", lambda v: ",".join(f"{s.from_year}:{_PERCENT[0](s.share)}" for s in v), _coverage
    ),
    LinkField("reserve", "reserve_years", *_WHOLE),
    LinkField(
        "shocks",
        "shocks",
        lambda v: ",".join(f"{s.kind}:{_number(s.size)}:{s.from_year}:{s.years}" for s in v),
        _shocks,
    ),
    LinkField("risks", "risks", lambda v: ",".join(f.name for f in fields(v) if getattr(v, f.name)) or "none", _risks),
    LinkField("paths", "paths", *_WHOLE),
    LinkField("seed", "seed", *_WHOLE),
    LinkField("overlays", "overlays", ",".join, _overlays),
    LinkField(
        "own",
        "parameters",
        lambda v: json.dumps([[c.name, c.value, c.since.isoformat(), c.reason] for c in v], ensure_ascii=False),
        _changes,
    ),
    LinkField("name", "name", *_TEXT),
    LinkField("note", "note", *_TEXT),
)
"""Every field of a scenario; a test holds that none is missing."""


def get(scenario: Scenario, path: str) -> Any:
    """Return a field of a scenario by its path (``growth.wages``)."""
    outer, _, inner = path.partition(".")
    value = getattr(scenario, outer)
    return getattr(value, inner) if inner else value


def put(scenario: Scenario, path: str, value: Any) -> Scenario:
    """Return a scenario with one field changed; ranges are checked."""
    outer, _, inner = path.partition(".")
    return replace(scenario, **{outer: replace(getattr(scenario, outer), **{inner: value}) if inner else value})


def to_link(scenario: Scenario) -> dict[str, str]:
    """Return what of a scenario differs from the default, as keys and texts of a link; `from_link` gives the same scenario back."""
    default = Scenario()
    return {f.key: f.write(get(scenario, f.path)) for f in LINK_FIELDS if get(scenario, f.path) != get(default, f.path)}


def from_link(query: Mapping[str, str]) -> tuple[Scenario, tuple[str, ...]]:
    """Return the scenario of a link, and the keys whose values could not be used (each leaves its default)."""
    scenario, dropped = Scenario(), []
    for f in LINK_FIELDS:
        if f.key not in query:
            continue
        try:
            if len(query[f.key]) > LONGEST:
                raise ValueError
            scenario = put(scenario, f.path, f.read(query[f.key]))
        except (InputError, ValueError, TypeError, ArithmeticError, RecursionError):
            dropped.append(f.key)
    return scenario, tuple(dropped)


def refuse_files(scenario: Scenario) -> Scenario:
    """Return the scenario, or raise `InputError` where its plan or an overlay is a file rather than one that comes with the program.

    The page takes scenarios from uploads and links; only the command line may name files of this computer.
    """
    _one_of(available_plans)(scenario.plan)
    for name in scenario.overlays:
        _one_of(available_overlays)(name)
    return scenario


__all__ = ["LINK_FIELDS", "LinkField", "from_link", "get", "put", "refuse_files", "to_link"]
