"""The workbook's formulas equal the program's numbers, recalculated by LibreOffice, also after the reader changed an input."""

import shutil
import subprocess
from dataclasses import replace

import openpyxl
import pytest

from analysis.language import Translator
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from data.book import open_book
from reports.live_model import inputs_of, roll
from reports.workbook import write_workbook

OOR = "http://openoffice.org/2001/" + "registry"
RECALCULATE = f"""<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="{OOR}" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>"""


def recalculated(path, folder):
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(RECALCULATE, encoding="utf-8")
    out = folder / "out"
    subprocess.run(
        ["soffice", f"-env:UserInstallation={profile.as_uri()}", "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(path)],
        check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    return openpyxl.load_workbook(out / path.name, data_only=True)["现场模型"]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed on this machine")
@pytest.mark.parametrize("changed", [False, True])
def test_formulas_equal_the_programs_numbers(tmp_path, changed):
    scenario = Scenario(paths=500)
    review = conclude(prepare(open_book("national"), scenario), scenario)
    path = write_workbook(review, tmp_path, Translator("zh"))
    inputs = inputs_of(review)
    if changed:
        book = openpyxl.load_workbook(path)
        for cell, value in (("B3", 0.0017), ("B4", 0.02), ("B5", 0.01)):
            book["现场模型"][cell] = value
        book.save(path)
        inputs = replace(inputs, rate=0.0017, exposure_growth=0.02, outgo_growth=0.01)
    sheet = recalculated(path, tmp_path)
    model = roll(review.flows, inputs)
    for i, year in enumerate(model.itertuples(index=False)):
        cells = [sheet.cell(row=12 + i, column=4 + j).value for j in range(8)]
        assert cells == pytest.approx(list(year), rel=1e-9)


def test_the_model_is_the_reviews_own_mean_path():
    scenario = Scenario(paths=2000)
    review = conclude(prepare(open_book("xpcc"), scenario), scenario)
    model = roll(review.flows, inputs_of(review))
    # the review compounds interest by the quarter: a year's closing agrees to the small difference of that
    assert model["closing"].to_numpy() == pytest.approx(review.flows["closing_yuan"].to_numpy(), rel=2e-3)
