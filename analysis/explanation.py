"""What an explanation of a number is made of; the explanations themselves stand beside their subject."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from analysis.rate_review import RateReview
from models.messages import Message

Input = tuple[Message, float | str | None, str]


def no_inputs(_: RateReview) -> tuple[Input, ...]:
    """Return nothing: a figure that is not made from a few figures of the review."""
    return ()


@dataclass(frozen=True)
class Explanation:
    """How one number is computed.

    ``parameters`` are the beginnings of the names of the parameters behind it; ``section`` is the part of ``docs/methods`` and ``source`` the
    law or literature that it follows.
    """

    name: Message
    meaning: Message
    formula: str
    section: Message
    source: str
    inputs: Callable[[RateReview], tuple[Input, ...]] = no_inputs
    parameters: tuple[str, ...] = ()


METHODS = {
    "cash": Message("The break-even rate, pay-as-you-go"),
    "capital": Message("The break-even rate, terminal funding"),
    "full": Message("The break-even rate, full funding"),
    "fund": Message("The fund and the solvency curve"),
    "floating": Message("Floating plans"),
    "credibility": Message("Credibility"),
    "development": Message("Development to ultimate"),
    "frequency": Message("Claim frequency"),
    "severity": Message("Severity"),
    "questions": Message("Sensitivity, variance shares, reverse stress"),
    "warning": Message("Early warning and back-test"),
    "cohorts": Message("The cohort fund of a ledger book"),
}
