"""Dated parameters of the law: a value, its unit and its range by effective date, each with its reference and mark."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from models.messages import InputError

MARKS = ("official", "reprint", "derived", "unverified", "assumption")
"""From the official text; from a reprint; by arithmetic from such; not verified; chosen by us or by the user."""


QUICK_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def quickly(read: Callable[..., Any], text: str) -> Any:
    """Return ``read(text)``, with ``yaml.load`` or ``yaml.compose`` as ``read``, by the loader in C where it is there: ten times faster.

    What it refuses is read again by the one in Python, whose errors name the line as people count it.
    """
    try:
        return read(text, Loader=QUICK_LOADER)
    except yaml.YAMLError:
        return read(text, Loader=yaml.SafeLoader)


@dataclass(frozen=True)
class DatedValue:
    """One value of a parameter from its effective date on."""

    effective: date
    value: Any
    mark: str
    reference: str
    confidence: float | None = None


@dataclass(frozen=True)
class Parameter:
    """A parameter: what it is in both languages, its unit, its range and its values, oldest first."""

    name: str
    description: Mapping[str, str]
    unit: str
    values: tuple[DatedValue, ...]
    range: tuple[float, float] | None = None

    def at(self, on: date) -> DatedValue:
        """Return the value in force on a date; `InputError` before the first one."""
        found = None
        for dated in self.values:
            if dated.effective <= on:
                found = dated
        if found is None:
            raise InputError(
                "The parameter {name} has no value on {on:date}: its first value is in force from {first:date}.",
                name=self.name,
                on=on,
                first=self.values[0].effective,
            )
        return found


@dataclass(frozen=True)
class Parameters:
    """All parameters of one place, looked up by name and date.

    ``overlays`` names the files laid over the base, in order.
    """

    entries: Mapping[str, Parameter]
    overlays: tuple[str, ...] = ()

    def entry(self, name: str, on: date) -> DatedValue:
        """Return value, mark and reference of a parameter on a date."""
        return self.parameter(name).at(on)

    def value(self, name: str, on: date) -> Any:
        """Return the value of a parameter on a date."""
        return self.entry(name, on).value

    def lookup(self, name: str, dates: NDArray[np.datetime64]) -> tuple[list[Any], NDArray[np.intp]]:
        """Return the values in force on many dates as (distinct values, position of each date's value among them)."""
        parameter = self.parameter(name)
        edges = np.array([v.effective for v in parameter.values], dtype="datetime64[D]")
        days = np.asarray(dates, dtype="datetime64[D]")
        if days.size and days.min() < edges[0]:
            parameter.at(days.min().astype(object))
        return [v.value for v in parameter.values], np.searchsorted(edges, days, side="right") - 1

    def parameter(self, name: str) -> Parameter:
        """Return a parameter with all its values; `InputError` for a name that does not exist."""
        if name not in self.entries:
            raise InputError("There is no parameter {name}.", name=name)
        return self.entries[name]

    def with_value(
        self, name: str, effective: date, value: Any, mark: str = "assumption", reference: str = ""
    ) -> Parameters:
        """Return parameters in which ``name`` has ``value`` from ``effective`` on (later values are dropped)."""
        old = self.parameter(name)
        check_value(name, value, old.range)
        kept = tuple(v for v in old.values if v.effective < effective)
        changed = replace(old, values=(*kept, DatedValue(effective, value, mark, reference)))
        return replace(self, entries={**self.entries, name: changed})


def check_value(name: str | Mapping[str, str], value: Any, allowed: tuple[float, float] | None) -> None:
    """Raise `InputError` where a number of ``value`` (a number, a list or a mapping of numbers) lies outside its range."""
    if allowed is None:
        return
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else [value]
    for one in inner:
        if isinstance(one, Mapping):
            continue
        if isinstance(one, bool) or not isinstance(one, int | float) or not allowed[0] <= one <= allowed[1]:
            raise InputError(
                "The parameter {name} is {value}; it must lie from {low} to {high}.",
                name=name,
                value=one,
                low=allowed[0],
                high=allowed[1],
            )
