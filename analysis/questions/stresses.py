"""Named stress scenarios as data: ``data/stresses.yaml``, or an office's own file with the same keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from analysis.scenario import Shock, from_plain
from models.messages import InputError
from models.parameters import MARKS

FILE = Path(__file__).resolve().parents[2] / "data" / "stresses.yaml"


@dataclass(frozen=True)
class Stress:
    """A named stress: its name by language, its shocks, and what they rest on."""

    name: Mapping[str, str]
    shocks: tuple[Shock, ...]
    mark: str
    reference: str


@cache
def load_stresses(path: Path = FILE) -> Mapping[str, Stress]:
    """Return the stresses of a file by code; a wrong key or value is an `InputError` that names it."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError("The file of stress scenarios {path} cannot be read.", path=str(path)) from error
    if not isinstance(content, Mapping) or not content:
        raise InputError("{path} must hold stress scenarios by name, each with its shocks.", path=path.name)
    return {str(code): _stress(str(code), one, path.name) for code, one in content.items()}


def _stress(code: str, content: object, file: str) -> Stress:
    known = {"name", "mark", "reference", "shocks"}
    if not isinstance(content, Mapping) or set(content) != known:
        raise InputError(
            "{file}: the stress {code} needs exactly the keys {known}.",
            file=file,
            code=code,
            known=", ".join(sorted(known)),
        )
    name = content["name"]
    if not isinstance(name, Mapping) or not {"zh", "en"} <= set(name) or content["mark"] not in MARKS:
        raise InputError(
            "{file}: the stress {code} needs a name in zh and en, and a mark, one of {marks}.",
            file=file, code=code, marks=", ".join(MARKS),
        )  # fmt: skip
    if not content["shocks"]:
        raise InputError("{file}: the stress {code} has no shocks.", file=file, code=code)
    try:
        shocks = from_plain({"shocks": content["shocks"]}).shocks
    except InputError as error:
        raise InputError("{file}, {code}: {problem}", file=file, code=code, problem=error.message) from error
    return Stress(dict(name), shocks, content["mark"], str(content["reference"]))
