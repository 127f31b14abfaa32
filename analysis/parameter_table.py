"""Every parameter as rows for readers: what is in force on the valuation date, and all its values by date."""

from __future__ import annotations

from datetime import date

import pandas as pd

from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.words import word
from data.parameters.guide import shown_unit, shown_value
from models.messages import InputError
from models.parameters import DatedValue, Parameter, Parameters


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
                "value": value_text(own.value if own else dated.value, t),
                "unit": shown_unit(parameter.unit, t.language),
                "mark": own.mark if own else dated.mark,
                "reference": own.reference if own else dated.reference,
                "used": own is not None,
            }
        )
    return pd.DataFrame(rows)


def history(parameter: Parameter, t: Translator) -> pd.DataFrame:
    """Return a parameter's values by date under readers' heads, the newest first."""
    return pd.DataFrame(
        [
            {
                t("In force from"): dated.effective.isoformat(),
                t("Value"): value_text(dated.value, t),
                t("Unit of value"): shown_unit(parameter.unit, t.language),
                t("Mark"): word(dated.mark, t),
                t("Reference"): dated.reference,
            }
            for dated in reversed(parameter.values)
        ]
    )


def value_text(value: object, t: Translator) -> str:
    """Return a parameter's value as text on one line."""
    return shown_value(value, t.language).replace("<br>", " / ")


def _in_force(parameter: Parameter, on: date) -> DatedValue:
    try:
        return parameter.at(on)
    except InputError:
        return parameter.values[0]
