"""What leaves the house: the figures are those of review.json in every format, the bytes repeat, names stay text, every page says what it rests on."""

import io
import json
import re
import shutil
import subprocess
import zipfile
from dataclasses import replace
from html.parser import HTMLParser

import docx
import openpyxl
import pandas as pd
import pytest
from pptx import Presentation

from analysis.columns import HEADS
from analysis.coverage import words as coverage_words
from analysis.experience import words as experience_words
from analysis.fund import words as fund_words
from analysis.fund.words import BASIS_NAMES
from analysis.language import Translator
from analysis.plans import words as floating_words
from analysis.rate_review import to_json
from analysis.review import review
from analysis.scenario import Scenario
from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.quality import quality
from models.messages import InputError
from reports import FORMATS, content, write_reports
from reports.blocks import Grid, Heading, Paragraph, Section, TableBlock, Title, cut, numbered, numeral, plain, width

QUICK = Scenario(paths=400)
NASTY = '=1+1 <script>alert(1)</script> #{x} $y$ [z](u) & "q" \x02table-fund\x03'


def experience_book():
    rows = [
        {"unit": f"U{u}", "period": str(2019 + y), "exposure_yuan": 1e8 * (1 + u % 5), "premium_yuan": 1e5 * (1 + u % 5), "base_premium_yuan": 1e5 * (1 + u % 5),
         "cases": u % 4, "deaths": 0, "paid_yuan": 3e4 * ((u * 7 + y) % 5), "incurred_yuan": 5e4 * ((u * 7 + y) % 5)}
        for u in range(40) for y in range(6)
    ]  # fmt: skip
    book = open_book(":memory:")
    book.write("experience", pd.DataFrame(rows))
    return book


@pytest.fixture(scope="module")
def demo_book():
    book = open_book(":memory:")
    make_demo(book, DemoConfig(projects=1500, contractors=200, years=7))
    return book


@pytest.fixture(scope="module")
def demo(demo_book):
    return review(demo_book, QUICK)


@pytest.fixture(scope="module")
def books(demo):
    return {
        "accounts": review(open_book("xinjiang"), QUICK),
        "experience": review(experience_book(), QUICK),
        "ledgers": demo,
    }


@pytest.fixture(scope="module")
def made(demo, tmp_path_factory):
    folders = {}
    for language in ("zh", "en"):
        folders[language] = tmp_path_factory.mktemp(language)
        write_reports(demo, folders[language], FORMATS, Translator(language))
    return folders


def words(text):
    return re.sub(r"\s+", "", text)


def docx_text(path):
    xml = zipfile.ZipFile(path).read("word/document.xml").decode()
    return (
        re.sub(r"<[^>]+>", "", re.sub(r"</w:p>", "\n", xml))
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", '"')
    )


def pdf_pages(path):
    return (
        subprocess.run(["pdftotext", "-layout", str(path), "-"], capture_output=True, check=True)
        .stdout.decode()
        .split("\f")[:-1]
    )


class Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.text, self.silent = [], 0

    def handle_starttag(self, tag, attributes):
        self.silent += tag in ("script", "style", "svg")

    def handle_endtag(self, tag):
        self.silent -= tag in ("script", "style", "svg")

    def handle_data(self, data):
        if not self.silent:
            self.text.append(data)


def html_text(path):
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    return "".join(reader.text)


def slide_texts(path):
    for slide in Presentation(str(path)).slides:
        yield (
            "\n".join(shape.text_frame.text for shape in slide.shapes if shape.has_text_frame)
            + "\n"
            + slide.notes_slide.notes_text_frame.text
        )


def key_figures(data, t):
    """Figures of review.json as a reader sees them."""
    figures = {
        f"indicated {basis}": t.permille(one[key])
        for basis, one in data["indicated"].items()
        if one
        for key in ("rate", "low", "high")
    }
    last = data["fund"][-1]
    return {
        **figures,
        "current": t.permille(data["current_rate"]),
        "probability": t.percent(data["probability_solvent"]),
        "needed": t.permille(
            next(r["rate"] for r in data["required_rate"] if r["probability"] == data["scenario"]["solvency_level"])
        ),
        "balance": t.money(last["balance_p50"]),
        "low": t.money(last["balance_p05"]),
        "months": t.months(last["payable_months_p50"]),
    }


@pytest.mark.parametrize("language", ["zh", "en"])
def test_figures_read_back_equal_review_json(demo, made, language):
    t, folder, data = Translator(language), made[language], json.loads(to_json(demo))
    expected = key_figures(data, t)
    texts = {
        "docx": docx_text(folder / "review.docx"),
        "html": html_text(folder / "review.html"),
        "pptx": "".join(slide_texts(folder / "review.pptx")),
    }
    if shutil.which("pdftotext"):
        texts["pdf"] = "".join(pdf_pages(folder / "review.pdf"))
    for kind, text in texts.items():
        for name, figure in expected.items():
            assert words(figure) in words(text), f"{kind}: {name} is not {figure}"


def test_table_cells_read_back_equal_review_json(demo, made):
    t, data = Translator("zh"), json.loads(to_json(demo))
    wanted = [t.number(round(row["balance_p50"] / 1e4, 1) + 0.0, 1) for row in data["fund"]]
    tables = docx.Document(str(made["zh"] / "review.docx")).tables
    fund = next(table for table in tables if any("结余中位数" in cell.text for cell in table.rows[0].cells))
    at = next(i for i, cell in enumerate(fund.rows[0].cells) if "结余中位数" in cell.text)
    shown = [row.cells[at].text for row in fund.rows[1:]]
    scale = 1e8 if "亿元" in fund.rows[0].cells[at].text else 1e4
    for text, row in zip(shown, data["fund"], strict=True):
        assert float(text.replace(",", "")) == pytest.approx(row["balance_p50"] / scale, abs=0.051)
    assert wanted


def test_workbook_holds_the_numbers_themselves(demo, made):
    data = json.loads(to_json(demo))
    book = openpyxl.load_workbook(made["zh"] / "review.xlsx", data_only=False)

    def sheet(title):
        return next(s for s in book.worksheets if s.cell(1, 1).value == title)

    rates = (
        sheet("各筹资方式测算费率")
        if any(s.cell(1, 1).value == "各筹资方式测算费率" for s in book.worksheets)
        else sheet(Translator("zh")("Indicated rate by financing basis"))
    )
    bases = [b for b, one in data["indicated"].items() if one]
    for row, basis in enumerate(bases, start=4):
        assert rates.cell(row, 1).value == Translator("zh").say(BASIS_NAMES[basis])
        assert rates.cell(row, 2).value == pytest.approx(data["indicated"][basis]["rate"] * 1e3, rel=1e-12)
    fund = sheet(Translator("zh")("The fund ahead"))
    columns = list(data["fund"][0])
    for row, one in enumerate(data["fund"], start=4):
        assert fund.cell(row, columns.index("balance_p50") + 1).value == pytest.approx(
            one["balance_p50"] / 1e4, rel=1e-12
        )


def test_chart_values_on_slides_equal_review_json(demo, made):
    data = json.loads(to_json(demo))
    charts = [
        s.chart for slide in Presentation(str(made["zh"] / "review.pptx")).slides for s in slide.shapes if s.has_chart
    ]
    assert len(charts) >= 4
    rates = list(charts[0].plots[0].series[0].values)
    assert rates == pytest.approx(
        [r * 1e3 for r in (data["current_rate"], *(one["rate"] for one in data["indicated"].values() if one))], abs=1e-6
    )
    fan = next(c for c in charts if len(c.plots[0].series) == 5 and len(c.plots[0].categories) == len(data["fund"]))
    median = list(fan.plots[0].series[2].values)
    assert median[-1] / median[0] == pytest.approx(
        data["fund"][-1]["balance_p50"] / data["fund"][0]["balance_p50"], rel=1e-3
    )


def test_same_review_same_bytes(demo, made, tmp_path):
    written = write_reports(demo, tmp_path, FORMATS, Translator("zh"))
    for path in written:
        assert path.read_bytes() == (made["zh"] / path.name).read_bytes(), path.name


def test_pdf_is_an_archive_file(made):
    content_ = (made["zh"] / "review.pdf").read_bytes()
    assert re.search(rb"<pdfaid:part>2</pdfaid:part>\s*<pdfaid:conformance>B</pdfaid:conformance>", content_)
    assert b"/OutputIntents" in content_ or b"/OutputIntent" in content_
    if shutil.which("pdffonts"):
        fonts = (
            subprocess.run(["pdffonts", str(made["zh"] / "review.pdf")], capture_output=True, check=True)
            .stdout.decode()
            .splitlines()[2:]
        )
        assert all(line.split()[-5] == "yes" for line in fonts), "every font is embedded"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_page_and_slide_says_that_the_data_are_synthetic(demo, made, language):
    said = words(content.notice(demo, Translator(language)))
    assert said
    for text in slide_texts(made[language] / "review.pptx"):
        assert said in words(text)
    header = docx.Document(str(made[language] / "review.docx")).sections[0].header.paragraphs[0].text
    assert words(header) == said
    assert said in words(html_text(made[language] / "review.html"))
    for sheet in openpyxl.load_workbook(made[language] / "review.xlsx").worksheets:
        assert any(said in words(str(sheet.cell(row, 1).value)) for row in (1, 2, 3)), sheet.title
    if shutil.which("pdftotext"):
        pages = pdf_pages(made[language] / "review.pdf")
        assert len(pages) > 10
        assert all(said in words(page) for page in pages)


def test_the_section_on_data_counts_what_does_not_fit_together(demo_book, demo):
    t, found = Translator("zh"), quality(demo_book)
    assert {f.severity for f in found} == {"error", "warning"}
    grids = {p.name: p for p in content.document(demo, t).pieces if isinstance(p, Grid)}
    wanted = [(t.integer(len(f.rows)), {"error": "错误", "warning": "待核查"}[f.severity]) for f in found]
    assert [(rows, weight) for _, weight, rows in grids["quality"].rows] == wanted
    assert all(not said.isascii() for said, *_ in grids["quality"].rows)


def test_the_parameters_of_stresses_and_warnings_are_listed_too(demo):
    names = {a.name for a in demo.assumptions}
    assert {"driver.sd", "warning.outgo_ratio", "interest_rate"} <= names


def test_rows_of_different_kinds_keep_their_own_unit(demo):
    grids = {p.name: p for p in content.document(demo, Translator("zh")).pieces if isinstance(p, Grid)}
    known = demo.tables["actual_expected"].set_index("item")
    shown = {row[0]: row for row in grids["actual_expected"].rows}
    assert shown["工伤件数"][1] == Translator("zh").integer(known.loc["cases", "expected"])
    assert shown["支出"][1] == Translator("zh").money(known.loc["outgo", "expected"])


def test_the_workbook_keeps_persons_and_amounts_apart(demo, made):
    known = demo.tables["actual_expected"].set_index("item")["expected"]
    sheets = openpyxl.load_workbook(made["zh"] / "review.xlsx").worksheets
    amounts, persons = (s for s in sheets if s.cell(1, 1).value == "上年度实际与预期对照")
    assert amounts.cell(3, 2).value == "预期（万元）"
    assert "万元" not in persons.cell(3, 2).value
    values = {row[0].value: row[1].value for one in (amounts, persons) for row in one.iter_rows(min_row=4)}
    assert values["工伤件数"] == pytest.approx(known["cases"])
    assert values["支出"] == pytest.approx(known["outgo"] / 1e4)


def test_figures_of_a_workbook_are_numbers_in_every_column(made):
    for sheet in openpyxl.load_workbook(made["zh"] / "review.xlsx").worksheets:
        for row in sheet.iter_rows(min_row=4):
            assert not [c.value for c in row if isinstance(c.value, str) and re.fullmatch(r"-?\d+\.\d{7,}", c.value)]


def test_a_negative_balance_pays_no_months():
    assert Translator("zh").months(-8.5) == "0个月（结余为负）"
    assert Translator("en").months(-0.1) == "0 months (negative balance)"
    assert Translator("en").months(0.04) == "0.0 months"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_figures_stand_flush_right_in_every_table(books, language):
    figure = re.compile(r"[−-]?¥?[\d,]+(\.\d+)?(%|‰|万元|亿元|元|bn|m)?")
    for review_ in books.values():
        for grid in (p for p in content.document(review_, Translator(language)).pieces if isinstance(p, Grid)):
            for column, head in enumerate(grid.head[1:], start=1):
                cells = [row[column] for row in grid.rows if row[column] != "—"]
                years = all(re.fullmatch(r"(19|20)\d\d", cell) for cell in cells)
                if cells and not years and all(map(figure.fullmatch, cells)):
                    assert grid.right[column], (grid.name, head)


def test_a_column_is_called_the_same_wherever_it_stands():
    """A head is found by its column's name alone: two meanings under one name would put a wrong head over figures."""
    called = {}
    for words_ in (experience_words, coverage_words, floating_words, fund_words):
        for column, name in words_.HEADS.items():
            assert called.setdefault(column, str(name)) == str(name), column
    assert {c: n for c, n in called.items() if str(HEADS.get(c, n)) != n} == {}


def test_a_long_text_in_one_row_does_not_narrow_the_other_columns(demo):
    (grid,) = (p for p in content.document(demo, Translator("zh")).pieces if isinstance(p, Grid) if p.name == "assumptions")  # fmt: skip
    value, reference = grid.widths[1], grid.widths[-1]
    assert max(width(row[1]) for row in grid.rows) > 44
    assert value < reference


def test_one_unit_a_table_and_no_empty_column():
    frame = pd.DataFrame(
        {
            "period": ["2023", "2024"],
            "opening_yuan": [2.5e9, 3e5],
            "paid_yuan": [4e7, 0.0],
            "reserve_yuan": [None, float("nan")],
            "exposure_yuan": 2e11,
        }
    )
    (grid,) = (
        p
        for p in numbered((Section("x", "x", (TableBlock("x", "x", frame),)),), Translator("zh"))
        if isinstance(p, Grid)
    )
    assert [head.split("\n")[-1] for head in grid.head] == ["年度", "（万元）", "（万元）", "（亿元）"]
    assert grid.rows[0][1:] == ("250,000", "4,000.0", "2,000.0")


def test_unverified_figures_are_marked_where_the_data_are_real(books):
    for name in ("accounts", "experience"):
        assert "假设或未核实" in content.notice(books[name], Translator("zh"))


def test_names_with_markup_stay_text_in_every_format(books, tmp_path):
    short = books["experience"]
    known = short.floating.movers
    assert len(known) > 5
    movers = known.assign(unit=[NASTY, "=2+3", "+4", "-5", "@6", *known["unit"][5:]])
    one = replace(short, book=replace(short.book, name=NASTY), floating=replace(short.floating, movers=movers))
    write_reports(one, tmp_path, FORMATS, Translator("zh"))
    shown = '=1+1 <script>alert(1)</script> #{x} $y$ [z](u) & "q" table-fund'
    page = (tmp_path / "review.html").read_text(encoding="utf-8")
    assert "<script>alert" not in page
    assert words(shown) in words(html_text(tmp_path / "review.html"))
    assert words(shown) in words(docx_text(tmp_path / "review.docx"))
    assert any(words(shown) in words(text) for text in slide_texts(tmp_path / "review.pptx"))
    if shutil.which("pdftotext"):
        assert words(shown) in words("".join(pdf_pages(tmp_path / "review.pdf")))
    for sheet in openpyxl.load_workbook(tmp_path / "review.xlsx").worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str) and cell.value[:4] in ("=1+1", "=2+3", "+4", "-5", "@6"):
                    assert cell.data_type == "s", cell.coordinate


def test_web_page_names_nothing_to_load(made):
    page = (made["zh"] / "review.html").read_text(encoding="utf-8")
    markup = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"""(?:src|href|action|data)\s*=\s*["'](?!#|data:)""", markup)
    assert not re.search(r"@import|url\((?!#)", markup)
    assert "default-src 'none'" in markup


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("level", ["accounts", "experience", "ledgers"])
def test_fifteen_sections_at_every_level_none_empty(books, level, language):
    t = Translator(language)
    sections = content.report(books[level], t)
    assert len(sections) == 15
    for section in sections:
        assert any(isinstance(block, str) and len(block) > 15 for block in section.blocks), section.name
        for before, after in zip(section.blocks, section.blocks[1:], strict=False):
            assert not (isinstance(before, Heading) and isinstance(after, Heading)), (
                f"{section.name}: {before.text} is empty"
            )
        assert not isinstance(section.blocks[-1], Heading), section.name
    pieces = content.document(books[level], t).pieces  # raises where a reference points to nothing
    titles = [p.text for p in pieces if isinstance(p, Title) and p.level == 1]
    assert titles[0].startswith("一、" if language == "zh" else "1 ")
    assert titles[14].startswith("十五、" if language == "zh" else "15 ")
    for piece in pieces:
        if isinstance(piece, Paragraph):
            text = plain(piece.text)
            assert "nan" not in text.lower().split(), text
            assert "∞" not in text or "\\infty" in text, text
        if isinstance(piece, Grid):
            assert piece.rows, piece.name
            assert not any("_yuan" in head for head in piece.head), piece.head


def test_a_book_that_cannot_answer_says_what_is_missing(books):
    text = " ".join(
        plain(p.text) for p in content.document(books["accounts"], Translator("en")).pieces if isinstance(p, Paragraph)
    )
    for what in (
        "exposure, frequency and severity",
        "the implementation and effect of floating",
        "what has been promised and not yet paid",
    ):
        assert f"This book cannot answer for {what}" in text


@pytest.mark.parametrize("level", ["accounts", "experience", "ledgers"])
def test_slides_are_few_with_short_findings_and_a_defence(books, tmp_path, level):
    for language, longest in (("zh", 24 * 2), ("en", 62)):
        write_reports(books[level], tmp_path, ["pptx"], Translator(language))
        slides = list(Presentation(str(tmp_path / "review.pptx")).slides)
        assert 7 <= len(slides) <= 10
        for slide in slides:
            assert width(slide.shapes.title.text_frame.text) <= longest, slide.shapes.title.text_frame.text
            assert len(slide.notes_slide.notes_text_frame.text) > 60


def test_an_offices_own_template_gives_the_form(books, tmp_path):
    short = books["accounts"]
    own = docx.Document()
    own.sections[0].header.paragraphs[0].text = "某某局文件"
    own.styles["Normal"].font.name = "Arial"
    own.save(str(tmp_path / "own.docx"))
    write_reports(short, tmp_path, ["docx"], Translator("zh"), template=tmp_path / "own.docx")
    made_ = docx.Document(str(tmp_path / "review.docx"))
    assert made_.sections[0].header.paragraphs[0].text == "某某局文件"
    assert made_.styles["Normal"].font.name == "Arial"
    (tmp_path / "bad.docx").write_bytes(b"no document")
    with pytest.raises(InputError, match="not a Word document"):
        write_reports(short, tmp_path, ["docx"], Translator("zh"), template=tmp_path / "bad.docx")


def test_long_tables_are_cut_with_what_the_rest_adds_up_to():
    frame = pd.DataFrame(
        {"unit": [f"U{i}" for i in range(500)], "premium_yuan": [float(i) for i in range(500)], "rate": 0.001}
    )
    shown, (rest, total) = cut(frame, 20)
    assert len(shown) == 20
    assert shown["premium_yuan"].sum() + rest["premium_yuan"] == total["premium_yuan"] == 499 * 500 / 2
    assert rest["rate"] is None
    assert cut(frame.head(20), 20)[1] == ()
    assert len(cut(frame[["unit", "rate"]], 20)[1]) == 1, "nothing adds up: no total"


def test_numerals_of_official_documents():
    assert [numeral(n) for n in (1, 9, 10, 11, 15, 20, 21)] == ["一", "九", "十", "十一", "十五", "二十", "二十一"]


def test_word_follows_the_form_of_an_official_document(made):
    file = docx.Document(str(made["zh"] / "review.docx"))
    east = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}eastAsia"
    assert file.styles["Normal"].element.rPr.rFonts.get(east) == "仿宋"
    assert file.styles["Title"].element.rPr.rFonts.get(east) == "方正小标宋简体"
    assert file.styles["Heading 1"].element.rPr.rFonts.get(east) == "黑体"
    xml = zipfile.ZipFile(io.BytesIO((made["zh"] / "review.docx").read_bytes())).read("word/document.xml").decode()
    assert xml.count("PAGEREF ") == 15
    bookmarks = set(re.findall(r'w:bookmarkStart [^>]*w:name="([^"]+)"', xml))
    for name in re.findall(r"(?:PAGEREF|REF) (\S+)", xml):
        assert name in bookmarks
