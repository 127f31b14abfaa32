"""axe-core finds nothing serious that is ours; every input can be reached by keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
expect.set_options(timeout=60_000)

THEIRS = {
    "aria-allowed-attr",
    "nested-interactive",
    "scrollable-region-focusable",
    "aria-required-children",
    "aria-hidden-focus",
    "aria-valid-attr-value",
}
"""Rules that Streamlit's own widgets break; they are recorded, and not in our hand."""


@pytest.mark.parametrize("name", ["", "fund", "floating", "parameters"])
def test_no_serious_violation(open_page, name):
    page = open_page(f"{name}?book=xpcc", "zh-CN", f"axe-{name or 'overview'}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_timeout(2500)
    found = Axe().run(page).response["violations"]
    serious = {
        v["id"]: [n["html"][:120] for n in v["nodes"]][:3] for v in found if v["impact"] in ("serious", "critical")
    }
    assert {k: v for k, v in serious.items() if k not in THEIRS} == {}


def test_the_sliders_are_reached_by_keyboard(open_page):
    page = open_page("?book=xpcc", "en-US", "keyboard")
    expect(page.get_by_test_id("stMetricValue")).to_have_count(4)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")
        )
    assert any("Base rate" in str(label) for label in reached)
    assert any("Target payable months" in str(label) for label in reached)
