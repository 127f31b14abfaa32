"""A mapping of a plan file that is read key by key, so that whatever does not fit is refused with its line."""

from __future__ import annotations

from typing import Any

import numpy as np
import yaml

from models.floating.terms import Constant
from models.messages import InputError
from models.parameters import MARKS


class Section:
    """A mapping of a plan file that knows its lines, its marks, and which of its keys have been read."""

    def __init__(self, node: yaml.Node, file: str, path: str, above: Section | None) -> None:
        self.file, self.path, self.node = file, path, node
        if not isinstance(node, yaml.MappingNode):
            raise self.error(node, InputError("{what} must be a mapping of names to values.", what=path or "the plan"))
        self.nodes: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value in self.nodes:
                raise self.error(key, InputError("the key {key} is there twice.", key=key.value))
            self.nodes[key.value] = value
        self.left = set(self.nodes)
        self.constants: list[Constant] = above.constants if above else []
        self.mark: str = self.text("mark", MARKS, above.mark if above else None)
        self.reference: str = self.text("reference", (), above.reference if above else None)
        self.left.discard("note")

    def error(self, node: yaml.Node | None, problem: InputError) -> InputError:
        """Return the error that names file and line of a node."""
        line = (node or self.node).start_mark.line + 1
        return InputError("{file}, line {line}: {problem}", file=self.file, line=line, problem=problem.message)

    def take(self, key: str, default: Any = ...) -> Any:
        """Return the plain value of a key; a key without default must be there."""
        if key not in self.nodes:
            if default is ...:
                raise self.error(None, InputError("{what} needs a {key}.", what=self.path or "the plan", key=key))
            return default
        self.left.discard(key)
        return plain(self.nodes[key])

    def number(self, key: str, default: Any = ..., low: float = 0.0, high: float = np.inf) -> Any:
        """Return a number within a range and note it as a constant of the plan."""
        value = self.take(key, default)
        if key in self.nodes and value is not None:
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise self.error(
                    self.nodes[key],
                    InputError(
                        "{key} is {value}; it must be a number from {low} to {high}.",
                        key=key,
                        value=str(value),
                        low=low,
                        high=high,
                    ),
                )
            self.note(key, value)
        return value

    def whole(self, key: str, default: Any = ..., low: int = 1) -> Any:
        """Return a whole number (or null, where the default says that it may be absent)."""
        value = self.number(key, default, low)
        if isinstance(value, float):
            raise self.error(
                self.nodes[key], InputError("{key} is {value}; it must be a whole number.", key=key, value=value)
            )
        return value

    def text(self, key: str, allowed: tuple[str, ...] = (), default: Any = ...) -> Any:
        """Return a text, one of ``allowed`` if any are given."""
        value = self.take(key, ... if default is None else default)
        if key in self.nodes and (not isinstance(value, str) or not value or (allowed and value not in allowed)):
            raise self.error(
                self.nodes[key],
                InputError(
                    "{key} is {value}; it must be one of {known}.",
                    key=key,
                    value=str(value),
                    known=", ".join(allowed) or "a text",
                ),
            )
        return value

    def flag(self, key: str, default: Any = ...) -> bool:
        """Return true or false."""
        value = self.take(key, default)
        if not isinstance(value, bool):
            raise self.error(
                self.nodes[key], InputError("{key} is {value}; it must be true or false.", key=key, value=str(value))
            )
        return value

    def section(self, key: str) -> Section | None:
        """Return the section under a key, or None."""
        if key not in self.nodes:
            return None
        self.left.discard(key)
        return Section(self.nodes[key], self.file, f"{self.path}.{key}".lstrip("."), self)

    def sections(self, key: str) -> list[Section]:
        """Return the list of sections under a key; empty where it is absent."""
        node = self.nodes.get(key)
        self.left.discard(key)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, InputError("{what} must be a list.", what=key))
        return [
            Section(n, self.file, f"{self.path}.{key}[{i + 1}]".lstrip("."), self) for i, n in enumerate(node.value)
        ]

    def note(self, key: str, value: object) -> None:
        """Note a constant of the plan with the mark and reference that stand nearest above it."""
        self.constants.append(Constant(f"{self.path}.{key}".lstrip("."), str(value), self.mark, self.reference))

    def done(self) -> None:
        """Refuse keys that nothing has read."""
        for key in self.nodes:
            if key in self.left:
                raise self.error(
                    self.nodes[key],
                    InputError("the key {key} is not known in {what}.", key=key, what=self.path or "a plan"),
                )


def plain(node: yaml.Node) -> Any:
    """Return the value of a node as plain Python."""
    loader = yaml.SafeLoader("")
    try:
        return loader.construct_object(node, deep=True)
    finally:
        loader.dispose()
