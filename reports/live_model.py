"""A live break-even model in the workbook: change the rate or a growth in Excel and the balance follows.

The model is the deterministic roll-forward of the review's mean path: each year's exposure and outgo grow at the rates of that path, plus what the
reader adds; a year's own flows earn half a year of interest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.language import Translator
from analysis.rate_review import RateReview
from reports.content import notice
from reports.one_table import set_for_print

NAMES = {
    "rate": "基准费率",
    "exposure_growth": "造价增速调整",
    "outgo_growth": "支出增速调整",
    "interest": "利率",
    "opening": "期初结余",
    "prevention": "预防费比例",
}
"""Inputs of the model → their defined names in Excel."""


@dataclass(frozen=True)
class Inputs:
    """What the reader may change: rates and growths as fractions, the opening balance in yuan."""

    rate: float
    exposure_growth: float
    outgo_growth: float
    interest: float
    opening: float
    prevention: float


def inputs_of(review: RateReview) -> Inputs:
    """Return the inputs that reproduce the review's own mean path."""
    first = review.flows.iloc[0]
    collected = float(first["collections_yuan"])
    share = float(first["prevention_yuan"]) / collected if collected else 0.0
    return Inputs(
        rate=float(review.scenario.base_rate or 0.0),
        exposure_growth=0.0,
        outgo_growth=0.0,
        interest=float(review.scenario.interest_rate or 0.0),
        opening=float(first["opening_yuan"]),
        prevention=share,
    )


def roll(flows: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """Return the model's years as the workbook computes them: ``exposure, premium, prevention, outgo, interest, closing, months, break_even``."""
    years = np.arange(1, len(flows) + 1)
    exposure = flows["exposure_yuan"].to_numpy() * (1 + inputs.exposure_growth) ** years
    outgo = flows["outgo_yuan"].to_numpy() * (1 + inputs.outgo_growth) ** years
    premium = exposure * inputs.rate
    prevention = premium * inputs.prevention
    rows, opening = [], inputs.opening
    for i in range(len(flows)):
        net = premium[i] - prevention[i] - outgo[i]
        interest = opening * inputs.interest + net * inputs.interest / 2
        closing = opening + net + interest
        months = closing / outgo[i] * 12
        rows.append(
            (
                exposure[i],
                premium[i],
                prevention[i],
                outgo[i],
                interest,
                closing,
                months,
                outgo[i] / exposure[i] / (1 - inputs.prevention),
            )
        )
        opening = closing
    return pd.DataFrame(
        rows, columns=["exposure", "premium", "prevention", "outgo", "interest", "closing", "months", "break_even"]
    )


def write_model(book: Any, review: RateReview, t: Translator, name: str, formats: dict[str, Any]) -> None:
    """Add the sheet to an open workbook (xlsxwriter); every formula carries its value, so that viewers without a calculator show it too."""
    sheet = book.add_worksheet(name)
    inputs, flows = inputs_of(review), review.flows
    percent, permille = (
        book.add_format({"num_format": "0.00%", "bg_color": "#FFF7D6"}),
        book.add_format({"num_format": "0.0000%", "bg_color": "#FFF7D6"}),
    )
    money_input = book.add_format({"num_format": "#,##0", "bg_color": "#FFF7D6"})
    labels = {
        "rate": t("Base rate"),
        "exposure_growth": t("Growth of total cost, added a year"),
        "outgo_growth": t("Growth of outgo, added a year"),
        "interest": t("Interest"),
        "opening": t("Opening balance"),
        "prevention": t("Prevention fund, share of premium"),
    }
    sheet.set_column(0, 0, 34)
    sheet.set_column(1, 10, 18)
    sheet.write_string(0, 0, t("Break-even model in yuan: change the yellow cells"), formats["title"])
    sheet.write_string(1, 0, notice(review, t), formats["text"])
    kinds = {"rate": permille, "opening": money_input}
    for row, (key, label) in enumerate(labels.items(), start=2):
        sheet.write_string(row, 0, label, formats["text"])
        sheet.write_number(row, 1, getattr(inputs, key), kinds.get(key, percent))
        book.define_name(NAMES[key], f"='{name}'!$B${row + 1}")
    heads = [
        t("Year"),
        t("Total cost of the review"),
        t("Outgo of the review"),
        t("Total cost enrolled"),
        t("Premium"),
        t("Prevention fund"),
        t("Outgo"),
        t("Interest earned"),
        t("Closing balance"),
        t("Payable months"),
        t("Break-even rate of the year"),
    ]
    top = 10
    sheet.set_row(top, 32)
    for column, text in enumerate(heads):
        sheet.write_string(top, column, text, formats["head_of_figures" if column else "head"])
    model = roll(flows, inputs)
    money, months, rate = formats["money"], formats["months"], book.add_format({"num_format": "0.0000%"})
    for i, (flow, year) in enumerate(zip(flows.itertuples(), model.itertuples(), strict=True)):
        r = top + 2 + i  # Excel's row number
        before = NAMES["opening"] if i == 0 else f"I{r - 1}"
        sheet.write_string(r - 1, 0, str(flow.period), formats["text"])
        sheet.write_number(r - 1, 1, flow.exposure_yuan, money)
        sheet.write_number(r - 1, 2, flow.outgo_yuan, money)
        power = i + 1
        cells = [
            (f"=B{r}*(1+{NAMES['exposure_growth']})^{power}", money, year.exposure),
            (f"=D{r}*{NAMES['rate']}", money, year.premium),
            (f"=E{r}*{NAMES['prevention']}", money, year.prevention),
            (f"=C{r}*(1+{NAMES['outgo_growth']})^{power}", money, year.outgo),
            (f"={before}*{NAMES['interest']}+(E{r}-F{r}-G{r})*{NAMES['interest']}/2", money, year.interest),
            (f"={before}+E{r}-F{r}-G{r}+H{r}", money, year.closing),
            (f"=I{r}/G{r}*12", months, year.months),
            (f"=G{r}/D{r}/(1-{NAMES['prevention']})", rate, year.break_even),
        ]
        for column, (formula, style, value) in enumerate(cells, start=3):
            sheet.write_formula(r - 1, column, formula, style, value)
    sheet.freeze_panes(top + 1, 1)
    set_for_print(sheet, 1)
