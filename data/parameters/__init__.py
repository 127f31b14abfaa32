"""The dated parameters: one YAML file a subject, laid over by the file of a province or an office."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from models.messages import InputError
from models.parameters import MARKS, DatedValue, Parameter, Parameters, check_value, quickly

FOLDER = Path(__file__).resolve().parent
OVERLAYS = FOLDER / "overlays"


def load_parameters(*overlays: str | Path) -> Parameters:
    """Return the parameters of Xinjiang, with overlays laid over them in order.

    An overlay is a file, or the name of one in ``data/parameters/overlays/`` (``"zhejiang"``). It may give new values to known
    parameters; an unknown name, key, mark, date or a value out of range is an `InputError` that names file and parameter.
    """
    entries = dict(_base())
    for overlay in overlays:
        path = Path(overlay)
        if path.suffix not in (".yaml", ".yml"):
            path = OVERLAYS / f"{overlay}.yaml"
        for name, content in _read(path).items():
            if name not in entries:
                raise InputError("{file}: there is no parameter {name}.", file=path.name, name=name)
            old = entries[name]
            new = _values(name, content, old.range, path.name)
            first = new[0].effective
            entries[name] = Parameter(
                name, old.description, old.unit, (*(v for v in old.values if v.effective < first), *new), old.range
            )
    return Parameters(entries, tuple(str(o) for o in overlays))


def available_overlays() -> list[str]:
    """Return the names of the overlays that come with the program."""
    return sorted(path.stem for path in OVERLAYS.glob("*.yaml"))


@cache
def subject_of(name: str) -> str:
    """Return the subject file (without suffix) that a parameter stands in."""
    return next(path.stem for path in sorted(FOLDER.glob("*.yaml")) if name in _read(path))


@cache
def _base() -> Mapping[str, Parameter]:
    entries: dict[str, Parameter] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        for name, content in _read(path).items():
            if name in entries:
                raise InputError("{file}: the parameter {name} is there twice.", file=path.name, name=name)
            low_high = content.get("range")
            allowed = (float(low_high[0]), float(low_high[1])) if low_high else None
            entries[name] = Parameter(
                name, content["description"], content["unit"], _values(name, content, allowed, path.name), allowed
            )
    return entries


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        content = quickly(yaml.load, path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise InputError(
            "There is no overlay {name}; known overlays are {known}.",
            name=path.stem,
            known=", ".join(available_overlays()),
        ) from error
    except UnicodeDecodeError as error:
        raise InputError("{file} is not text in UTF-8; save it again as UTF-8.", file=path.name) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            "{file} is not readable YAML at line {line}.", file=path.name, line=mark.line + 1 if mark else 1
        ) from error
    if not isinstance(content, dict) or not all(isinstance(v, dict) for v in content.values()):
        raise InputError("{file} must hold parameters by name, each with its values.", file=path.name)
    return content


def _values(
    name: str, content: Mapping[str, Any], allowed: tuple[float, float] | None, file: str
) -> tuple[DatedValue, ...]:
    found = []
    items = content.get("values") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InputError(
            "{file}: the values of {name} must be a list of from, value, mark and reference.", file=file, name=name
        )
    for item in items:
        unknown = set(item) - {"from", "value", "mark", "reference", "confidence"}
        if unknown:
            raise InputError("{file}: {name} has the unknown key {key}.", file=file, name=name, key=sorted(unknown)[0])
        if not isinstance(item.get("from"), date) or "value" not in item:
            raise InputError(
                "{file}: a value of {name} needs a date `from: YYYY-MM-DD` and a `value`.", file=file, name=name
            )
        if item.get("mark") not in MARKS or not item.get("reference"):
            raise InputError(
                "{file}: every value of {name} needs a reference and a mark, one of {marks}.",
                file=file,
                name=name,
                marks=", ".join(MARKS),
            )
        try:
            check_value(name, item["value"], allowed)
        except InputError as error:
            raise InputError("{file}: {problem}", file=file, problem=error.message) from error
        found.append(DatedValue(item["from"], item["value"], item["mark"], item["reference"], item.get("confidence")))
    if not found:
        raise InputError("{file}: {name} has no values.", file=file, name=name)
    return tuple(sorted(found, key=lambda v: v.effective))
