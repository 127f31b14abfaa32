"""Which parameters a result depends on: the parameters, watched while they are used."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.own_parameters import SET_HERE
from analysis.rate_review import Assumption
from analysis.scenario import FROM_PARAMETERS, Scenario
from models.exposure import productivity_by_year
from models.messages import Message
from models.parameters import DatedValue, Parameter, Parameters


class UsedParameters:
    """The parameters of a review; remembers every parameter that was asked for, with the value of the latest date.

    Before a parameter's first value its first value is used, and a warning kept: a review of 2011 under a rule of 2015 must say so.
    """

    def __init__(self, parameters: Parameters, begun: UsedParameters | None = None) -> None:
        self.parameters = parameters
        self.used: dict[str, tuple[date, DatedValue]] = dict(begun.used) if begun else {}
        self.warnings: dict[str, Message] = dict(begun.warnings) if begun else {}

    def copy(self) -> UsedParameters:
        """Return a record of its own that begins with what was used so far."""
        return UsedParameters(self.parameters, self)

    def entry(self, name: str, on: date) -> DatedValue:
        """Return value, mark and reference in force on a date."""
        parameter: Parameter = self.parameters.parameter(name)
        first = parameter.values[0]
        if on < first.effective:
            self.warnings[name] = Message(
                "“{parameter}” has no value before {first:date}; that first value was used for {on:date}.",
                {"parameter": parameter.description, "first": first.effective, "on": on},
            )
        found = first if on < first.effective else parameter.at(on)
        self._remember(name, on, found)
        return found

    def join(self, other: UsedParameters) -> None:
        """Remember what another record of the same parameters remembers too."""
        for name, (on, found) in other.used.items():
            self._remember(name, on, found)
        self.warnings |= other.warnings

    def _remember(self, name: str, on: date, found: DatedValue) -> None:
        if name not in self.used or on > self.used[name][0]:
            self.used[name] = (on, found)

    def value(self, name: str, on: date) -> Any:
        """Return the value in force on a date."""
        return self.entry(name, on).value

    def assumptions(self, scenario: Scenario) -> tuple[Assumption, ...]:
        """Return what was used, and what the scenario set by hand instead, by name."""
        chosen = {FROM_PARAMETERS[name]: value for name, value in own_choices(scenario).items()}
        found = []
        for name in sorted({*self.used, *chosen}):
            parameter = self.parameters.parameter(name)
            if name in chosen:
                value, mark, reference = chosen[name], "assumption", SET_HERE
            else:
                dated = self.used[name][1]
                value, mark, reference = dated.value, dated.mark, dated.reference
            found.append(Assumption(name, value, mark, reference, dict(parameter.description), parameter.unit))
        return tuple(found)


def productivity(used: UsedParameters, years: Sequence[int]) -> NDArray[np.float64]:
    """Return construction output per person-year (yuan) of each year, by even growth between the years for which it is published."""
    published = used.parameters.parameter("construction.productivity").values
    for year in years[-1:]:
        used.value("construction.productivity", date(int(year), 12, 31))
    return productivity_by_year({v.effective.year: float(v.value) for v in published}, years)


def own_choices(scenario: Scenario) -> dict[str, Any]:
    """Return the fields of a scenario that were set by hand and stand in for a parameter."""
    values = {
        name: getattr(scenario.growth, name.partition(".")[2]) if "." in name else getattr(scenario, name)
        for name in FROM_PARAMETERS
    }
    return {name: value for name, value in values.items() if value is not None}
