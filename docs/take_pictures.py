"""Takes the pictures of the README anew: ``python -m docs.take_pictures`` (needs chromium and the development requirements)."""

import shutil
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

from tests.browser.conftest import FLAGS, serve

FOLDER = Path(__file__).resolve().parent
PICTURES = {"page-xinjiang.png": ("xinjiang", "zh-CN"), "page.png": ("demo", "zh-CN"), "page-en.png": ("demo", "en-US")}


def main() -> None:
    """Open the overview on each book and keep a picture of the whole verdict."""
    process, address = serve("demo")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), headless=True, args=FLAGS)
            for name, (book, locale) in PICTURES.items():
                page = browser.new_context(locale=locale, viewport={"width": 1600, "height": 1080}).new_page()
                page.goto(f"{address}/?book={book}")
                expect(page.get_by_test_id("stMetricValue")).to_have_count(4, timeout=240_000)
                expect(
                    page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").nth(1)
                ).to_be_visible(timeout=120_000)
                expect(page.get_by_test_id("stSkeleton")).to_have_count(0, timeout=120_000)
                page.wait_for_timeout(1500)
                page.screenshot(path=str(FOLDER / name))
    finally:
        process.terminate()
        process.wait(20)


if __name__ == "__main__":
    main()
