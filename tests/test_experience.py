"""The experience study on ledgers and on level 2: identities, known truth, nothing that is not a number, and every kind of thin book."""

import json

import numpy as np
import pandas as pd
import pytest

from analysis.assumptions import UsedParameters
from analysis.columns import for_readers
from analysis.experience import experience_study, study_experience, study_ledgers
from analysis.experience.charts import CHARTS, experience_charts
from analysis.experience.credibility import study_credibility
from analysis.experience.exposure import earn
from analysis.experience.frames import ledgers_of, read_frames
from analysis.experience.tables import experience_tables, report_tables
from analysis.language import Translator
from analysis.scenario import Scenario
from benchmarks.coverage_of_truth import statements, summary
from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.parameters import load_parameters
from models.messages import InputError


@pytest.fixture(scope="module")
def ledgers():
    with open_book(":memory:") as book:
        make_demo(book, DemoConfig(projects=1500, years=8))
        return read_frames(book, UsedParameters(load_parameters()))


@pytest.fixture(scope="module")
def study(ledgers):
    return study_ledgers(ledgers, Scenario().resolve(ledgers.parameters, ledgers.on), synthetic=True)


def rebuilt(ledgers, **changed):
    tables = {n: getattr(ledgers, n) for n in ("projects", "cases", "payments", "roster", "contractors")} | changed
    tables["cases"] = tables["cases"].drop(columns=["project", "year", "on_ledger"], errors="ignore")
    tables["payments"] = tables["payments"].drop(columns="case", errors="ignore")
    again = ledgers_of(tables, ledgers.parameters)
    return study_ledgers(again, Scenario().resolve(again.parameters, again.on))


def finite(study):
    """Nothing in a table is infinite; every table can be said in both languages and kept as JSON."""
    for name, frame in experience_tables(study).items():
        numbers = frame.select_dtypes("number").to_numpy(dtype=float)
        assert not np.isinf(numbers).any(), name
        json.dumps(for_readers(frame.head(5), Translator("zh")).to_dict())
    for language in ("zh", "en"):
        for chart in experience_charts(study, Translator(language)).values():
            assert chart.to_dict()["title"]["text"]


def test_premium_written_is_earned_or_still_to_earn(study):
    table = study.by_year
    for kind in ("", "_premium"):
        written, earned, left = (table[f"{w}{kind}_yuan"].to_numpy() for w in ("written", "earned", "unearned"))
        assert np.cumsum(written) - np.cumsum(earned) == pytest.approx(left, abs=0.01)
    assert table["person_years"].gt(0).all()


def test_every_part_is_there_and_can_be_shown_in_both_languages(study):
    assert all(
        getattr(study, part) is not None
        for part in ("exposure", "frequency", "severity", "development", "credibility", "yearly_cost")
    )
    assert set(experience_charts(study, Translator("zh"))) == set(CHARTS)
    titles = [table.title for table in report_tables(study, Translator("zh"))]
    assert len(titles) == len(set(titles)) > 20
    assert not any(c.isascii() and c.isalpha() for title in titles[:3] for c in title)
    finite(study)


def test_relativities_have_their_base_by_exposure(study):
    for _, own in study.frequency.relativities.groupby("variable"):
        base = own[own["base"]]
        assert len(base) == 1
        assert base["exposure"].iloc[0] == own.loc[own["cases"] > 0, "exposure"].max()
        assert base["relativity"].iloc[0] == 1.0


def test_credible_rate_lies_between_own_and_complement(study):
    table = study.credibility.contractors
    mixed = table["credibility"] * table["own_rate"] + (1 - table["credibility"]) * table["complement_rate"]
    assert mixed.to_numpy() == pytest.approx(table["rate"].to_numpy())
    capped_cost = table["cost_yuan"].sum() * study.credibility.load
    assert capped_cost == pytest.approx(table["cost_yuan"].sum() / (1 - study.credibility.removed))


def test_counts_reach_no_less_than_is_known_and_stages_follow_each_other(study):
    stages = {one.stage: one for one in study.development.counts}
    assert all(one.low <= one.ultimate <= one.high and one.known <= one.low for one in stages.values())
    for months in (3, 6, 12):
        assert (
            stages["report_date"].share_within(months)
            >= stages["recognition_date"].share_within(months)
            > stages["assessment_date"].share_within(months)
        )


def test_a_years_cost_checks_its_own_moments(study):
    assert study.yearly_cost.table["ok"].all()
    assert study.yearly_cost.ordinary.mean == pytest.approx(study.yearly_cost.table["mean_yuan"].iloc[0])


def test_most_of_the_truth_is_inside_the_intervals():
    """A smoke test of the recorded benchmark, which has 200 funds: two small ones."""
    found = pd.DataFrame(
        [(s, *one) for s in (11, 12) for one in statements(s, 800, 6)], columns=["seed", "name", "low", "high", "truth"]
    )
    assert (found["low"] <= found["high"]).all()
    table = summary(found).set_index("name")
    assert table.loc[["relativity prefecture", "relativity project_type"], "inside"].min() > 0.7
    assert {"medical mean", "death share", "payments to come, 90%", "variance between contractors"} <= set(table.index)


def test_a_project_past_its_end_goes_on_and_a_cancelled_one_earns_nothing(ledgers):
    projects = ledgers.projects.copy()
    late = projects.index[projects["status"] == "completed"][:20]
    projects.loc[late, ["status", "actual_end", "extended_to"]] = ["in_progress", pd.NaT, pd.NaT]
    cancelled = projects.index[-30:]
    projects.loc[cancelled, "status"] = "cancelled"
    again = ledgers_of(
        {n: getattr(ledgers, n) for n in ("payments", "roster", "contractors")}
        | {"projects": projects, "cases": ledgers.cases},
        ledgers.parameters,
    )
    share = earn(again).share.sum(axis=1)
    assert share[cancelled] == pytest.approx(0.0)
    assert share[late] == pytest.approx(1.0)
    study = study_ledgers(again, Scenario().resolve(again.parameters, again.on))
    assert any("past their planned end" in str(note) for note in study.exposure.notes)


# thin and odd books


def test_no_cases(ledgers):
    study = rebuilt(ledgers, cases=ledgers.cases.iloc[:0], payments=ledgers.payments.iloc[:0])
    assert study.exposure is not None
    assert study.frequency is None
    assert study.severity is None
    assert any("no case" in str(note) for note in study.notes)
    finite(study)


def test_one_contractor(ledgers):
    study = rebuilt(ledgers, projects=ledgers.projects.assign(contractor_id="C1"))
    assert study.frequency is not None
    assert study.credibility.contractors["contractor"].tolist() == ["C1"]
    finite(study)


def test_a_contractor_of_nine_tenths(ledgers):
    projects = ledgers.projects.copy()
    big = projects["total_cost_yuan"].sort_values().index[len(projects) // 2 :]
    projects.loc[big, "contractor_id"] = "BIG"
    study = rebuilt(ledgers, projects=projects)
    assert study.credibility.largest > 0.9
    assert any("One contractor" in str(note) for note in study.credibility.notes)
    finite(study)


def test_two_years_and_one(ledgers):
    first = int(ledgers.years[0])
    short = ledgers.projects[ledgers.projects["enrolment_date"].dt.year <= first + 1]
    cut = {"projects": short, "cases": ledgers.cases[ledgers.cases["injury_date"].dt.year <= first + 1]}
    cut["payments"] = ledgers.payments[ledgers.payments["payment_date"].dt.year <= first + 1]
    study = rebuilt(ledgers, **cut)
    assert study.frequency is not None
    assert study.frequency.back_test is None
    assert any("back-test" in str(note) for note in study.frequency.notes)
    finite(study)
    one = {
        n: t[t[c].dt.year <= first]
        for (n, t), c in zip(cut.items(), ("enrolment_date", "injury_date", "payment_date"), strict=True)
    }
    with pytest.raises(InputError, match="two or more"):
        rebuilt(ledgers, **one)


def test_recoveries_that_exceed_payments_are_said(ledgers):
    payments = ledgers.payments.copy()
    payments["amount_yuan"] = -payments["amount_yuan"]
    study = rebuilt(ledgers, payments=payments)
    assert any(
        "not negative" in str(note)
        for note in [
            *study.notes,
            *study.development.notes,
            *(n for a in study.development.amounts.values() for n in a.notes),
        ]
    )
    finite(study)


def test_a_cell_without_exposure_and_missing_labels(ledgers):
    projects = ledgers.projects.copy()
    projects.loc[projects["prefecture"] == "altay", "total_cost_yuan"] = 0.0
    projects.loc[projects.index[:50], ["project_type", "prefecture"]] = None
    study = rebuilt(ledgers, projects=projects)
    assert "unknown" in set(study.frequency.relativities["level"])
    finite(study)


def test_types_that_are_the_prefectures_are_named_as_aliased(ledgers):
    projects = ledgers.projects.assign(
        project_type=ledgers.projects["prefecture"].map(lambda p: "road" if p == "urumqi" else "housing")
    )
    study = rebuilt(ledgers, projects=projects)
    assert study.frequency.fit.aliased
    assert any("aliased" in str(note) for note in study.frequency.notes)
    finite(study)


def level_2(**changed):
    rows = [
        {
            "unit": f"U{u}",
            "period": str(y),
            "exposure_yuan": 1e8 * (1 + u),
            "premium_yuan": 1e5 * (1 + u),
            "cases": float(2 + (u * y) % 3),
            "deaths": 0.0,
            "paid_yuan": 5e4 * (1 + (u + y) % 3),
            "incurred_yuan": 6e4 * (1 + u),
            "prefecture": "hami" if u % 2 else "ili",
            "project_type": None,
            "size_band": None,
            "persons": np.nan,
        }
        for u in range(6)
        for y in range(2019, 2024)
    ]
    return pd.DataFrame(rows).assign(**changed)


def test_level_2_says_what_it_can_and_what_it_cannot():
    study = study_experience(level_2())
    assert study.frequency is not None
    assert study.credibility is not None
    assert study.severity is None
    assert any("ledgers would" in str(note) for note in study.notes)
    assert study.by_year["exposure_yuan"].sum() == level_2()["exposure_yuan"].sum()
    finite(study)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (level_2(cases=0.0), "no row with exposure and cases"),
        (level_2(exposure_yuan=0.0), "no exposure|no row with exposure|No contractor has any exposure"),
        (level_2(paid_yuan=0.0, incurred_yuan=0.0), "No contractor has any cost"),
        (level_2(unit="U0"), "one group|one parent|ledgers would"),
        (level_2(period="2020"), "ledgers would"),
        (level_2(paid_yuan=-1e4, incurred_yuan=-1e4), "ledgers would"),
    ],
)
def test_thin_experience(rows, says):
    study = study_experience(rows)
    notes = [
        *study.notes,
        *(study.frequency.notes if study.frequency else ()),
        *(study.credibility.notes if study.credibility else ()),
    ]
    assert any(word in str(note) for note in notes for word in says.split("|")), [str(n) for n in notes]
    finite(study)


def test_accounts_alone_are_refused_gently():
    with open_book("xpcc") as book, pytest.raises(InputError, match="accounts only"):
        experience_study(book)


def test_a_catastrophe_is_capped_and_given_back_to_all():
    exposure = pd.DataFrame(
        {"contractor": ["a", "b"] * 3, "prefecture": "ili", "year": [1, 1, 2, 2, 3, 3], "exposure_yuan": 1e8}
    )
    claims = pd.DataFrame(
        {
            "contractor": ["a", "b"] * 3,
            "year": [1, 1, 2, 2, 3, 3],
            "event": range(6),
            "cost_yuan": [1e5, 1e5, 1.2e5, 0.9e5, 1e5, 5e6],
        }
    )
    free, held = (study_credibility(exposure, claims, cap) for cap in (np.inf, 2e5))
    assert held.removed == pytest.approx(4.8e6 / claims["cost_yuan"].sum())
    gap = [abs(np.diff(one.contractors["own_rate"])[0]) for one in (held, free)]
    assert gap[0] < gap[1]
    assert held.fit.collective * held.load == pytest.approx(claims["cost_yuan"].sum() / exposure["exposure_yuan"].sum())
