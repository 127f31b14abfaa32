"""A key on the slider until the chart is redrawn, beside a bare Streamlit page that only redraws the same chart; at most 3 times it is promised.

``python -m benchmarks.page_speed`` (needs chromium and the development requirements); results in results/page_speed.json. Both pages are watched in the
same browser in the same run, in turn: the demonstration book at 10,000 paths on the overview, and a page of one slider and one chart, whose charts have
all been made before. A frame of the chart is read at every repaint; the time is from the key until the picture last changed. Streamlit's own waiting for
the next key (200 ms) is in both.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.conftest import FLAGS, serve

RESULT = Path(__file__).with_name("results") / "page_speed.json"
PATHS, MOVES = 10_000, 20
WORST_RATIO = 3.0

BARE = """
import sys
import streamlit as st
sys.path.insert(0, {root!r})
from benchmarks.page_speed import made_before
st.set_page_config(layout="wide")
charts = st.cache_resource(made_before)()
rate = st.sidebar.slider("Base rate", 0.20, 5.00, 1.00, 0.01)
left, right = st.columns(2)
left.altair_chart(charts[round(rate, 2)], key="solvency")
"""

DRAWN = "[data-testid=stVegaLiteChart] :is(svg, canvas).marks"
WATCH = """() => {
  const seen = window.seen = {charts: [], last: []};
  const look = () => {
    document.querySelectorAll('[data-testid=stVegaLiteChart]').forEach((chart, i) => {
      const drawn = chart.querySelector(':is(svg, canvas).marks');
      const now = !drawn ? '' : drawn.tagName === 'CANVAS' ? drawn.toDataURL() : drawn.innerHTML.replace(/(gradient|clip)_?[0-9]+/g, '$1');
      if (now !== seen.charts[i]) { seen.charts[i] = now; seen.last[i] = performance.now(); }
    });
    requestAnimationFrame(look);
  };
  document.addEventListener('keydown', () => { seen.key = performance.now(); seen.before = [...seen.charts]; }, true);
  requestAnimationFrame(look);
}"""


def made_before() -> dict[float, Any]:
    """Return the overview's solvency curve at every rate that the benchmark visits, on the demonstration book."""
    from analysis import charts
    from analysis.language import Translator
    from analysis.review import conclude, prepare
    from analysis.scenario import Scenario
    from app_pages.books import demo_book
    from data.book import open_book

    prepared = prepare(open_book(demo_book()), Scenario(paths=PATHS))
    rates = [round(1 + step / 100, 2) for step in range(MOVES + 5)]
    reviews = {rate: conclude(prepared, Scenario(paths=PATHS, base_rate=rate / 1000)) for rate in rates}
    return {rate: charts.solvency_curve(review, Translator("zh")) for rate, review in reviews.items()}


def moved(page: Page) -> list[float]:
    """Press the key once; return the milliseconds until each chart's picture last changed."""
    page.get_by_role("slider").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "performance.now() - Math.max(seen.key, ...seen.last) > 900 && seen.last[0] > seen.key && seen.charts[0] !== seen.before[0] && seen.charts[0] !== ''",
        timeout=60_000,
    )
    return [float(last) for last in page.evaluate("seen.last.map(t => t - seen.key)")]


def opened(browser: Any, address: str, charts: int) -> Page:
    """Open a page and wait until all its charts stand."""
    page: Page = browser.new_context(locale="zh-CN", viewport={"width": 1600, "height": 1000}).new_page()
    page.goto(address)
    expect(page.locator(DRAWN)).to_have_count(charts, timeout=300_000)
    page.wait_for_timeout(3000)
    page.evaluate(WATCH)
    page.wait_for_timeout(500)
    return page


def summary(milliseconds: list[float]) -> dict[str, float]:
    """Return the median and the slowest of twenty."""
    return {
        "median_ms": round(statistics.median(milliseconds)),
        "p95_ms": round(statistics.quantiles(milliseconds, n=20)[-1]),
    }


def main() -> None:
    """Measure both pages, move by move in turn; record the ratio."""
    load = [round(one, 1) for one in os.getloadavg()]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        script = folder / "bare.py"
        script.write_text(BARE.format(root=str(Path(__file__).resolve().parents[1])), encoding="utf-8")
        addresses = []
        for arguments in ({"book": "demo"}, {"script": str(script)}):
            process, address = serve(**arguments)
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)
            addresses.append(address)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), headless=True, args=FLAGS)
        ours = opened(browser, f"{addresses[0]}/?book=demo&rate=1&paths={PATHS}", 2)
        bare = opened(browser, addresses[1], 1)
        for page in (ours, bare):
            moved(page)
        pairs = []
        for _ in range(MOVES):
            ours.bring_to_front()
            first = moved(ours)
            bare.bring_to_front()
            pairs.append((first, moved(bare)))
        version = browser.version
    one, both, alone = (
        [a[0] for a, _ in pairs], [max(a) for a, _ in pairs], [b[0] for _, b in pairs],
    )  # fmt: skip
    result = {
        "book": "demo",
        "paths": PATHS,
        "moves": MOVES,
        "page": summary(one),
        "page_both_charts": summary(both),
        "bare": summary(alone),
        "ratio": round(statistics.median(one) / statistics.median(alone), 2),
        "ratio_both_charts": round(statistics.median(both) / statistics.median(alone), 2),
        "python": platform.python_version(),
        "chromium": version,
        **{name: importlib.metadata.version(name) for name in ("streamlit", "altair", "playwright")},
        "load_average": {"before": load, "after": [round(value, 1) for value in os.getloadavg()]},
        "cores": os.cpu_count(),
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))
    if result["ratio"] > WORST_RATIO:
        sys.exit(f"the page takes {result['ratio']} times the bare page; at most {WORST_RATIO} is promised")


if __name__ == "__main__":
    main()
