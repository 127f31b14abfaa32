"""Premium in a book whose projects pay a floating rate: paid, at the base rate, and beside the rate in force."""

import numpy as np
import pytest

from analysis.experience.frames import TABLES, ledgers_of
from analysis.experience.study import study_ledgers
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from data.book import Source, open_book
from data.demo import DemoConfig, make_demo

QUICK = Scenario(paths=100, horizon_years=3)


@pytest.fixture(scope="module")
def ledgers():
    with open_book(":memory:", create=True) as made:
        make_demo(made, DemoConfig(projects=800, years=4))
        frames = {name: made.table(name) for name in ("contractors", "projects", "cases", "payments")}
    projects = frames["projects"]
    multiplier = np.where(projects["contractor_id"].str[-1].isin(list("01234")), 0.5, 1.5)
    paid = (projects["total_cost_yuan"] * 0.001 * multiplier).round(2)
    return {**frames, "projects": projects.assign(multiplier=multiplier, premium_yuan=paid)}


def reviewed(frames):
    with open_book(":memory:", create=True) as book:
        for name, frame in frames.items():
            rows = frame.set_axis(range(1, len(frame) + 1), axis=0)
            book.write(name, rows, Source(f"{name}.csv", name.ljust(64, "0")))
        prepared = prepare(book, QUICK)
        tables = {name: book.table(name) for name in TABLES}
    return prepared, conclude(prepared, QUICK), tables


def test_the_benefit_ratio_is_on_the_premium_at_the_base_rate(ledgers):
    prepared, found, tables = reviewed(ledgers)
    own = prepared.history.experience.groupby("unit")[["exposure_yuan", "premium_yuan", "base_premium_yuan"]].sum()
    assert own["base_premium_yuan"].to_numpy() == pytest.approx(own["exposure_yuan"].to_numpy() * 0.001, abs=1.0)
    cheap = own.index.str[-1].isin(list("01234"))
    assert own["premium_yuan"].to_numpy() == pytest.approx(
        own["base_premium_yuan"] * np.where(cheap, 0.5, 1.5), abs=1.0
    )
    # without a premium in the ledger it is rate × multiplier × cost, everywhere
    _, again, silent = reviewed({**ledgers, "projects": ledgers["projects"].assign(premium_yuan=np.nan)})
    for name in ("on_level", "premium"):
        assert again.tables[name][
            "written_premium_yuan" if name == "premium" else "premium_yuan"
        ].to_numpy() == pytest.approx(
            found.tables[name]["written_premium_yuan" if name == "premium" else "premium_yuan"].to_numpy(), rel=1e-6
        )
    assert again.balance_sheet["amount_yuan"].iloc[1] == pytest.approx(
        found.balance_sheet["amount_yuan"].iloc[1], rel=1e-6
    )
    studies = [
        study_ledgers(part, QUICK.resolve(part.parameters, part.on)).by_year["written_premium_yuan"]
        for part in (ledgers_of(t, prepared.parameters) for t in (tables, silent))
    ]
    assert studies[0].to_numpy() == pytest.approx(studies[1].to_numpy(), rel=1e-6)


def test_premium_that_is_not_the_rate_in_force_is_said(ledgers):
    projects = ledgers["projects"]
    full = projects.assign(premium_yuan=(projects["total_cost_yuan"] * 0.001).round(2), multiplier=1.0)
    for share, said in ((1.0, False), (0.99, False), (0.8, True), (1.2, True)):
        frames = {**ledgers, "projects": full.assign(premium_yuan=(full["premium_yuan"] * share).round(2))}
        _, found, _ = reviewed(frames)
        hits = [w for w in found.warnings if w.text.startswith("Premium of the last")]
        assert bool(hits) is said, share
        if said:
            assert hits[0].fields["found"] == pytest.approx(0.001 * share, rel=1e-4)
