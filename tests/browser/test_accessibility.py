"""axe-core finds nothing serious that is ours; every input can be reached by keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from app_pages.state import page_names

pytestmark = pytest.mark.browser
expect.set_options(timeout=90_000)

THEIRS = {
    "aria-allowed-attr",
    "nested-interactive",
    "scrollable-region-focusable",
    "aria-required-children",
    "aria-hidden-focus",
    "aria-valid-attr-value",
}
"""Rules that Streamlit's own widgets break; they are recorded, and not in our hand."""


def serious(page):
    """Return what axe-core finds serious on a page that stands still, except what only Streamlit can mend."""
    expect(page.get_by_test_id("stStatusWidget")).to_have_count(0)
    expect(page.get_by_test_id("stSpinner")).to_have_count(0)
    expect(page.locator("[data-stale=true]")).to_have_count(0)
    page.wait_for_timeout(800)
    return {
        found["id"]: [node["html"][:120] for node in found["nodes"]][:3]
        for found in Axe().run(page).response["violations"]
        if found["impact"] in ("serious", "critical") and found["id"] not in THEIRS
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_serious_violation(open_page, server, scheme):
    page = open_page("help?book=xpcc", "zh-CN", f"axe-{scheme}", scheme=scheme)
    found = {}
    for name in page_names():
        page.goto(f"{server}/{'' if name == 'overview' else name}?book=xpcc")
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        found[name] = serious(page)
    assert not {name: what for name, what in found.items() if what}


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
