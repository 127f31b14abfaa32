"""Charts that choose together, and the names of their tooltips."""

import re
from pathlib import Path

import altair as alt
import pandas as pd
import pytest

import analysis
from analysis import charts
from analysis.language import Translator
from analysis.linking import CHOSEN, POINTED, along, among, until
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from analysis.tips import TIPS
from data.book import open_book

EN = Translator("en")


@pytest.fixture(scope="module")
def review():
    scenario = Scenario(paths=300)
    return conclude(prepare(open_book("xinjiang"), scenario), scenario)


def opacities(spec, layer):
    return spec["layer"][layer]["encoding"]["opacity"]["condition"]


def test_a_chart_by_year_reads_out_every_year_and_shows_the_one_chosen(review):
    rows = review.fund[["period", "balance_p50"]]
    plain = charts.fund_fan(review, EN)
    chart = along(plain, rows, ["balance_p50"], "2014", EN).to_dict()
    assert {p["name"] for p in chart["params"]} == {CHOSEN, POINTED}
    assert chart["title"] == plain.to_dict()["title"]
    chosen, pointed = opacities(chart, -1)
    assert "2014" in str(chosen["test"])
    assert chosen["value"] > pointed["value"] > 0
    band = chart["layer"][-1]
    said = pd.DataFrame(chart["datasets"][band["data"]["name"]])
    assert said["place"].tolist() == rows["period"].tolist()
    assert said["c0"].tolist() == [EN.money(v) for v in rows["balance_p50"]]
    assert chart["layer"][:-1] == along(plain, rows, [], None, EN).to_dict()["layer"][:-1]


def test_classes_step_back_behind_the_one_chosen():
    frame = pd.DataFrame({"level": ["a", "b"], "change": [1.0, 2.0]})
    bars = alt.Chart(frame).mark_bar().encode(x="change:Q", y="level:N")
    free, held = among(bars, "level", None).to_dict(), among(bars, "level", "b").to_dict()
    assert free["encoding"]["opacity"]["condition"][0]["param"] == POINTED
    assert "b" in str(held["encoding"]["opacity"]["condition"][0]["test"])


def test_the_solvency_curve_tells_the_probability_until_the_chosen_year(review):
    curve = charts.solvency_curve(review, EN)
    assert until(curve, review, None, EN) is curve
    assert until(curve, review, "1999", EN) is curve
    year = str(review.fund["period"].iloc[-1])
    spec = until(curve, review, year, EN).to_dict()
    (point,) = spec["datasets"][spec["layer"][-1]["data"]["name"]]
    assert point["probability"] == pytest.approx(review.probability_solvent)


def test_every_line_of_a_tooltip_has_a_name():
    bare = re.compile(r'alt\.Tooltip\("(\w+):\w"(?:, format="[^"]*")?\)')
    short = re.compile(r'(?<!Tooltip\()"(\w+):[A-Z]"')
    found = set()
    for file in Path(analysis.__file__).parent.rglob("*charts.py"):
        text = file.read_text(encoding="utf-8")
        found.update(bare.findall(text))
        for block in re.findall(r"tooltip=\[(.*?)\]", text, re.DOTALL):
            found.update(short.findall(block))
    assert len(found) > 30
    assert found <= set(TIPS)
