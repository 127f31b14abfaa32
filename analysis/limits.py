"""What a rate review cannot answer with the book it has, and where the past departs from what the projection assumes."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.fund.history import History
from analysis.fund.indicated import incomplete_year
from analysis.rate_review import Indicated
from analysis.scenario import Scenario
from models.messages import Message

COLLECTED_YEARS, COLLECTED_APART = 3, 0.03
"""Years over which premium is compared with the rate in force, and the departure from which on it is said."""


def unanswered(history: History, indicated: Mapping[str, Indicated]) -> tuple[Message, ...]:
    """Return what the book's levels cannot answer, one message each."""
    warnings = []
    if "full_funding" not in indicated and history.level == 3:
        warnings.append(
            Message(
                "The ledgers hold fewer than three years: what accidents will still cost is not known yet, so terminal and full funding are not given, and pay-as-you-go rests on the first payments alone: it does not tell whether the rate is enough."
            )
        )
    elif "full_funding" not in indicated:
        warnings.append(
            Message(
                "Terminal and full funding need the cost of accidents by year of accident: import experience with incurred cost, or the ledgers.",
                {},
            )
        )
    short = incomplete_year(history)
    if short is not None and "full_funding" in indicated:
        warnings.append(
            Message(
                "The incurred cost of {year} is {share:percent.0} of that of earlier years for the same total cost: what recent accidents will still cost seems to be missing, "
                "so that full funding is too low. Import the ledgers, or incurred cost developed to ultimate.",
                {"year": short[0], "share": short[1]},
            )
        )
    if len(history.years) < 5:
        warnings.append(
            Message(
                "Only {years} years are known: how much years differ is assumed, not observed. The intervals are no better than that.",
                {"years": len(history.years)},
            )
        )
    return tuple(warnings)


def collected_otherwise(history: History, resolved: Scenario) -> tuple[Message, ...]:
    """Say where the premium of the last years is not what the rate in force brings: the projection collects the whole rate."""
    rows, rate = history.experience, float(resolved.current_rate or 0.0)
    if rows is None or rate <= 0:
        return ()
    recent = rows[(rows["year"] > rows["year"].max() - COLLECTED_YEARS) & (rows["exposure_yuan"] > 0)]
    recent = recent[recent["premium_yuan"].notna()]
    exposure = float(recent["exposure_yuan"].sum())
    found = float(recent["premium_yuan"].sum()) / exposure if exposure > 0 else 0.0
    if found <= 0 or abs(found / rate - 1.0) < COLLECTED_APART:
        return ()
    return (
        Message(
            "Premium of the last {years} years came to {found:permille} of total cost, not {rate:permille}: what floating, reductions and arrears do to the rate is not in the projection. Test {found:permille} to see it.",
            {"years": COLLECTED_YEARS, "found": found, "rate": rate},
        ),
    )
