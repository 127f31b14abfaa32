"""The parameters of a scenario: the law's, its overlays', and the values that the scenario itself sets, checked against kind and range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from analysis.scenario import ParameterChange, Scenario
from data.parameters import load_parameters
from models.messages import InputError
from models.parameters import Parameters, check_value

SET_HERE = "本方案自行设定"
"""What an own value without a reason rests on; references are in Chinese, their English in ``data/english.yaml``."""


def parameters_of(scenario: Scenario) -> Parameters:
    """Return the dated parameters that a scenario is reviewed under.

    Raises
    ------
    InputError
        An overlay or a parameter is not known, or an own value does not fit the parameter's kind or range.
    """
    parameters = load_parameters(*scenario.overlays)
    for change in scenario.parameters:
        parameters = changed(parameters, change)
    return parameters


def changed(parameters: Parameters, change: ParameterChange) -> Parameters:
    """Return parameters with one own value; it holds from its date on, with the mark ``assumption``."""
    parameter = parameters.parameter(change.name)
    known, value = parameter.values[-1].value, _read(change, parameter.description)
    if not _same_shape(value, known):
        raise InputError(
            "The parameter {name} cannot be {value}: it must look like {example}.",
            name=parameter.description,
            value=change.value[:80],
            example=as_text(known),
        )
    if isinstance(known, float) and isinstance(value, int):
        value = float(value)
    check_value(parameter.description, value, parameter.range)
    return parameters.with_value(change.name, change.since, value, "assumption", change.reason or SET_HERE)


def as_text(value: Any) -> str:
    """Return a parameter's value as one line of YAML, as `ParameterChange` keeps it."""
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


SHARES = {"%": 100, "％": 100, "‰": 1000}


def _read(change: ParameterChange, title: Mapping[str, str] | None = None) -> Any:
    text = change.value.strip()
    if text[-1:] in SHARES:
        try:
            return float(text[:-1]) / SHARES[text[-1]]
        except ValueError:
            pass  # said below as what it is
    try:
        return yaml.safe_load(change.value)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(
            "The value of {name} is not readable: {value}", name=title or change.name, value=change.value[:80]
        ) from error


def _same_shape(value: Any, known: Any) -> bool:
    """Whether a value has the kind of a known one: number, text, a list of such, or a mapping with the same keys."""
    if isinstance(known, Mapping):
        return (
            isinstance(value, Mapping)
            and set(value) == set(known)
            and all(_same_shape(value[k], known[k]) for k in known)
        )
    if isinstance(known, list):
        return isinstance(value, list) and bool(value) and all(_same_shape(one, known[0]) for one in value)
    if isinstance(known, bool):
        return isinstance(value, bool)
    if isinstance(known, int | float):
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")
    return isinstance(value, type(known))


def overlay_file(changes: Sequence[ParameterChange]) -> str:
    """Return own values as the text of an overlay file (``data/parameters/overlays/``), for other scenarios and the command line."""
    content: dict[str, Any] = {}
    for change in sorted(changes, key=lambda c: c.since):
        entry = {
            "from": change.since,
            "value": _read(change),
            "mark": "assumption",
            "reference": change.reason or SET_HERE,
        }
        content.setdefault(change.name, {"values": []})["values"].append(entry)
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)
