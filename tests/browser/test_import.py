"""A ledger with headers of the office's own: uploaded, mapped by hand, imported, read alike next quarter, taken back."""

import pytest
from playwright.sync_api import expect

from data.book import open_book
from tests.browser.conftest import ARTEFACTS, serve

pytestmark = pytest.mark.browser
expect.set_options(timeout=90_000)

UNKNOWN = 2  # the column 签约额
ROW = 35  # height of a row of the table editor, in pixels


@pytest.fixture
def ledger(tmp_path):
    file = tmp_path / "台账.csv"
    file.write_text(
        "某县参保台账,,,单位：万元,,,\n项目编号,施工单位编号,签约额,参保日期,项目类型,开工日期,保费\n"
        "P1,C1,１２００,2024年3月1日,房建,20240401,1.2\n合计,,1200,,,,\n",
        encoding="utf-8",
    )
    return file


def choose(page, label, text):
    page.get_by_role("combobox", name=label).press("ArrowDown")
    page.get_by_role("option", name=text).first.click()


def pick(page, option):
    """Choose from the list of a table cell; where the list was still being drawn and stays open, click again as a person would."""
    option.click()
    page.wait_for_timeout(1_000)
    if option.is_visible():
        option.click()


def rests(page):
    """Wait until the page has answered: a file handed to it while it draws itself anew is lost."""
    page.wait_for_timeout(1_000)
    page.wait_for_selector("[data-test-script-state=notRunning]")


def test_a_ledger_with_headers_of_its_own_is_mapped_imported_and_taken_back(chromium, tmp_path, ledger):
    place = tmp_path / "office.sqlite"
    open_book(place, create=True).close()
    process, address = serve(str(place))
    context = chromium.new_context(locale="zh-CN", viewport={"width": 1500, "height": 2000})
    try:
        page = context.new_page()
        page.set_default_timeout(90_000)
        page.goto(f"{address}/data")
        choose(page, "导入到哪个账套", "office")
        rests(page)
        page.locator("input[type=file]").first.set_input_files(ledger)
        meaning = page.get_by_test_id("stExpander").filter(has_text="各列含义")
        expect(meaning.get_by_text("缺少列 总造价", exact=False)).to_be_visible()
        expect(meaning.get_by_text("尚未指明：总造价。")).to_be_visible()
        rests(page)  # the editor stands where it will stay
        box = meaning.get_by_test_id("stDataFrame").bounding_box()
        page.mouse.dblclick(box["x"] + 0.75 * box["width"], box["y"] + (UNKNOWN + 1.5) * ROW)
        pick(page, page.get_by_role("option", name="总造价", exact=True))
        expect(page.get_by_text("签约额 → 总造价 × 10000", exact=False)).to_be_visible()
        with open_book(place) as book:
            assert book.count("projects") == 0  # nothing is written before the button
        page.get_by_role("button", name="开始导入").click()
        expect(page.get_by_text("已导入1行")).to_be_visible()
        with open_book(place) as book:
            assert book.table("projects")[["project_id", "total_cost_yuan"]].to_numpy().tolist() == [["P1", 12_000_000]]
        page.get_by_role("button", name="查看该账套").click()
        expect(page.get_by_text("可下载空白表格", exact=False)).to_be_visible()  # the uploader is empty again
        rests(page)
        page.locator("input[type=file]").first.set_input_files(ledger)
        expect(page.get_by_text("按保存的手工对应关系读取", exact=False).first).to_be_visible()
        choose(page, "撤销导入编号", "台账.csv")
        page.get_by_role("button", name="撤销该次导入").click()
        expect(page.get_by_text("已撤回1行")).to_be_visible()
        with open_book(place) as book:
            assert book.count("projects") == 0
    finally:
        ARTEFACTS.mkdir(exist_ok=True)
        page.screenshot(path=str(ARTEFACTS / "import-by-hand.png"), full_page=True)
        context.close()
        process.terminate()
        process.wait(20)
