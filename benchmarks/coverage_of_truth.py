"""Does the known truth lie inside the 90% intervals of the experience study as often as it should?

    python -m benchmarks.coverage_of_truth [--seeds 200] [--projects 2000] [--years 10] [--first 1] [--raw FILE] [--gather FILE ...]

Every seed is a synthetic fund of its own (with the defects that are planted in a demonstration book). The study sees what a fund would see at the
end of its last year; the truth is what the fund was made from:

- relativities: the formula fitted to the expected cases of every project and quarter without chance and without contractors' risks, which is
  what the study would find with endless data; alpha: the variance that the contractors' risks were drawn with; contractors: their own risk
- death share, graded share, grade mix, medical mean, spread and inflation, wage growth: the parameters of the generator
- ultimate counts: the cases that had happened; payments: what the same cases are paid later, drawn on by the generator beyond the last day

A share of 90% is expected; with n statements that were independent, the error of that share would be √(0.9 · 0.1 / n). Statements of one seed are not
independent, so ``error`` is taken between seeds. Results: ``benchmarks/results/coverage_of_truth.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

RESULTS = Path(__file__).parent / "results" / "coverage_of_truth.json"
SHORT = ("disability_allowance", "care_allowance", "survivor_pension")


def fund(seed: int, projects: int, years: int) -> tuple[Any, Any, dict[str, pd.DataFrame], pd.DataFrame, pd.Series]:
    """Return configuration, truth, the tables that a fund would have, all payments ever of its cases, and its contractors' risks."""
    from data.book import typed
    from data.demo import events
    from data.demo.truth import DemoConfig, Truth
    from data.parameters import load_parameters
    from data.schema import TABLES

    config, truth, parameters = DemoConfig(seed=seed, projects=projects, years=years), Truth(), load_parameters()
    contractors = events.make_contractors(config, truth)
    ledgers = next(events.ledger_blocks(config, truth, parameters, contractors))
    first = {"projects": 1, "cases": 1, "payments": 1}
    streams = events._streams(seed, 0)
    made = events._projects(config, truth, contractors, projects, first, streams[1])
    cases = events._cases(config, truth, made, contractors.risk, first, True, streams[2])
    later = events._payments(replace(config, years=years + 15), truth, cases, first, parameters, streams[3])
    tables = {
        "projects": ledgers.projects,
        "cases": ledgers.cases,
        "payments": ledgers.payments,
        "contractors": contractors.ledger,
    }
    tables["roster"] = pd.DataFrame()
    tables = {
        n: typed(t.reindex(columns=[f.name for f in TABLES[n]]).reset_index(drop=True), n) for n, t in tables.items()
    }
    return config, truth, tables, later, contractors.risk


def statements(seed: int, projects: int, years: int) -> Iterator[tuple[str, float, float, float]]:
    """Yield (name, low, high, truth) of everything that the study says of one fund."""
    from analysis.assumptions import UsedParameters
    from analysis.experience.exposure import earn, rating_rows
    from analysis.experience.frames import ledgers_of
    from analysis.experience.study import study_ledgers
    from analysis.scenario import Scenario
    from data.demo.events import true_frequency
    from data.parameters import load_parameters
    from models.frequency import fit_frequency

    config, truth, tables, later, risk = fund(seed, projects, years)
    parameters = UsedParameters(load_parameters())
    ledgers = ledgers_of(tables, parameters)
    study = study_ledgers(ledgers, Scenario().resolve(parameters, ledgers.on))
    frequency, severity, development = study.frequency, study.severity, study.development
    assert frequency is not None
    assert severity is not None
    assert development is not None

    own = ledgers.projects
    began = own["start_date"].dt.year.to_numpy() - config.first_year
    persons = own["total_cost_yuan"].to_numpy() / (truth.productivity * (1 + truth.productivity_growth) ** began)
    whole = persons * true_frequency(own, truth, config.first_year)
    earned = earn(ledgers)
    rows, _ = rating_rows(ledgers, earned, 3)
    row, at = np.nonzero(earned.cost > 0)
    endless = rows.assign(cases=whole[row] * earned_share_of_truth(ledgers)[row, at], exposure=rows["cost_yi"])
    endless = endless[endless["cases"] > 0]
    target = fit_frequency(endless, frequency.fit.formula.text, "exposure").relativities(0.9)
    both = frequency.relativities.merge(
        target[["variable", "level", "relativity"]], on=["variable", "level"], suffixes=("", "_true")
    )
    for one in both[~both["base"] & (both["cases"] > 0)].itertuples():
        # the base levels of both may differ: compare with the same one
        base = both[(both["variable"] == one.variable) & both["base"]]["relativity_true"].iloc[0]
        yield f"relativity {one.variable}", one.low, one.high, one.relativity_true / base
    alpha, error = frequency.fit.alpha, frequency.fit.dispersion_error
    width = 1.6449 * error / alpha if alpha > 0 else 0.0
    yield "variance between contractors", alpha * np.exp(-width), alpha * np.exp(width), truth.contractor_variance
    for one in frequency.contractors.itertuples():
        yield "risk of a contractor", one.low, one.high, float(risk[one.contractor])
    if frequency.back_test is not None:
        for one in frequency.back_test.table.itertuples():
            yield "cases of the next year (back-test)", one.low, one.high, one.actual

    outcomes = severity.outcomes.set_index("outcome")
    yield "death share", *outcomes.loc["death", ["low", "high"]], truth.death_share
    yield "graded share", *outcomes.loc["graded", ["low", "high"]], truth.graded_share
    mix = np.array(truth.grade_mix) / sum(truth.grade_mix)
    for one in severity.mix.overall.itertuples():
        yield "share of a grade", one.low, one.high, mix[one.grade - 1]
    medical = severity.medical
    if medical is not None:
        mean = truth.medical_mean * (1 + truth.medical_inflation) ** (medical.base_year - config.first_year)
        if medical.base_group == "0":
            yield "medical mean", *medical.mean_interval, mean
        yield "medical spread", *medical.cv_interval, truth.medical_cv
        if medical.inflation is not None:
            yield "medical inflation", medical.inflation.low, medical.inflation.high, truth.medical_inflation
    if severity.wages is not None:
        yield "wage growth", severity.wages.low, severity.wages.high, truth.wage_growth

    happened = ledgers.cases[ledgers.cases["year"] > 0]
    grades = int(((happened["grade"] > 0) & (happened["outcome"] != "death")).sum())
    totals = {"report_date": len(happened), "recognition_date": len(happened), "assessment_date": grades}
    for stage in development.counts:
        yield f"ultimate count, {stage.stage}", stage.low, stage.high, totals[stage.stage]
    close = pd.Timestamp(ledgers.on)
    ordinary = ledgers.cases[(ledgers.cases["year"] > 0) & ~ledgers.large]
    ahead = later[
        (later["payment_date"] > close) & ~later["benefit"].isin(SHORT) & later["case_id"].isin(ordinary["case_id"])
    ]
    amounts = development.amounts["injury_year"]
    if amounts.distribution is not None:
        for share in (0.9, 0.5):
            yield (
                f"payments to come, {share:.0%}",
                *amounts.distribution.interval(share),
                float(ahead["amount_yuan"].sum()),
            )
        year = ahead["case_id"].map(happened.set_index("case_id")["year"]).to_numpy()
        for one in amounts.by_origin.tail(3).itertuples():
            due = float(ahead["amount_yuan"].to_numpy()[year == int(one.period)].sum())
            yield "payments to come of an injury year", one.low_yuan, one.high_yuan, due


def earned_share_of_truth(ledgers: Any) -> np.ndarray:
    """Return (projects, quarters) the share of each project's injuries that fall in a quarter, by the generator's own calendars."""
    from data.demo.events import calendars
    from models.exposure import earned_share, effective_end

    own = ledgers.projects
    start, end = own["start_date"], effective_end(own)
    edges = [*(np.datetime64(q.start_time, "D") for q in ledgers.quarters), ledgers.close]
    done = np.zeros((len(own), len(edges)))
    for name, calendar in calendars().items():
        mine = ((own["prefecture"] == name) & end.notna()).to_numpy()
        first, last = (v[mine].to_numpy(dtype="datetime64[D]") for v in (start, end))
        done[mine] = np.stack([earned_share(first, last, edge, calendar) for edge in edges], axis=1)
    return np.diff(done, axis=1)


def main() -> None:
    """Measure, print, and keep the results."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seeds", type=int, default=200)
    options.add_argument("--first", type=int, default=1)
    options.add_argument("--projects", type=int, default=2000)
    options.add_argument("--years", type=int, default=10)
    options.add_argument("--raw", type=Path, help="file to which every statement is appended")
    options.add_argument("--gather", type=Path, nargs="*", help="such files of several runs, to be summed up instead")
    asked = options.parse_args()
    options_of = {"seeds": asked.seeds, "projects": asked.projects, "years": asked.years}
    columns = ["seed", "name", "low", "high", "truth"]
    if asked.gather:
        found = pd.concat([pd.read_csv(path) for path in asked.gather])
        options_of["seeds"] = int(found["seed"].nunique())
    else:
        began, rows = time.perf_counter(), []
        for seed in range(asked.first, asked.first + asked.seeds):
            rows += [(seed, *one) for one in statements(seed, asked.projects, asked.years)]
            if asked.raw:
                pd.DataFrame(rows, columns=columns).to_csv(asked.raw, index=False)
            print(seed, f"{time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
        found = pd.DataFrame(rows, columns=columns)
    table = summary(found)
    print(table.to_string(index=False))
    versions = {name: version(name) for name in ("numpy", "pandas", "scipy", "patsy")}
    RESULTS.parent.mkdir(exist_ok=True)
    content = {**options_of, "versions": versions, "lines": table.to_dict("records")}
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Return, by kind of statement: from how many funds, how many, the share inside, below and above, and the error of the share inside, between seeds."""
    found = found.assign(
        inside=found["truth"].between(found["low"], found["high"]), below=found["truth"] < found["low"]
    )
    found["above"] = ~found["inside"] & ~found["below"]
    by_seed = found.groupby(["name", "seed"])["inside"].mean()
    table = found.groupby("name").agg(
        funds=("seed", "nunique"),
        statements=("inside", "size"),
        inside=("inside", "mean"),
        below=("below", "mean"),
        above=("above", "mean"),
    )
    table["error"] = by_seed.groupby("name").std() / np.sqrt(by_seed.groupby("name").size())
    return table.round(4).reset_index()


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    main()
