"""The report as a web page, opened from a file: charts become interactive, and nothing is asked of the network."""

import pytest

from analysis.language import Translator
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from data.book import open_book
from reports import write_reports

pytestmark = pytest.mark.browser


def test_the_file_draws_its_charts_and_asks_for_nothing(chromium, tmp_path):
    scenario = Scenario(paths=300)
    review = conclude(prepare(open_book("xinjiang"), scenario), scenario)
    (path,) = write_reports(review, tmp_path, ["html"], Translator("zh"))
    page = chromium.new_page(locale="zh-CN")
    asked, faults = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("#figure-solvency .vega-embed", timeout=30_000)
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert faults == []
    assert page.locator("section, h2").count() >= 15
    assert page.locator("figure.chart svg").count() >= 3
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
    page.close()
