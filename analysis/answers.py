"""The four questions that a leader asks of a rate review, each with one sentence: enough, how sure, since when, what to do."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.rate_review import RateReview
from analysis.verdict import falls_short, how_sure, verdict
from models.messages import Message

TONES = ("good", "watch", "bad")
ADVICE = {
    "bad": Message("Prepare a rise towards {rate:permille}, in steps if need be."),
    "good": Message("There is room: the rate could fall to {high:permille} and still break even with confidence."),
    "watch": Message("Keep the rate, watch the early-warning lamps and review again next year."),
}
"""What follows from the rate alone."""
UNLIKELY = 0.1
"""Probability of having fallen below the floor from which a year is named."""


@dataclass(frozen=True)
class Answer:
    """A question, its answer and how it sounds: ``good``, ``watch`` or ``bad``."""

    question: Message
    answer: Message
    tone: str


def answers(review: RateReview) -> tuple[Answer, ...]:
    """Return the four answers of a review, in the order in which they are asked."""
    return (_enough(review), _how_sure(review), _since_when(review), _what_to_do(review))


def _tone(review: RateReview) -> str:
    best, current = review.best, review.current_rate
    return "bad" if best.low > current else "good" if best.high < current and not falls_short(review) else "watch"


def _enough(review: RateReview) -> Answer:
    return Answer(Message("Is the rate enough?"), verdict(review)[0], _tone(review))


def _how_sure(review: RateReview) -> Answer:
    scenario, probability = review.scenario, review.probability_solvent
    tone = "good" if probability >= scenario.solvency_level else "watch" if probability >= 0.5 else "bad"
    return Answer(Message("How sure is that?"), how_sure(review), tone if review.opening_known else "watch")


def _since_when(review: RateReview) -> Answer:
    question = Message("Since when, or from when on?")
    known = review.accounts.dropna(subset=["revenue_yuan", "expenditure_yuan"])
    short = (known["expenditure_yuan"] > known["revenue_yuan"]).to_numpy()
    failing = review.fund.loc[review.fund["probability_below_floor"] >= UNLIKELY]
    if len(short) and short[-1]:
        covered = [i for i, deficit in enumerate(short) if not deficit]
        year = str(known["period"].iloc[covered[-1] + 1 if covered else 0])
        last = str(known["period"].iloc[-1])
        answer = (
            Message("In {year} outgo exceeded income, as it had not the year before.", {"year": year})
            if year == last and covered
            else Message("Outgo has exceeded income every year since {year}.", {"year": year})
        )
        return Answer(question, answer, "bad")
    if len(failing):
        first = failing.iloc[0]
        figures = {"year": str(first["period"]), "probability": float(first["probability_below_floor"])}
        answer = Message(
            "By the end of {year} the fund has fallen below its floor with probability {probability:percent}.", figures
        )
        return Answer(question, answer, "watch")
    flows = review.flows
    deficit = flows.loc[flows["outgo_yuan"] + flows["prevention_yuan"] > flows["collections_yuan"]]
    if len(deficit):
        figures = {"year": str(deficit["period"].iloc[0])}
        return Answer(
            question,
            Message("From {year} on expected outgo exceeds premium; the balance makes up for it.", figures),
            "watch",
        )
    return Answer(
        question, Message("Income covers outgo in the last year known and is expected to in every year ahead."), "good"
    )


def _what_to_do(review: RateReview) -> Answer:
    question, tone = Message("What follows?"), _tone(review)
    best, scenario = review.best, review.scenario
    known = review.required_rate
    wanted = known.loc[known["probability"] == scenario.solvency_level, "rate"]
    needed = float(wanted.iloc[0]) if len(wanted) else best.rate
    figures = {
        "rate": best.rate,
        "low": best.low,
        "high": best.high,
        "needed": needed,
        "level": scenario.solvency_level,
        "years": scenario.horizon_years,
    }
    advice = {"advice": Message(ADVICE[tone].text, figures)}
    if review.opening_known:
        answer = Message(
            "{advice} Compare: keeping the fund above its floor for {years} years with probability {level:percent.0} takes {needed:permille}.",
            advice | figures,
        )
    else:
        answer = Message(
            "{advice} Enter the opening balance under “More choices” to see what keeps the fund solvent.", advice
        )
    return Answer(question, answer, tone)
