"""The parameters of the law: complete, marked, looked up by date, changed by overlays, and printed as the guide."""

import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from analysis.assumptions import UsedParameters
from analysis.language import Translator
from analysis.own_parameters import SET_HERE, changed
from analysis.parameter_table import value_text
from analysis.scenario import ParameterChange, Scenario
from data import english
from data.parameters import available_overlays, load_parameters, subject_of
from data.parameters.guide import SUBJECTS, UNITS_ZH, WORDS_ZH, guide, shown_reference
from models.messages import InputError
from models.parameters import MARKS, check_value

DOCS = Path(__file__).resolve().parent.parent / "docs"
PARAMETERS = load_parameters()
ALL = list(PARAMETERS.entries.values())


def numbers_in(value):
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return [one for one in inner if isinstance(one, int | float)]


def words_in(value):
    if isinstance(value, dict):
        return {word for pair in value.items() for part in pair for word in words_in(part)}
    if isinstance(value, list):
        return {word for part in value for word in words_in(part)}
    return {value} if isinstance(value, str) else set()


@pytest.mark.parametrize("parameter", ALL, ids=lambda p: p.name)
def test_every_value_has_reference_mark_range_and_words_in_both_languages(parameter):
    assert parameter.description.keys() == {"zh", "en"}
    assert all(parameter.description.values())
    assert parameter.unit in UNITS_ZH
    assert subject_of(parameter.name) in SUBJECTS
    dates = [value.effective for value in parameter.values]
    assert dates == sorted(set(dates))
    for value in parameter.values:
        assert value.reference
        assert value.mark in MARKS
        assert (value.mark == "unverified") == (value.confidence is not None)
        assert value.confidence is None or 0 < value.confidence < 1
        assert parameter.range is not None or not numbers_in(value.value)
        check_value(parameter.name, value.value, parameter.range)
        if parameter.name != "project_rate.elsewhere":
            assert words_in(value.value) - {f"CL{i}" for i in range(1, 7)} <= WORDS_ZH.keys()


INCOME = {
    2010: (19109, 0.95), 2011: (21810, 0.95), 2012: (24565, 0.95), 2013: (26955, 0.90), 2014: (28844, 0.90), 2015: (31195, 0.95),
    2016: (33616, 0.95), 2017: (36396, 0.95), 2018: (39251, 0.95), 2019: (42359, 0.95), 2020: (43834, 0.95), 2021: (47412, None),
    2022: (49283, None), 2023: (51821, None), 2024: (54188, None), 2025: (56502, 0.80),
}  # fmt: skip
DEATH_LUMP = {
    2011: 382180, 2012: 436200, 2013: 491300, 2014: 539100, 2015: 576880, 2016: 623900, 2017: 672320, 2018: 727920, 2019: 785020,
    2020: 847180, 2021: 876680, 2022: 948240, 2023: 985660, 2024: 1036420, 2025: 1083760, 2026: 1130040,
}  # fmt: skip


@pytest.mark.parametrize("year", DEATH_LUMP)
def test_the_death_lump_is_twenty_times_the_income_of_the_year_before(year):
    income, confidence = INCOME[year - 1]
    entry = PARAMETERS.entry("disposable_income.national_urban", date(year - 1, 7, 1))
    assert (entry.value, entry.confidence, entry.effective.year) == (income, confidence, year - 1)
    multiple = PARAMETERS.value("benefit.death_lump_multiple", date(year, 1, 1))
    for day in (date(year, 1, 1), date(year, 12, 31)):
        assert PARAMETERS.value("death_lump", day) == DEATH_LUMP[year] == multiple * income


SERIES = {
    "wage.national_all": {
        2003: 13969, 2004: 15920, 2005: 18200, 2006: 20856, 2007: 24721, 2008: 28898, 2009: 32244, 2010: 36539, 2011: 41799,
        2015: 62029, 2022: 114029, 2023: 120698, 2024: 124110,
    },
    "wage.national_construction": {
        2003: 11328, 2004: 12578, 2005: 14112, 2006: 16164, 2007: 18482, 2008: 21223, 2009: 24161, 2010: 27529, 2011: 32103, 2022: 78295,
    },
    "wage.national_private": {2011: 24556, 2015: 39589, 2022: 65237, 2023: 68340, 2024: 69476},
    "wage.national_private_construction": {2011: 26108, 2022: 60918},
    "wage.national_above_scale": {2024: 102452},
    "wage.xinjiang_all": {2020: 86343, 2021: 94281},
    "wage.xinjiang_construction": {2020: 72412, 2021: 81501},
    "wage.xinjiang_private": {2021: 56123},
    "wage.construction_migrant_monthly": {2019: 4567, 2020: 4699, 2023: 5488, 2024: 5743},
    "wage.migrant_monthly": {2014: 2864, 2019: 3962, 2020: 4072, 2022: 4615, 2023: 4780, 2024: 4961},
    "construction.national_output": {2004: 27745.4, 2005: 34745.8, 2008: 62036.81, 2020: 263947.04, 2021: 293000},
    "construction.national_employed": {2008: 3314.95, 2020: 5366.9, 2024: 3820.74},
    "construction.national_wages_payable": {2008: 7501.37},
    "construction.xinjiang_output": {2003: 319.7, 2004: 341.7, 2005: 343.3, 2008: 609.0},
    "construction.productivity": {2003: 187143, 2008: 187143, 2020: 422906},
}  # fmt: skip


@pytest.mark.parametrize("name", SERIES)
def test_a_series_holds_the_published_figures_and_no_others(name):
    assert {v.effective.year: v.value for v in PARAMETERS.parameter(name).values} == SERIES[name]


FIGURES = {
    "benefit.disability_lump": {1: 27, 2: 25, 3: 23, 4: 21, 5: 18, 6: 16, 7: 13, 8: 11, 9: 9, 10: 7},
    "benefit.disability_allowance": {1: 0.90, 2: 0.85, 3: 0.80, 4: 0.75},
    "benefit.employer_allowance": {5: 0.70, 6: 0.60},
    "benefit.care_allowance": {"none": 0.0, "partial": 0.3, "major": 0.4, "full": 0.5},
    "benefit.funeral_months": 6,
    "benefit.survivor_pension": {"spouse": 0.4, "child": 0.3, "parent": 0.3},
    "benefit.survivor_lone_supplement": 0.1,
    "benefit.survivor_cap": 1.0,
    "benefit.missing_person_wait_months": 3,
    "benefit.missing_person_advance": 0.5,
    "benefit.late_filing_days": 30,
    "benefit.suspension_months": 12,
    "benefit.reassessment_years": 1,
    "wage.floor_multiple": 0.6,
    "wage.cap_multiple": 3.0,
    "wage.unknown_project_worker": 1.0,
    "project_rate": 0.001,
    "industry_class.base_rates": [0.002, 0.004, 0.007, 0.009, 0.011, 0.013, 0.016, 0.019],
    "industry_class.construction": {"housing": 6, "civil": 6, "installation": 5, "fitout": 5},
    "floating.steps_class_1": [1.0, 1.2, 1.5],
    "floating.steps": [0.5, 0.8, 1.0, 1.2, 1.5],
    "floating.review_years": [1, 3],
    "floating.max_steps": 2,
    "payable_months_target": 9,
    "reserve.share_of_collections": 0.1,
    "reserve.basis": "collections",
    "prevention.share_of_collections": 0.03,
    "administration.share": 0.0,
    "stage_cut.thresholds": [{"payable_months": 18, "cut": 0.2}, {"payable_months": 24, "cut": 0.5}],
    "coverage.target_new": 1.0,
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_rule_in_force_in_2024_is_as_published(name):
    assert PARAMETERS.value(name, date(2024, 6, 30)) == FIGURES[name]


@pytest.mark.parametrize(
    ("name", "by_date"),
    [
        ("coverage.target_in_progress", {(2015, 6, 1): 0.6, (2016, 1, 1): 0.8, (2017, 1, 1): 1.0, (2030, 1, 1): 1.0}),
        ("prevention.share_of_collections", {(2017, 8, 31): 0.0, (2017, 9, 1): 0.03}),
        ("pension_age", {(2024, 12, 31): {"male": 60, "female": 50}, (2040, 1, 1): {"male": 63, "female": 55}}),
    ],
)
def test_a_rule_changes_on_its_day(name, by_date):
    assert {day: PARAMETERS.value(name, date(*day)) for day in by_date} == by_date


def test_pension_ages_rise_month_by_month_to_their_ends():
    """Men retire a month later for every four months of birth, women workers for every two: 36 and 60 months in all."""
    for sex, start, every, months in (("male", 60, 4, 36), ("female", 50, 2, 60)):
        for year in range(2025, 2045):
            # Of those who would have retired in month t from January 2025, the last who is already retired at the start of the year.
            begun = [t for t in range(600) if t + min(t // every + 1, months) <= (year - 2025) * 12]
            later = min(begun[-1] // every + 1, months) if begun else 0
            assert PARAMETERS.value("pension_age", date(year, 1, 1))[sex] == pytest.approx(start + later / 12, abs=0.09)


def test_what_is_not_official_says_so():
    assert PARAMETERS.entry("administration.share", date(2024, 1, 1)).mark == "unverified"
    assert PARAMETERS.entry("administration.share", date(2024, 1, 1)).confidence == 0.9
    assert PARAMETERS.entry("lump_5_to_10.medical", date(2024, 1, 1)).mark == "assumption"
    assert PARAMETERS.entry("project_rate", date(2024, 1, 1)).mark == "reprint"


def test_project_rates_elsewhere_are_marked_one_by_one():
    rows = PARAMETERS.value("project_rate.elsewhere", date(2024, 1, 1))
    assert len(rows) == 19
    for row in rows:
        assert row.keys() == {"place", "since", "permille", "mark", "reference"}
        assert row["mark"] in MARKS
        assert 0.5 < row["permille"] <= 3


@pytest.mark.parametrize("parameter", ALL, ids=lambda p: p.name)
def test_before_the_first_value_the_error_names_parameter_and_both_dates(parameter):
    first = parameter.values[0].effective
    before = first - timedelta(days=1)
    assert PARAMETERS.value(parameter.name, first) == parameter.values[0].value
    for ask in (
        PARAMETERS.value,
        lambda name, on: PARAMETERS.lookup(name, np.array([first, on], dtype="datetime64[D]")),
    ):
        with pytest.raises(InputError) as refused:
            ask(parameter.name, before)
        for part in (parameter.name, str(before), str(first)):
            assert part in str(refused.value)


def test_a_lookup_of_many_dates_equals_one_by_one():
    days = np.arange("2011-01-01", "2027-01-01", 17, dtype="datetime64[D]")
    values, which = PARAMETERS.lookup("minimum_wage", days)
    assert [values[i] for i in which] == [PARAMETERS.value("minimum_wage", day) for day in days.astype(object)]


def test_a_name_that_does_not_exist_is_refused():
    with pytest.raises(InputError, match="no parameter premium"):
        PARAMETERS.value("premium", date(2024, 1, 1))


MONTHS = {
    "zhejiang": [30, 25, 10, 7, 4, 2],
    "beijing": [18, 15, 12, 9, 6, 3],
    "fujian": [15, 15, 10, 10, 5, 3],
}


def test_every_overlay_of_a_province_is_tested():
    assert available_overlays() == sorted(MONTHS)


@pytest.mark.parametrize("name", MONTHS)
def test_an_overlay_changes_its_province_and_nothing_else(name):
    changed = load_parameters(name)
    for part in ("medical", "employment"):
        entry = changed.entry(f"lump_5_to_10.{part}", date(2021, 1, 1))
        assert entry.value == dict(zip(range(5, 11), MONTHS[name], strict=True))
        assert entry.mark != "assumption"
    same = {k for k, v in changed.entries.items() if v == PARAMETERS.entries[k]}
    assert "benefit.disability_lump" in same
    assert changed.overlays == (name,)
    assert load_parameters().entries == PARAMETERS.entries


def test_overlays_are_laid_in_order_and_leave_earlier_values(tmp_path):
    path = tmp_path / "office.yaml"
    text = "project_rate: {values: [{from: 2026-01-01, value: 0.0015, mark: official, reference: 某文}]}"
    path.write_text(text, encoding="utf-8-sig")
    parameters = load_parameters("zhejiang", path)
    assert parameters.value("project_rate", date(2023, 12, 31)) == 0.001
    assert parameters.value("project_rate", date(2025, 12, 31)) == 0.0019
    assert parameters.value("project_rate", date(2026, 1, 1)) == 0.0015
    assert parameters.entry("project_rate", date(2026, 1, 1)).reference == "某文"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense: {values: []}", "nonsense"),
        ("project_rate: {values: []}", "no values"),
        ("project_rate: {values: 0.001}", "must be a list"),
        ("project_rate: {values: [0.001]}", "must be a list"),
        ("project_rate: {values: [{from: 2026-01-01, value: 0.9, mark: assumption, reference: x}]}", "0.9"),
        ("project_rate: {values: [{from: 2026-01-01, value: 一, mark: assumption, reference: x}]}", "一"),
        ("project_rate: {values: [{from: 2026-01-01, value: true, mark: assumption, reference: x}]}", "True"),
        ("project_rate: {values: [{from: 2026-01-01, value: .nan, mark: assumption, reference: x}]}", "nan"),
        ("project_rate: {values: [{from: 2026-01-01, value: 0.001, mark: guess, reference: x}]}", "mark"),
        ("project_rate: {values: [{from: soon, value: 0.001, mark: assumption, reference: x}]}", "date"),
        ("project_rate: {values: [{from: 2026-01-01, mark: assumption, reference: x}]}", "value"),
        ("project_rate: {values: [{from: 2026-01-01, value: 0.001, mark: assumption}]}", "reference"),
        ("project_rate: {values: [{from: 2026-01-01, value: 0.001, mark: assumption, reference: x, note: y}]}", "note"),
        ("\n\nproject_rate: [1", "line 3"),
        ("[1, 2]", "parameters by name"),
        ("", "parameters by name"),
        ("project_rate: 0.001", "parameters by name"),
    ],
)
def test_a_bad_overlay_is_refused_by_place(tmp_path, text, says):
    path = tmp_path / "office.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_parameters(path)
    assert "office.yaml" in str(refused.value)
    assert says in str(refused.value)


def test_an_overlay_in_another_encoding_is_refused(tmp_path):
    path = tmp_path / "office.yaml"
    path.write_bytes("project_rate: {values: []}  # 费率".encode("gb18030"))
    with pytest.raises(InputError, match=r"office\.yaml is not text in UTF-8"):
        load_parameters(path)


def test_an_overlay_that_does_not_exist_names_those_that_do():
    with pytest.raises(InputError, match=r"guangdong.*beijing, fujian, zhejiang"):
        load_parameters("guangdong")


def test_a_value_set_by_hand_is_checked_and_drops_later_ones():
    changed = PARAMETERS.with_value("death_lump", date(2016, 7, 1), 700_000, reference="trial")
    assert changed.value("death_lump", date(2016, 6, 30)) == 623900
    assert changed.value("death_lump", date(2030, 1, 1)) == 700_000
    assert changed.entry("death_lump", date(2030, 1, 1)).mark == "assumption"
    assert PARAMETERS.value("death_lump", date(2017, 1, 1)) == 672320
    for wrong in (5.0, -1, "a lot", True, float("nan")):
        with pytest.raises(InputError, match=r"project_rate.*1e-05.*0\.05"):
            PARAMETERS.with_value("project_rate", date(2016, 1, 1), wrong)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_guide_in_docs_is_the_one_that_is_generated(language):
    """Where this fails: ``python cli.py guide --language zh > docs/parameters.zh.md``, and so for ``en``."""
    assert (DOCS / f"parameters.{language}.md").read_text(encoding="utf-8") == guide(PARAMETERS, language)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_guide_shows_every_parameter_value_and_reference(language):
    text = guide(PARAMETERS, language)
    for parameter in ALL:
        assert text.count(f"`{parameter.name}`") == 1
        for value in parameter.values:
            assert str(value.effective) in text
            assert shown_reference(value.reference, language) in text
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert len(tables) == 2 + len(MARKS) + sum(2 + len(parameter.values) for parameter in ALL)
    assert {line.count("|") for line in tables} == {4, 5}


def test_values_are_shown_in_the_unit_in_which_they_are_read():
    t = Translator("en")
    assert value_text(0.03, t, "fraction a year") == "3%"
    assert value_text({"spouse": 0.4, "child": 0.3}, t, "share of own wage") == "spouse: 40%, child: 30%"
    assert value_text(0.001, t, "fraction of total cost") == "1‰"
    assert value_text(9, t, "months of outgo") == "9"


@pytest.mark.parametrize(("value", "said"), [("[1]", "must look like"), ("5", "must lie from"), ("{", "not readable")])
def test_a_refused_value_names_its_parameter_by_title(value, said):
    with pytest.raises(InputError) as refused:
        changed(PARAMETERS, ParameterChange("discount_rate", value, date(2024, 1, 1), ""))
    for language, title in (("en", "Discount rate"), ("zh", "贴现率")):
        text = Translator(language).say(refused.value)
        assert title in text
        assert "discount_rate" not in text
    assert said in Translator("en").say(refused.value)


def test_the_guide_names_its_overlays_and_refuses_other_languages():
    assert "zhejiang" in guide(load_parameters("zhejiang"), "en")
    with pytest.raises(InputError, match="zh or en"):
        guide(PARAMETERS, "ug")


def test_an_assumption_stands_as_on_the_latest_date_that_was_asked_for():
    used = UsedParameters(load_parameters())
    earlier = used.value("death_lump", date(2015, 12, 31))
    latest = used.value("death_lump", date(2024, 12, 31))
    assert used.value("death_lump", date(2015, 12, 31)) == earlier != latest
    [found] = [a for a in used.assumptions(Scenario()) if a.name == "death_lump"]
    assert found.value == latest


DOCUMENT_NUMBER = re.compile("[\u4e00-\u9fff]+〔\\d{4}〕\\d+号")


def references():
    """Return every reference, place and date that the data files hold as text."""

    def inside(content):
        if isinstance(content, list):
            content = dict(enumerate(content))
        if not isinstance(content, dict):
            return set()
        own = {v for k, v in content.items() if k in ("reference", "place", "since") and isinstance(v, str)}
        return own.union(*map(inside, content.values()))

    root = DOCS.parent / "data"
    files = [*(root / "parameters").rglob("*.yaml"), root / "stresses.yaml"]
    found = set().union(*(inside(yaml.safe_load(path.read_text(encoding="utf-8"))) for path in files), {SET_HERE})
    return found.union(*(pd.read_csv(path)["reference"] for path in (root / "reference").glob("*.csv")))


def test_every_reference_has_an_english_form_that_keeps_the_document_numbers():
    assert len(references()) > 250
    for reference in references():
        said = english.in_english(reference)
        assert not re.search("[\u3000-\u9fff\uff00-\uffef]", DOCUMENT_NUMBER.sub("", said)), said
        assert re.findall("〔.*?〕[0-9]+号", said) == re.findall("〔.*?〕[0-9]+号", reference)


def test_the_english_catalogue_holds_nothing_that_no_file_says():
    exact, patterns = english._catalogue()
    parts = {part for whole in references() for part in (whole, *english._PARTS.split(whole))}
    assert exact.keys() <= parts
    assert all(any(pattern.fullmatch(part) for part in parts) for pattern, _ in patterns)


def test_a_reference_that_the_catalogue_does_not_hold_stays_as_written():
    assert english.in_english("某省某文；本程序假设") == "某省某文; assumed by this program"


def test_a_parameter_asked_for_before_its_first_value_is_named_by_its_title():
    used = UsedParameters(PARAMETERS)
    used.value("project_rate", date(2011, 12, 31))
    [warning] = used.warnings.values()
    for language in ("zh", "en"):
        said = Translator(language).say(warning)
        assert PARAMETERS.parameter("project_rate").description[language] in said
        assert "project_rate" not in said
    assert "Project rate" in str(warning)


def test_records_joined_keep_the_latest_date_of_each():
    one, other = UsedParameters(PARAMETERS), UsedParameters(PARAMETERS)
    one.value("death_lump", date(2015, 12, 31))
    other.value("death_lump", date(2024, 12, 31))
    other.value("interest_rate", date(2024, 12, 31))
    one.join(other)
    assert one.used == other.used
    other.join(UsedParameters(PARAMETERS))
    assert one.used == other.used
