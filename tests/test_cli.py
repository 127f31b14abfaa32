"""The commands as a user types them: exit codes, what is printed, what is written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

import cli
from analysis.language import Translator
from data.book import open_book

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("book", ["national", "xinjiang"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_review_of_a_public_book(book, language, tmp_path, capsys):
    assert cli.main(["review", "--book", book, "--out", str(tmp_path / "输出"), "--language", language]) == 0
    printed = capsys.readouterr().out
    content = json.loads((tmp_path / "输出" / "review.json").read_text(encoding="utf-8"))
    t = Translator(language)
    assert t.permille(content["indicated"]["pay_as_you_go"]["rate"]) in printed
    workbook = openpyxl.load_workbook(tmp_path / "输出" / "review.xlsx", read_only=True)
    text = "\n".join(
        str(c.value) for sheet in workbook for row in sheet.iter_rows() for c in row if c.value is not None
    )
    assert content["book"]["fingerprint"][:16] in text
    # figures agree with review.json: payable months of the last year
    assert any(
        abs(float(c) - content["accounts"][-1]["payable_months"]) < 1e-9
        for c in text.split("\n")
        if c.replace(".", "", 1).isdigit()
    )


def test_scenario_file_changes_the_review(tmp_path):
    scenario = tmp_path / "方案.yaml"
    scenario.write_text("name: 提高\nbase_rate: 0.002\nhorizon_years: 5\npaths: 1000\n", encoding="utf-8")
    assert cli.main(["review", "--book", "xpcc", "--scenario", str(scenario), "--out", str(tmp_path / "o")]) == 0
    content = json.loads((tmp_path / "o" / "review.json").read_text(encoding="utf-8"))
    assert content["scenario"]["base_rate"] == 0.002
    assert len(content["fund"]) == 5


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("缺列.csv", "施工单位,年度,工伤人数\nA,2020,1\n", "缺少列"),
        ("文字.csv", "年度,基金收入（万元）,基金支出（万元）\n2020,很多,4\n", "很多"),
        ("重复.csv", "年度,基金收入（万元）,基金支出（万元）\n2020,3,4\n2020,3,5\n", "多行"),
        ("单位.csv", "年度,基金收入,基金支出\n2020,3,4\n", "单位"),
        ("空.xlsx", "", "0字节"),
        ("图片.xlsx", "\x89PNG\r\n\x1a\n", "不是工作簿"),
        ("没有.csv", None, "没有文件"),
    ],
)
def test_bad_input_ends_with_2_says_why_in_chinese_and_writes_nothing(name, content, says, tmp_path, capsys):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content.encode("latin-1") if "PNG" in content else content.encode())
    assert cli.main(["review", "--book", str(path), "--out", str(tmp_path / "o"), "--language", "zh"]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert "Traceback" not in said
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize(
    "text",
    [
        "base_rat: 0.001\n",
        "base_rate: 5\n",
        "base_rate: [1\n",
        "growth: {construction: viele}\n",
        "shocks: [{kind: war}]\n",
    ],
)
def test_bad_scenarios_end_with_2(text, tmp_path, capsys):
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")
    assert (
        cli.main(
            ["review", "--book", "xpcc", "--scenario", str(path), "--out", str(tmp_path / "o"), "--language", "en"]
        )
        == 2
    )
    assert capsys.readouterr().err.strip()
    assert not (tmp_path / "o").exists()


def test_import_then_review_of_a_book(tmp_path, capsys):
    source = tmp_path / "收支.csv"
    source.write_text(
        "年度,基金收入（万元）,基金支出（万元）,累计结余（万元）\n2019,100,80,300\n2020,110,95,315\n",
        encoding="gb18030",
    )
    book = tmp_path / "账套.sqlite"
    assert cli.main(["import", "--book", str(book), str(source), "--language", "zh"]) == 0
    assert "新增6行" in capsys.readouterr().out
    with open_book(book) as opened:
        assert opened.levels() == (1,)
    assert cli.main(["import", "--book", str(book), str(source), "--language", "zh"]) == 0
    assert "已导入过" in capsys.readouterr().out
    assert cli.main(["review", "--book", str(book), "--out", str(tmp_path / "o")]) == 0


def test_a_refused_import_leaves_no_book_behind(tmp_path):
    source = tmp_path / "坏.csv"
    source.write_text("年度,基金收入（万元）,基金支出（万元）\n2019,x,80\n", encoding="utf-8")
    assert cli.main(["import", "--book", str(tmp_path / "b.sqlite"), str(source)]) == 2
    assert not list(tmp_path.glob("b.sqlite*"))


def test_a_dry_run_names_every_bad_file(tmp_path, capsys):
    files = [tmp_path / "空.csv", tmp_path / "说明.docx"]
    for file, text in zip(files, ("", "x"), strict=True):
        file.write_text(text, encoding="utf-8")
    place = tmp_path / "b.sqlite"
    assert cli.main(["import", "--book", str(place), "--dry-run", *map(str, files)]) == 2
    said = capsys.readouterr().err
    assert all(file.name in said for file in files)
    assert not place.exists()


def test_dry_run_writes_nothing(tmp_path, capsys):
    source = tmp_path / "a.csv"
    source.write_text("年度,基金收入（万元）,基金支出（万元）\n2019,90,80\n", encoding="utf-8")
    assert cli.main(["import", "--dry-run", "--book", str(tmp_path / "b.sqlite"), str(source), "--language", "en"]) == 0
    assert "基金收入" in capsys.readouterr().out
    assert not list(tmp_path.glob("b.sqlite*"))


def test_guide_in_both_languages(capsys):
    for language, word in (("zh", "一次性"), ("en", "lump")):
        assert cli.main(["guide", "--language", language]) == 0
        assert word in capsys.readouterr().out


def test_as_a_process_with_a_plain_console(tmp_path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "review", "--book", "xpcc", "--out", str(tmp_path / "o")],
        cwd=tmp_path,
        env={**os.environ, "LANG": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    assert "‰" in done.stdout.decode("utf-8")
