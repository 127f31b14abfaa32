"""A grid of scenarios: a base and lists of values at dotted keys; which of them share one simulation."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from analysis.scenario import Scenario, from_plain
from models.messages import InputError

RATE_SIDE = ("base_rate", "target_payable_months")
"""Keys of a scenario that `conclude` alone reads: a change of them needs no new simulation."""

LARGEST = 100_000
"""Scenarios in one grid."""


@dataclass(frozen=True)
class Grid:
    """The scenarios of a sweep in the order of the file, the last key varying fastest; ``keys`` are the dotted keys that vary."""

    keys: tuple[str, ...]
    scenarios: tuple[Scenario, ...]


@dataclass(frozen=True)
class Group:
    """Scenarios that share one simulation. ``rows``: their positions in the grid, from 1."""

    rows: tuple[int, ...]
    scenarios: tuple[Scenario, ...]


def load_grid(path: Path | str) -> Grid:
    """Read a grid file (.yaml, UTF-8); see `grid_from_yaml`."""
    try:
        return grid_from_yaml(Path(path).read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError("There is no grid file {path}.", path=str(path)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("The grid file {path} cannot be read as UTF-8 text.", path=str(path)) from error


def grid_from_yaml(text: str) -> Grid:
    """Read a grid: ``base`` is a scenario (may be left out), ``vary`` maps dotted keys of a scenario to lists of values.

    Raises
    ------
    InputError
        Not YAML, an unknown key, no value, the same scenario twice, a value out of range, too many scenarios.
    """
    try:
        plain = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError("The grid is not readable YAML at line {line}.", line=mark.line + 1 if mark else 1) from error
    if not isinstance(plain, Mapping):
        raise InputError("A grid has the keys base (a scenario) and vary (keys of a scenario, each with a list).")
    unknown = [str(key) for key in plain if key not in ("base", "vary")]
    if unknown:
        raise InputError("{name} is not a key of a grid; known keys are base and vary.", name=unknown[0])
    base, vary = plain.get("base") or {}, plain.get("vary")
    from_plain(base)
    if not isinstance(vary, Mapping) or not vary:
        raise InputError("The grid varies nothing: vary needs at least one key of a scenario with a list of values.")
    keys = tuple(str(key) for key in vary)
    for key, values in zip(keys, vary.values(), strict=True):
        if not isinstance(values, list) or not values:
            raise InputError("vary: {name} must be a list with at least one value.", name=key)
        wider = [other for other in keys if key.startswith(f"{other}.")]
        if wider:
            raise InputError("vary: {name} is a part of {wider}; vary one of them.", name=key, wider=wider[0])
    count = math.prod(len(values) for values in vary.values())
    if count > LARGEST:
        raise InputError("The grid has {count:integer} scenarios; at most {most:integer}.", count=count, most=LARGEST)
    scenarios = tuple(
        from_plain(_with(base, dict(zip(keys, chosen, strict=True)))) for chosen in itertools.product(*vary.values())
    )
    seen: dict[Scenario, int] = {}
    for position, one in enumerate(scenarios, 1):
        if seen.setdefault(one, position) != position:
            raise InputError(
                "Scenarios {first} and {second} of the grid are the same: a value stands twice in a list of vary.",
                first=seen[one],
                second=position,
            )
    return Grid(keys, scenarios)


def _with(base: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the base with values at dotted keys; what is wrong with them `from_plain` says."""
    plain = deepcopy(dict(base))
    for key, value in values.items():
        place = plain
        *parents, last = key.split(".")
        for parent in parents:
            if not isinstance(place.get(parent), dict):
                place[parent] = {}
            place = place[parent]
        place[last] = value
    return plain


def group(grid: Grid) -> tuple[Group, ...]:
    """Return the groups of scenarios that share one simulation, in the order of the grid."""
    found: dict[Scenario, list[int]] = {}
    silent: dict[str, Any] = dict.fromkeys(RATE_SIDE)
    for position, scenario in enumerate(grid.scenarios):
        found.setdefault(replace(scenario, **silent), []).append(position)
    return tuple(
        Group(tuple(p + 1 for p in positions), tuple(grid.scenarios[p] for p in positions))
        for positions in found.values()
    )
