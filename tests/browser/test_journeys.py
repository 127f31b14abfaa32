import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)

WORDS = {
    "zh-CN": ("概览", "测算费率（现收现付）", "基准费率"),
    "en-US": ("Overview", "Pay-as-you-go rate", "Base rate"),
}


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
def test_a_slider_moves_the_curve_and_the_link(open_page, locale):
    title, rate, slider_label = WORDS[locale]
    page = open_page("?book=national", locale, f"overview-{locale}")
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    metrics = page.get_by_test_id("stMetricValue")
    expect(metrics).to_have_count(4)
    chart = page.get_by_test_id("stVegaLiteChart").first
    expect(chart.locator("canvas, svg").first).to_be_visible()
    expect(page.get_by_text(rate, exact=True)).to_be_visible()
    probability, picture = metrics.nth(1).inner_text(), chart.screenshot()
    slider = page.get_by_role("slider", name=slider_label)
    slider.focus()
    for _ in range(30):
        slider.press("ArrowRight")
    expect(metrics.nth(1)).not_to_have_text(probability)
    page.wait_for_url(re.compile(r"[?&]rate=1\.3(&|$)"))
    page.wait_for_timeout(800)
    assert chart.screenshot() != picture
    assert "font" in page.evaluate(
        "[...document.fonts].filter(f => f.status === 'loaded').map(f => 'font ' + f.family).join()"
    )


def test_a_year_clicked_in_one_chart_stands_out_in_all_and_is_let_go(open_page):
    page = open_page("fund?book=xpcc", "en-US", "linked")
    charts = page.get_by_test_id("stVegaLiteChart")
    expect(charts).to_have_count(3)
    page.wait_for_timeout(1500)
    months = charts.nth(1).screenshot()
    box = charts.first.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.55, box["y"] + 150)
    expect(page.get_by_text("at its end a balance of", exact=False)).to_be_visible()
    page.wait_for_timeout(1500)
    assert charts.nth(1).screenshot() != months
    page.get_by_role("button", name="Show all again").click()
    expect(page.get_by_text("Click a year in a chart", exact=False)).to_be_visible()


def test_every_page_opens_from_the_menu(open_page):
    page = open_page("?book=xinjiang", "zh-CN", "menu")
    for name in ("收支平衡", "基金", "参数与依据", "概览"):
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=False).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        expect(page.get_by_test_id("stException")).to_have_count(0)


def test_a_link_restores_inputs_in_the_other_language(open_page):
    page = open_page("?book=xpcc&rate=1.5&years=20&lang=English", "zh-CN", "link")
    expect(page.get_by_role("heading", name="Overview", exact=True)).to_be_visible()
    expect(page.get_by_role("slider", name="Base rate")).to_have_value("1.5")
    expect(page.get_by_role("slider", name="Horizon")).to_have_value("20")
    expect(page.get_by_text("At 1.50‰ the fund stays above its floor for 20 years", exact=False).first).to_be_visible()


def test_chinese_is_drawn_with_the_shipped_font(open_page):
    page = open_page("?book=national", "zh-CN", "font")
    expect(page.get_by_role("heading", name="概览", exact=True)).to_be_visible()
    page.wait_for_function(
        "document.fonts.check('16px \"Noto Sans SC\"', '概览费率') && [...document.fonts].some(f => f.status === 'loaded' && f.family.includes('Noto Sans SC'))"
    )


def test_every_page_shows_the_rate_that_it_reviews_and_going_back_keeps_it(open_page):
    page = open_page("?book=xpcc", "zh-CN", "pages-back")
    slider = page.get_by_role("slider", name="基准费率")
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_url(re.compile(r"[?&]rate=1\.01(&|$)"))
    for name in ("收支平衡", "基金", "概览"):
        page.get_by_test_id("stSidebarNav").get_by_role("link", name=name, exact=False).click()
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        page.wait_for_url(re.compile(r"[?&]rate=1\.01(&|$)"))
        page.wait_for_timeout(1_000)
        expect(slider).to_have_value("1.01")
    for name in ("基金", "收支平衡"):
        while not page.get_by_role("heading", name=name, exact=True).is_visible():
            page.go_back()
            page.wait_for_timeout(3_000)
            page.wait_for_selector("[data-test-script-state=notRunning]")
        expect(slider).to_have_value("1.01")


@pytest.mark.parametrize(
    ("name", "result"), [("回看历年年末", "实际值落入区间的比例"), ("计算费率路径", "任何一年不低于现行费率")]
)
def test_slow_work_on_a_button_is_stopped(open_page, name, result):
    page = open_page("compare?book=national", "zh-CN", "stop")
    page.get_by_role("button", name=name).click()
    # by key: a click of the mouse waits until the page below the charts stands still, and by then the work may be done
    page.get_by_role("button", name="停止", exact=True).press("Enter")
    expect(page.get_by_text("已停止", exact=False)).to_be_visible()
    expect(page.get_by_role("button", name="停止", exact=True)).to_have_count(0)
    page.wait_for_selector("[data-test-script-state=notRunning]")
    expect(page.get_by_text(result, exact=False)).to_have_count(0)
