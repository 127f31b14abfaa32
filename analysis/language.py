"""What a reader sees: sentences from the catalogues in ``locale/``, figures by locale (万元, 亿元, ‰, %).

A `Translator` is passed to whatever writes text; no language lives in module state.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from models.messages import InputError, Message

CATALOGUES = Path(__file__).resolve().parent.parent / "locale"
LANGUAGES: Mapping[str, str] = {"zh": "zh_CN", "en": "en"}
"""Language codes as they stand in links and options, and the locale that each stands for."""

_NOT_KNOWN = "—"


@cache
def _messages(locale: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted((CATALOGUES / locale).glob("*.po")):
        with path.open("rb") as file:
            catalogue = read_po(file, locale=locale)
        found.update({str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy})
    return found


def language_of(locale: str | None) -> str:
    """Return the language code for a browser's or a system's locale (``zh-CN``, ``en_US.UTF-8``): Chinese first."""
    return "en" if (locale or "").lower().startswith("en") else "zh"


class _Formatter(string.Formatter):
    """``str.format`` with the reader's formats: money, permille, percent, number, integer, months, date."""

    def __init__(self, translator: Translator) -> None:
        self.translator = translator

    def format_field(self, value: Any, format_spec: str) -> str:
        name, _, digits = format_spec.partition(".")
        if name in FORMATS:
            method = getattr(self.translator, name)
            return str(method(value, int(digits)) if digits else method(value))
        if isinstance(value, Message):
            return self.translator.say(value)
        if isinstance(value, tuple):
            return "\n".join(map(self.translator.say, value))
        if isinstance(value, Mapping):
            return str(value[self.translator.language])
        return str(super().format_field(value, format_spec))


FORMATS = ("money", "permille", "percent", "number", "integer", "months", "date")


class Translator:
    """Says messages and figures in one language.

    Parameters
    ----------
    language : {"zh", "en"}

    Examples
    --------
    >>> Translator("en")("The rate is {rate:permille}.", rate=0.0012)
    'The rate is 1.20‰.'
    """

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise InputError("The language {language} is not known; use zh or en.", language=language)
        self.language = language
        self.locale = LANGUAGES[language]
        self._babel = Locale.parse(self.locale)  # parsed once: Babel looks for its file again at every figure
        self._formatter = _Formatter(self)

    def __call__(self, text: str, /, **fields: Any) -> str:
        """Return the sentence ``text`` (an English message id) in this language with its fields filled in."""
        return self._formatter.vformat(_messages(self.locale).get(text, text), (), fields)

    def say(self, message: Message | BaseException) -> str:
        """Return a `Message`, or the message of an `InputError`, in this language."""
        if isinstance(message, InputError):
            message = message.message
        if isinstance(message, Message):
            return self(message.text, **message.fields)
        return str(message)

    def number(self, value: float | None, digits: int = 2) -> str:
        """Return a number with ``digits`` decimals and the locale's separators."""
        if value is None or value != value:
            return _NOT_KNOWN
        if abs(value) == float("inf"):
            return "∞" if value > 0 else "−∞"
        pattern = "#,##0." + "0" * digits if digits else "#,##0"
        return str(format_decimal(round(float(value), digits), format=pattern, locale=self._babel))

    def integer(self, value: float | None) -> str:
        """Return a whole number."""
        return self.number(value, 0)

    def money(self, yuan: float | None, digits: int | None = None) -> str:
        """Return yuan as 亿元, 万元 or 元 (in English bn, m or plain yuan); from 1,000 of the unit on without decimals."""
        if yuan is None or yuan != yuan:
            return _NOT_KNOWN
        size, sign = abs(yuan), "−" if yuan < 0 else ""

        def own_digits(value: float) -> int:
            return digits if digits is not None else 0 if value >= 1000 else 2

        if self.language == "zh":
            for unit, name in ((1e8, "亿元"), (1e4, "万元")):
                if size >= unit:
                    return self.number(yuan / unit, own_digits(size / unit)) + name
            return self.number(yuan, own_digits(size)) + "元"
        for unit, name in ((1e9, "bn"), (1e6, "m")):
            if size >= unit:
                return sign + "¥" + self.number(size / unit, own_digits(size / unit)) + name
        return sign + "¥" + self.number(size, own_digits(size))

    def permille(self, rate: float | None, digits: int = 2) -> str:
        """Return a fraction in per mille: 0.00123 is 1.23‰."""
        return _NOT_KNOWN if rate is None or rate != rate else self.number(rate * 1e3, digits) + "‰"

    def percent(self, share: float | None, digits: int = 1) -> str:
        """Return a fraction in per cent: 0.123 is 12.3%."""
        return _NOT_KNOWN if share is None or share != share else self.number(share * 1e2, digits) + "%"

    def months(self, value: float | None, digits: int = 1) -> str:
        """Return a number of months with its unit; a negative balance pays none."""
        if value is None or value != value:
            return _NOT_KNOWN
        if value < 0:
            return "0个月（结余为负）" if self.language == "zh" else "0 months (negative balance)"
        return self.number(value, digits) + ("个月" if self.language == "zh" else " months")

    def date(self, value: date | datetime | None) -> str:
        """Return a date: 2026年3月1日, March 1, 2026."""
        if value is None or value != value:
            return _NOT_KNOWN
        return str(format_date(value, format="long", locale=self._babel))
