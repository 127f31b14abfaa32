"""Standing at past year-ends of synthetic funds, projecting, and looking at what came: ``python -m benchmarks.fund_backtest``.

Each fund is made from a known truth with another seed. What is projected from the ledgers as known at a year-end is held against the payments of the
years after it, which the same ledgers hold. Two figures matter: the bias of the mean, and how often the 90% interval held.

Every synthetic fund meets one event of nine deaths in its sixth year, which the assumed frequency of large events brings once in 36 years to funds of
this size. What it pays is therefore counted twice: with everything that came, and (``_planted``) without the event's payments where it lay ahead.
Payments entered ten times too large, one in ten thousand, are left in both. No seed here was used to find or to set anything in the model.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from analysis.assumptions import UsedParameters
from analysis.fund.history import History, read_history
from analysis.fund.projection import project
from analysis.scenario import Scenario
from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.parameters import load_parameters

SEEDS, PROJECTS, STANDS, AHEAD = range(201, 205), 6_000, (2019, 2020, 2021, 2022, 2023), 3
PLANTED = 2020
RESULT = Path(__file__).with_name("results") / "fund_backtest.json"


def held(seed: int) -> list[dict[str, float]]:
    """Return what was said and what came, a row each stand and year ahead."""
    rows = []
    with open_book(":memory:", create=True) as book:
        make_demo(book, DemoConfig(projects=PROJECTS, seed=seed))
        whole = read_history(book, Scenario(), UsedParameters(load_parameters()))
        actual = dict(zip(whole.years.tolist(), zip(whole.outgo, whole.exposure, strict=True), strict=True))
        planted = _planted(whole)
        for stand in STANDS:
            parameters = UsedParameters(load_parameters())
            scenario = Scenario(valuation_date=date(stand, 12, 31), horizon_years=AHEAD, paths=2_000, seed=seed)
            history = read_history(book, scenario, parameters)
            found = project(history, scenario.resolve(parameters, history.valuation_date), parameters)
            for step in range(AHEAD):
                if stand + 1 + step not in actual:
                    continue
                outgo, exposure = actual[stand + 1 + step]
                usual = outgo - (planted.get(stand + 1 + step, 0.0) if stand < PLANTED else 0.0)
                low, high = np.quantile(found.outgo[:, step], [0.05, 0.95])
                rows.append(
                    {
                        "seed": seed, "stand": stand, "ahead": step + 1, "mean": float(found.outgo[:, step].mean()), "actual": float(outgo),
                        "inside": float(low <= outgo <= high), "usual": usual, "usual_inside": float(low <= usual <= high),
                        "z": float((usual - found.outgo[:, step].mean()) / found.outgo[:, step].std()), "width": float((high - low) / found.outgo[:, step].mean()),
                        "exposure": float(found.exposure[:, step].mean() / exposure),
                    }
                )  # fmt: skip
    return rows


def _planted(whole: History) -> dict[int, float]:
    """Return what the planted event pays, by year."""
    assert whole.cohorts is not None
    tables = whole.cohorts.tables
    struck = tables.cases.loc[tables.cases["event_id"].notna(), "case_id"]
    own = tables.payments[tables.payments["case_id"].isin(struck)]
    return {int(y): float(a) for y, a in own.groupby(own["payment_date"].dt.year)["amount_yuan"].sum().items()}


def main() -> None:
    """Print and record bias and coverage by years ahead."""
    rows = pd.DataFrame([row for seed in SEEDS for row in held(seed)])
    rows["ratio"] = rows["mean"] / rows["actual"]
    table = [
        {
            "years_ahead": int(ahead),
            "statements": len(own),
            "bias_of_outgo": round(float(own["mean"].sum() / own["actual"].sum() - 1), 4),
            "bias_of_exposure": round(float(own["exposure"].mean() - 1), 4),
            "root_mean_square": round(float(np.sqrt(((own["ratio"] - 1) ** 2).mean())), 4),
            "inside_90": round(float(own["inside"].mean()), 3),
            "inside_90_without_planted": round(float(own["usual_inside"].mean()), 3),
            "bias_without_planted": round(float(own["mean"].sum() / own["usual"].sum() - 1), 4),
            "root_mean_square_of_standardised": round(float(np.sqrt((own["z"] ** 2).mean())), 3),
            "mean_width_90": round(float(own["width"].mean()), 3),
        }
        for ahead, own in rows.groupby("ahead")
    ]
    result = {
        "funds": len(SEEDS),
        "projects": PROJECTS,
        "seeds": list(SEEDS),
        "stands": list(STANDS),
        "by_years_ahead": table,
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
