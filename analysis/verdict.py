"""The verdict in sentences: is the rate enough, how sure, what follows. The same words on the page, in the slides and the report."""

from __future__ import annotations

from analysis.rate_review import RateReview
from models.messages import Message


def verdict(review: RateReview) -> tuple[Message, ...]:
    """Return the review's finding as one to four sentences, the most important first."""
    best, current = review.best, review.current_rate
    figures = {
        "current": current,
        "rate": best.rate,
        "low": best.low,
        "high": best.high,
        "tested": review.scenario.base_rate,
    }
    if best.low > current:
        first = Message(
            "{current:permille} is not enough: break-even is {rate:permille} (90%: {low:permille} to {high:permille}).",
            figures,
        )
    elif best.high < current and falls_short(review):
        first = Message(
            "Break-even is {rate:permille} (90%: {low:permille} to {high:permille}), below the {current:permille} in force; but at {tested:permille} the balance is not safe enough.",
            figures,
        )
    elif best.high < current:
        first = Message(
            "{current:permille} is more than enough: break-even is {rate:permille} (90%: {low:permille} to {high:permille}).",
            figures,
        )
    else:
        first = Message(
            "{current:permille} may or may not be enough: break-even is {rate:permille}, and its 90% interval from {low:permille} "
            "to {high:permille} includes the rate in force.",
            figures,
        )
    scenario = review.scenario
    sentences = [
        first,
        how_sure(review),
    ]
    known = review.required_rate
    wanted = known.loc[known["probability"] == scenario.solvency_level, "rate"]
    if len(wanted) and review.opening_known:
        sentences.append(
            Message(
                "To be {level:percent.0} sure of that, the rate would have to be {needed:permille}.",
                {"level": scenario.solvency_level, "needed": float(wanted.iloc[0])},
            )
        )
    months, target = review.payable_months, scenario.target_payable_months
    if months == months and target is not None:
        figures = {"months": months, "target": target}
        sentences.append(
            Message("The balance pays {months:months} of benefits; the target is {target:months}.", figures)
        )
    return tuple(sentences)


def falls_short(review: RateReview) -> bool:
    """Whether the fund, from a balance that is known, keeps its floor with less than the wanted probability."""
    return review.opening_known and review.probability_solvent < review.scenario.solvency_level


def how_sure(review: RateReview) -> Message:
    """Return how likely the fund stays above its floor, and from which balance where none is known."""
    scenario = review.scenario
    figures = {
        "tested": scenario.base_rate,
        "years": scenario.horizon_years,
        "probability": review.probability_solvent,
    }
    if not review.opening_known:
        return Message(
            "The balance is not known: starting at 0, at {tested:permille}, the fund stays above its floor for {years} years with probability {probability:percent}.",
            figures,
        )
    return Message(
        "At {tested:permille} the fund stays above its floor for {years} years with probability {probability:percent}.",
        figures,
    )
