"""Work as an office does it: a messy workbook to a verdict, scenarios saved and compared, a link reopened in the other language, a report."""

import openpyxl
import pytest
from playwright.sync_api import expect

from data.book import open_book
from data.importing import import_files
from tests.browser.conftest import ARTEFACTS, ROOT, serve

pytestmark = pytest.mark.browser
expect.set_options(timeout=90_000)
NEW_BOOK = "浏览器试验账套"


def messy_workbook(path):
    """A fund statement as offices send it: title rows, merged cells, full-width digits, a total row, a note."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["某地区工伤保险基金收支情况表"])
    sheet.merge_cells("A1:D1")
    sheet.append(["单位：万元", None, None, "填表：财务科"])
    sheet.append(["年 度", "基金收入", "基金支出", "累计结余"])
    for row in (("２０１８年", "1,000", 800, 3000), ("2019年", 1100, "９００", 3200), ("2020年", 1150, 1000, 3350)):
        sheet.append(row)
    sheet.append(["合计", 3250, 2700, None])
    sheet.append(["注：结余为年末数"])
    book.save(path)
    return path


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    with open_book(folder / "office.sqlite", create=True) as book:
        import_files(book, [messy_workbook(folder / "accounts.xlsx")])
    process, address = serve(str(folder / "office.sqlite"))
    yield address, folder
    process.terminate()
    process.wait(20)
    for file in (ROOT / "books").glob(f"{NEW_BOOK}.sqlite*"):
        file.unlink()


@pytest.fixture
def visit(chromium, office):
    """Open a path of the office's page; every journey leaves a picture."""
    opened = []

    def go(path, name, locale="zh-CN", height=1000):
        context = chromium.new_context(locale=locale, viewport={"width": 1600, "height": height}, accept_downloads=True)
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.goto(f"{office[0]}/{path}")
        opened.append((context, page, name))
        return page

    yield go
    ARTEFACTS.mkdir(exist_ok=True)
    for context, page, name in opened:
        page.screenshot(path=str(ARTEFACTS / f"{name}.png"), full_page=True)
        broken = page.get_by_test_id("stException").count()
        context.close()
        assert broken == 0


def test_a_messy_workbook_becomes_a_verdict(visit, office):
    page = visit("data", "work-import")
    page.locator("input[type=file]").first.set_input_files(office[1] / "accounts.xlsx")
    page.get_by_label("新账套名称").fill(NEW_BOOK)
    page.get_by_label("新账套名称").press("Enter")
    page.get_by_role("button", name="开始导入").click()
    expect(page.get_by_text("已导入", exact=False).first).to_be_visible()
    page.goto(f"{office[0]}/?book={NEW_BOOK}")
    expect(page.get_by_test_id("stMetricValue")).to_have_count(4)
    expect(page.get_by_text("收支平衡费率为", exact=False).first).to_be_visible()


def test_scenarios_are_saved_compared_and_shared_in_the_other_language(visit, office):
    for name, rate in (("现行", "1"), ("小幅上调", "1.2"), ("到位", "1.5")):
        page = visit(f"scenarios?rate={rate}&years=8&stress=x", f"work-save-{rate}")
        page.get_by_label("方案名称").fill(name)
        page.get_by_label("备注").fill("浏览器试验")
        page.get_by_role("button", name="保存侧栏当前设置").click()
        expect(page.get_by_test_id("stExpander").filter(has_text=name).first).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(1)
    page.get_by_role("button", name="分享").click()
    shown = page.get_by_test_id("stPopoverBody").get_by_test_id("stCode")
    expect(shown).to_contain_text("years=8")
    link = "".join(shown.inner_text().split())
    assert "rate=1.5" in link
    path = link.replace("%E4%B8%AD%E6%96%87", "English").removeprefix(office[0]).lstrip("/")
    other = visit(path, "work-link", "zh-CN")
    expect(other.get_by_role("heading", name="Saved scenarios", exact=True)).to_be_visible()
    expect(other.get_by_role("slider", name="Base rate")).to_have_value("1.5")
    expect(other.get_by_role("slider", name="Horizon")).to_have_value("8")


def test_the_report_is_made_and_downloaded(visit):
    page = visit("report", "work-report")
    page.get_by_role("button", name="生成报告").click()
    button = page.get_by_role("button", name="下载 ", exact=False).first
    expect(button).to_be_visible()
    with page.expect_download() as waited:
        button.click()
    assert waited.value.path().stat().st_size > 10_000


def test_a_presentation_turns_by_arrow_key_without_the_sidebar(visit):
    page = visit("present", "work-present", height=900)
    expect(page.get_by_test_id("stMetricValue")).to_have_count(4)
    expect(page.get_by_test_id("stSidebar")).to_have_count(0)
    # the keys belong to the buttons, which are drawn after the figures
    expect(page.get_by_role("button", name="下一页")).to_be_enabled()
    page.wait_for_selector("[data-test-script-state=notRunning]")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(1)
    expect(page.get_by_text("第2页", exact=False)).to_be_visible()


def test_a_newcomer_is_guided_through_the_pages(visit):
    page = visit("help", "work-guide")
    page.get_by_role("button", name="引导式首次评审").click()
    expect(page.get_by_text("第1步", exact=False).first).to_be_visible()
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("link", name="前往这一步的页面").click()
    expect(page.get_by_role("heading", name="概览", exact=True)).to_be_visible()
    expect(page.get_by_text("第2步", exact=False).first).to_be_visible()
