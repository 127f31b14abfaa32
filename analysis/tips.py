"""What the lines of a chart's tooltip are called: a column of a chart's data → its name for readers."""

from __future__ import annotations

from typing import Any

import altair as alt

from analysis.language import Translator
from models.messages import Message

TIPS: dict[str, Message] = {
    "actual": Message("Actual"),
    "amount": Message("Amount"),
    "basis": Message("Financing basis"),
    "cases": Message("Cases"),
    "change": Message("Change"),
    "closing": Message("Closing balance"),
    "contractors": Message("Contractors"),
    "cost": Message("Cost of the case"),
    "edges": Message("Edges"),
    "end": Message("Ultimate"),
    "expected": Message("Expected"),
    "factor": Message("True accident frequency ÷ usual"),
    "gini": Message("Gini, out of sample"),
    "gini_high": Message("Gini 95%"),
    "gini_low": Message("Gini 5%"),
    "high": Message("High (95%)"),
    "ladder": Message("Steps"),
    "low": Message("Low (5%)"),
    "middle": Message("Median"),
    "money": Message("Change in premium"),
    "months": Message("Months"),
    "multiplier": Message("Multiplier"),
    "name": Message("Item"),
    "off_balance": Message("Premium after floating ÷ before"),
    "open_days": Message("Open, in days of premium"),
    "open_yuan": Message("Open (yuan)"),
    "option": Message("Option"),
    "p50": Message("Median"),
    "paid": Message("Paid"),
    "payable_months": Message("Payable months"),
    "period": Message("Period"),
    "permille": Message("Rate (‰)"),
    "place": Message("Prefecture"),
    "plan": Message("Plan"),
    "premium_share": Message("Share of premium"),
    "prior": Message("Before the data"),
    "probability_below_floor": Message("Probability of having been below the floor"),
    "quarter": Message("Quarter"),
    "quintile": Message("Quintile"),
    "rate": Message("Rate"),
    "ratio": Message("Ratio"),
    "rising_share": Message("Share of units that pay more"),
    "roster_ratio": Message("Roster ÷ cost"),
    "said": Message("Verdict"),
    "saved": Message("Premium saved"),
    "share": Message("Share"),
    "shown": Message("Value"),
    "size_band": Message("Size band"),
    "small_surcharged": Message("Small contractors surcharged"),
    "step": Message("Multiplier"),
    "stood_at": Message("Stood at end of"),
    "what": Message("Series"),
    "year": Message("Year"),
}


def name_tips(chart: Any, t: Translator) -> None:
    """Give every line of a chart's tooltips that has no title its name for readers; in place, in all layers."""
    for layer in chart.layer if isinstance(chart, alt.LayerChart) else ():
        name_tips(layer, t)
    encoding = chart["encoding"]
    tips = encoding["tooltip"] if encoding is not alt.Undefined else alt.Undefined
    if isinstance(tips, list):
        encoding["tooltip"] = [_named(tip, t) for tip in tips]


def _named(tip: Any, t: Translator) -> Any:
    """Return a line with its title."""
    line = alt.Tooltip(tip) if isinstance(tip, str) else tip
    field = str(line["shorthand"]).split(":")[0]
    if line["title"] is alt.Undefined and field in TIPS:
        line["title"] = t.say(TIPS[field])
    return line
