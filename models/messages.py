"""What is said to a reader, as a template and its fields, so that it can be said in the reader's language.

Every layer uses these two classes; only ``analysis.language.Translator`` turns them into text for a person.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class _PlainFormatter(string.Formatter):
    """Formats a template for a log or a developer: the reader's formats (money, permille, …) are ignored."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if isinstance(value, tuple):
            return "\n".join(map(str, value))
        return str(value["en"] if isinstance(value, Mapping) else value)


@dataclass(frozen=True)
class Message:
    """An English sentence with ``{named}`` fields: the message id of the catalogues. A field that is a mapping holds its text by language;
    one that is a tuple holds messages, said one a line.

    >>> str(Message("Row {row} has no date.", {"row": 7}))
    'Row 7 has no date.'
    """

    text: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return _PlainFormatter().vformat(self.text, (), self.fields)


class InputError(ValueError):
    """Input that cannot be used: says what is wrong, where, and what would be right.

    The template is the message id of the catalogues; the fields fill it in any language.
    """

    def __init__(self, text: str, /, **fields: Any) -> None:
        self.message = Message(text, fields)
        super().__init__(str(self.message))

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self.message.text, dict(self.message.fields))


def _rebuild(text: str, fields: dict[str, Any]) -> InputError:
    return InputError(text, **fields)
