"""The empty spreadsheets: filled in, the import takes them as they are."""

import io

import openpyxl
import pytest

from data.book import open_book
from data.importing import import_files
from data.templates import TABLES, template
from models.messages import InputError

ROWS = {
    "accounts": [[2019, 100e4, 90e4, 1e4, 80e4, 70e4, 1e4, 300e4, 10e4, 9e8], [2020, 110e4, 99e4, 1e4, 95e4, 80e4, 1e4, 315e4, 11e4, 9e8]],
    "contractors": {"contractor_id": "C1"},
    "projects": {"project_id": "P1", "contractor_id": "C1", "total_cost_yuan": 1e8, "enrolment_date": "2020-03-01", "status": "in_progress"},
    "cases": {"case_id": "K1", "project_id": "P1", "injury_date": "2020-05-01", "outcome": "injury", "grade": 9},
    "payments": {"payment_id": "Z1", "case_id": "K1", "payment_date": "2020-08-01", "benefit": "medical", "amount_yuan": 12345.67},
    "experience": {"unit": "C1", "period": 2020, "exposure_yuan": 1e8, "premium_yuan": 1e5, "cases": 2, "paid_yuan": 5e4},
}  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_filled_template_is_imported(tmp_path, level, language):
    book = openpyxl.load_workbook(io.BytesIO(template(level, language)))
    english = openpyxl.load_workbook(io.BytesIO(template(level, "en")))
    for table in TABLES[level]:
        given = ROWS[table]
        names = [cell.value for cell in english[table][1]]
        for row in given if isinstance(given, list) else [[given.get(name) for name in names]]:
            book[table].append(row)
    book.save(tmp_path / "filled.xlsx")
    with open_book(":memory:") as read:
        report = import_files(read, [tmp_path / "filled.xlsx"], unit="元")
        assert not report.refused, [str(line) for line in report.lines()]
        assert {table: read.count(table) > 0 for table in TABLES[level]} == dict.fromkeys(TABLES[level], True)
        if level == 1:
            accounts = read.table("accounts")
            balance = accounts.loc[(accounts["period"] == "2020") & (accounts["item"] == "balance"), "amount"]
            assert balance.tolist() == [315e4]
        if level == 3:
            assert read.table("payments")["amount_yuan"].tolist() == [12345.67]


def test_an_unknown_level_is_refused():
    with pytest.raises(InputError, match="levels are 1 to 3"):
        template(4, "zh")
