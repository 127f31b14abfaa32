"""A scenario: every choice that a review depends on besides the book and the law, as one frozen value and one YAML file.

A value left out (None) is taken from the dated parameters by `resolve`, so that the report can show its reference and mark.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Protocol, Union, get_args, get_origin, get_type_hints

import yaml

from models.messages import InputError


class DatedParameters(Protocol):
    """What a scenario asks of the parameters: a value by name and date."""

    def value(self, name: str, on: date) -> Any:
        """Return the value in force on a date."""


def _between(low: float, high: float, default: Any = None) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True)
class Growth:
    """Expected yearly growth: newly enrolled construction cost, wages, medical prices (fractions a year)."""

    construction: float | None = _between(-0.5, 1.0)
    wages: float | None = _between(-0.2, 0.5)
    medical: float | None = _between(-0.2, 0.5)


@dataclass(frozen=True)
class Risks:
    """Which risks the simulation draws; each can be switched off without changing the draws of the others."""

    process: bool = True
    parameter: bool = True
    economic: bool = True
    catastrophe: bool = True
    policy: bool = False


SHOCKS = ("construction", "wages", "medical", "frequency", "collections", "catastrophe_deaths")


@dataclass(frozen=True)
class Shock:
    """A departure from the base: ``size`` is a relative change (−0.3 is −30%), for ``catastrophe_deaths`` a number of deaths.

    It holds from the start of projection year ``from_year`` (1 is the first) for ``years`` years.
    """

    kind: str
    size: float = _between(-1.0, 1000.0, 0.0)
    from_year: int = _between(1, 50, 1)
    years: int = _between(1, 50, 1)

    def __post_init__(self) -> None:
        if self.kind not in SHOCKS:
            raise InputError(
                "The shock {kind} is not known; use one of {known}.", kind=self.kind, known=", ".join(SHOCKS)
            )


@dataclass(frozen=True)
class RateStep:
    """From projection year ``from_year`` on the base rate is ``rate`` (fraction of total cost)."""

    from_year: int = _between(1, 50, MISSING)
    rate: float = _between(0.0, 0.05, MISSING)


@dataclass(frozen=True)
class CoverageStep:
    """From projection year ``from_year`` on this share of construction is enrolled (扩面; today's is the parameter coverage.national_new)."""

    from_year: int = _between(1, 50, MISSING)
    share: float = _between(0.01, 1.0, MISSING)


@dataclass(frozen=True)
class ParameterChange:
    """An own value of a dated parameter from a date on, with its reason: an overlay that a scenario carries with it.

    ``value`` is YAML (``0.05``, ``CL5``, ``{5: 18, 6: 16}``), of the same shape as the parameter's own values.
    """

    name: str
    value: str
    since: date
    reason: str = ""


@dataclass(frozen=True)
class Scenario:
    """One rate review's choices.

    ``base_rate`` is the rate tested and ``current_rate`` the rate in force (fractions of total cost); ``None`` anywhere means "as the
    parameters say on the valuation date". ``reserve_years`` loads the indicated rates so that the target balance is reached in as many years.
    ``floor_payable_months`` is the level below which the fund counts as failed; ``opening_balance`` (yuan) stands in for a balance that the book does
    not know.
    """

    name: str = "base"
    note: str = ""
    fund: str | None = None
    valuation_date: date | None = None
    base_rate: float | None = _between(0.0, 0.05)
    current_rate: float | None = _between(0.00001, 0.05)
    opening_balance: float | None = _between(-1e13, 1e13)
    horizon_years: int = _between(1, 50, 10)
    growth: Growth = field(default_factory=Growth)
    discount_rate: float | None = _between(-0.02, 0.2)
    interest_rate: float | None = _between(-0.02, 0.2)
    indexation: float | None = _between(-0.05, 0.3)
    target_payable_months: float | None = _between(0.0, 120.0)
    floor_payable_months: float = _between(0.0, 120.0, 0.0)
    solvency_level: float = _between(0.5, 0.999, 0.9)
    plan: str = "national_five_steps"
    rate_path: tuple[RateStep, ...] = ()
    coverage: tuple[CoverageStep, ...] = ()
    reserve_years: int | None = _between(1, 50)
    shocks: tuple[Shock, ...] = ()
    risks: Risks = field(default_factory=Risks)
    paths: int = _between(100, 1_000_000, 10_000)
    seed: int = _between(0, 2**63 - 1, 20260101)
    overlays: tuple[str, ...] = ()
    parameters: tuple[ParameterChange, ...] = ()

    def __post_init__(self) -> None:
        _check_ranges(self)

    def with_changes(self, **changes: Any) -> Scenario:
        """Return a copy with some fields changed; ranges are checked again."""
        return replace(self, **changes)

    def resolve(self, parameters: DatedParameters, valuation_date: date) -> Scenario:
        """Return the scenario with every ``None`` replaced by the parameter in force on ``valuation_date``, the year's end at which the book stands."""
        on = valuation_date

        def known(own: Any, name: str) -> Any:
            return parameters.value(name, on) if own is None else own

        growth = Growth(
            **{f.name: known(getattr(self.growth, f.name), FROM_PARAMETERS[f"growth.{f.name}"]) for f in fields(Growth)}
        )
        plain = {
            name: known(getattr(self, name), FROM_PARAMETERS[name])
            for name in ("current_rate", "discount_rate", "interest_rate", "indexation", "target_payable_months")
        }
        base_rate = plain["current_rate"] if self.base_rate is None else self.base_rate
        return replace(self, valuation_date=on, base_rate=base_rate, growth=growth, **plain)


FROM_PARAMETERS: Mapping[str, str] = {
    "current_rate": "project_rate",
    "discount_rate": "discount_rate",
    "interest_rate": "interest_rate",
    "indexation": "indexation",
    "target_payable_months": "payable_months_target",
    "growth.construction": "growth.construction",
    "growth.wages": "growth.wages",
    "growth.medical": "growth.medical",
}
"""Scenario field → parameter that stands in for it when the scenario is silent."""


def _check_ranges(value: Any, path: str = "") -> None:
    for f in fields(value):
        own = getattr(value, f.name)
        name = f"{path}{f.name}"
        if is_dataclass(own):
            _check_ranges(own, f"{name}.")
        elif isinstance(own, tuple):
            for position, item in enumerate(own):
                if is_dataclass(item):
                    _check_ranges(item, f"{name}[{position + 1}].")
        elif "low" in f.metadata and own is not None:
            low, high = f.metadata["low"], f.metadata["high"]
            if isinstance(own, bool) or not isinstance(own, int | float) or not low <= own <= high:
                raise InputError(
                    "{name} is {value}; it must be a number from {low} to {high}.",
                    name=name,
                    value=own,
                    low=low,
                    high=high,
                )


def _from_plain(kind: Any, value: Any, path: str) -> Any:
    """Build a value of type ``kind`` from what YAML holds; every refusal names the key."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return (
            None if value is None else _from_plain(next(a for a in get_args(kind) if a is not type(None)), value, path)
        )
    if origin is tuple:
        if not isinstance(value, list):
            raise InputError("{name} must be a list.", name=path)
        return tuple(_from_plain(get_args(kind)[0], item, f"{path}[{i + 1}]") for i, item in enumerate(value))
    if is_dataclass(kind):
        if not isinstance(value, Mapping):
            raise InputError("{name} must be a list of keys and values.", name=path or "scenario")
        hints = get_type_hints(kind)
        unknown = sorted(str(key) for key in set(value) - set(hints))
        if unknown:
            raise InputError(
                "{name} is not a key of a scenario; known keys are {known}.",
                name=f"{path}.{unknown[0]}".lstrip("."),
                known=", ".join(hints),
            )
        given = {key: _from_plain(hints[key], item, f"{path}.{key}".lstrip(".")) for key, item in value.items()}
        absent = [
            f.name
            for f in fields(kind)
            if f.default is MISSING and f.default_factory is MISSING and f.name not in given
        ]
        if absent:
            raise InputError("{name} is missing.", name=f"{path}.{absent[0]}".lstrip("."))
        return kind(**given)  # type: ignore[operator]
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is not bool and isinstance(value, bool)):
        raise InputError(
            "{name} is {value}; it must be of the kind {kind}.", name=path, value=str(value)[:60], kind=kind.__name__
        )
    return value


def from_yaml(text: str) -> Scenario:
    """Read a scenario from YAML text; an unknown key, a wrong kind or a value out of range is an `InputError` that names it."""
    try:
        plain = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            "The scenario is not readable YAML at line {line}.", line=mark.line + 1 if mark else 1
        ) from error
    return from_plain(plain or {})


def from_plain(plain: Any) -> Scenario:
    """Build a scenario from what its YAML holds (see `to_plain`); refusals as for `from_yaml`."""
    scenario: Scenario = _from_plain(Scenario, plain, "")
    return scenario


def load(path: Path | str) -> Scenario:
    """Read a scenario file (.yaml, UTF-8)."""
    try:
        return from_yaml(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError("There is no scenario file {path}.", path=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("The scenario file {path} cannot be read as UTF-8 text.", path=str(path)) from error


def to_plain(value: Any) -> Any:
    """Return a scenario as plain lists, mappings, numbers, text and dates, in field order."""
    if is_dataclass(value):
        return {f.name: to_plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [to_plain(item) for item in value]
    return value


def to_yaml(scenario: Scenario) -> str:
    """Return the YAML of a scenario; `from_yaml` gives the same scenario back."""
    return yaml.safe_dump(to_plain(scenario), allow_unicode=True, sort_keys=False)
