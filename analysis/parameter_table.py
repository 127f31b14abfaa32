"""Every parameter as rows for readers: what is in force on the valuation date, and all its values by date."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pandas as pd

from analysis.language import Translator
from analysis.rate_review import Assumption, RateReview
from analysis.words import word
from data.parameters.guide import shown_reference, shown_unit, shown_value
from models.messages import InputError
from models.parameters import MARKS, DatedValue, Parameter, Parameters


def parameter_rows(parameters: Parameters, review: RateReview, t: Translator) -> pd.DataFrame:
    """Return ``name, label, value, unit, mark, reference, used``: values as the review used them, else as in force on its valuation date."""
    used = {a.name: a for a in review.assumptions}
    rows = []
    for name, parameter in parameters.entries.items():
        own = used.get(name)
        dated = _in_force(parameter, review.valuation_date)
        rows.append(
            {
                "name": name,
                "label": parameter.description[t.language],
                "value": value_text(own.value if own else dated.value, t, parameter.unit),
                "unit": shown_unit(parameter.unit, t.language),
                "mark": own.mark if own else dated.mark,
                "reference": shown_reference(own.reference if own else dated.reference, t.language),
                "used": own is not None,
            }
        )
    return pd.DataFrame(rows)


def weakest_first(assumptions: Sequence[Assumption]) -> list[Assumption]:
    """Return what a result depends on in the order of a report: assumed and unverified values before official ones."""
    return sorted(assumptions, key=lambda a: (-MARKS.index(a.mark), a.name))


def assumption_rows(assumptions: Sequence[Assumption], t: Translator) -> pd.DataFrame:
    """Return ``name, value, unit_of_value, mark, reference`` in the reader's words, the weakest first."""
    rows = [
        {
            "name": a.label.get(t.language, a.name),
            "value": value_text(a.value, t, a.unit),
            "unit_of_value": shown_unit(a.unit, t.language),
            "mark": word(a.mark, t),
            "reference": shown_reference(a.reference, t.language),
        }
        for a in weakest_first(assumptions)
    ]
    return pd.DataFrame(rows)


def history(parameter: Parameter, t: Translator) -> pd.DataFrame:
    """Return a parameter's values by date under readers' heads, the newest first."""
    return pd.DataFrame(
        [
            {
                t("In force from"): dated.effective.isoformat(),
                t("Value"): value_text(dated.value, t, parameter.unit),
                t("Unit of value"): shown_unit(parameter.unit, t.language),
                t("Mark"): word(dated.mark, t),
                t("Reference"): shown_reference(dated.reference, t.language),
            }
            for dated in reversed(parameter.values)
        ]
    )


def value_text(value: object, t: Translator, unit: str) -> str:
    """Return a parameter's value as text on one line, shares in per cent."""
    return shown_value(value, t.language, unit).replace("<br>", " / ")


def _in_force(parameter: Parameter, on: date) -> DatedValue:
    try:
        return parameter.at(on)
    except InputError:
        return parameter.values[0]
