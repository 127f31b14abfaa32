"""Heads, kinds and codes of the floating plans' tables, for `analysis.columns` and `analysis.words`."""

from __future__ import annotations

import pandas as pd

from analysis.language import Translator
from analysis.plans.readable import MEASURES, WHEN
from models.floating import available_plans, load_plan
from models.messages import Message

HEADS: dict[str, Message] = {
    "risk_share": Message("Due to true risk (the rest is luck)"),
    "efficiency": Message("Loimaranta efficiency"),
    "size_band": Message("Total cost a year"),
    "rising_share": Message("Share of contractors paying more"),
    "case_yuan": Message("Cost of the case"),
    "saving_yuan": Message("Premium saved by hiding it"),
    "saving_share": Message("Saving ÷ cost"),
    "pays": Message("Hiding pays"),
    "benefit_ratio": Message("Benefits ÷ premium"),
    "behind": Message("Behind the best"),
    "behind_low": Message("Behind, low"),
    "behind_high": Message("Behind, high"),
    "verdict": Message("Verdict"),
    "gini_chosen_on": Message("Gini of the years chosen on"),
    "largest_swing": Message("Largest swing"),
    "small_surcharged": Message("Small contractors surcharged"),
    "probability_below_floor": Message("Probability of having been below the floor"),
    "ladder": Message("Multipliers (%)"),
    "edges": Message("Edges (% of the average ratio)"),
    "window": Message("Years looked at"),
    "credibility_yuan": Message("Credibility constant"),
    "claim_limit_yuan": Message("Limit a case"),
    "steps_a_move": Message("Steps a move"),
    "least_exposure_yuan": Message("Smallest contractor rated"),
    "cases_a_year": Message("Cases a year"),
    "cases_in_payment": Message("Cases in payment a year"),
    "hidden_cases_a_year": Message("Hidden cases a year"),
    "hidden_yuan": Message("Benefits not claimed a year"),
    "loss_ratio_before_low": Message("Before, 5%"),
    "loss_ratio_before_high": Message("Before, 95%"),
    "loss_ratio_after_low": Message("After, 5%"),
    "loss_ratio_after_high": Message("After, 95%"),
    "measure": Message("Measure"),
    "when": Message("Applies"),
    "above": Message("From"),
    "up_to": Message("To"),
    "edge": Message("Edge belongs to"),
    "project_type": Message("Project type"),
}
SHARES = {
    "risk_share", "efficiency", "rising_share", "saving_share", "benefit_ratio", "behind", "behind_low", "behind_high", "gini_chosen_on", "largest_swing",
    "small_surcharged", "loss_ratio_before_low", "loss_ratio_before_high", "loss_ratio_after_low", "loss_ratio_after_high",
}  # fmt: skip
NUMBERS = {"cases_a_year", "cases_in_payment", "hidden_cases_a_year", "window", "steps_a_move"}
WORDS: dict[str, Message] = {
    "ungraded": Message("without grade"),
    "none": Message("no case"),
    "1-4": Message("grades 1–4"),
    "best": Message("best"),
    "not_distinguishable": Message("not distinguishable from the best"),
    "worse": Message("worse than the best"),
    "not_run": Message("could not be run"),
    "no_floating": Message("No floating"),
    "plan": Message("The plan at the base rate"),
    "plan_corrected": Message("The plan with the corrected base rate"),
}
FOUND = "search_"
"""How the names of plans begin that a search has found."""
KIND_WORDS = {str(g): Message("grade {grade}", {"grade": g}) for g in range(1, 11)}


def kind_word(kind: str, t: Translator) -> str:
    """Return a kind of case in the reader's language."""
    if kind in KIND_WORDS:
        return t.say(KIND_WORDS[kind])
    return t("death") if kind == "death" else t.say(WORDS[kind])


def plan_title(name: str, t: Translator) -> str:
    """Return a plan's title in the reader's language; the name itself where it is not one of the program's plans or of a search."""
    if name.startswith(FOUND):
        return t("plan {number}", number=name.removeprefix(FOUND))
    return load_plan(name).title[t.language] if name in available_plans() else name


def spoken(message: Message, t: Translator) -> str:
    """Return a message in the reader's language, the plan that it names by its title."""
    named = {"plan": plan_title(str(message.fields["plan"]), t)} if "plan" in message.fields else {}
    return t(message.text, **{**message.fields, **named})


def with_words(frame: pd.DataFrame, t: Translator) -> pd.DataFrame:
    """Return a frame with plans by their titles, kinds of case in words, and messages said."""
    found = frame.copy()
    if "plan" in found:
        found["plan"] = [plan_title(str(n), t) for n in found["plan"]]
    if "kind" in found:
        found["kind"] = [kind_word(str(k), t) for k in found["kind"]]
    if "answer" in found:
        found["answer"] = ["" if pd.isna(a) else t.say(a) for a in found["answer"]]
    return found


def bands_for_readers(bands: pd.DataFrame, t: Translator) -> pd.DataFrame:
    """Return the table of `analysis.plans.readable.bands_table` as text under readers' heads."""

    def end(value: float, measure: str) -> str:
        if not abs(value) < float("inf"):
            return "—"
        return t.money(value) if measure == "size" else t.percent(value, 2 if measure == "frequency" else 1)

    rows = []
    for row in bands.to_dict("records"):
        measure = str(row["measure"])
        graded = "grade" in row and isinstance(row["grade"], str)
        name = t.say(MEASURES[measure]) if measure in MEASURES else t.say(COLUMNS.get(measure, Message(measure)))
        one = {t.say(HEADS["measure"]): name, t.say(HEADS["when"]): t.say(WHEN[str(row["when"])])}
        if graded:
            one[t("Grade")] = t("any other") if row["grade"] == "other" else str(row["grade"])
        else:
            inclusive = t("the lower band") if row["upper_inclusive"] else t("the upper band")
            one |= {
                t.say(HEADS["above"]): end(row["above"], measure),
                t.say(HEADS["up_to"]): end(row["up_to"], measure),
                t.say(HEADS["edge"]): inclusive,
            }
        one[t("Multiplier")] = t.percent(row["multiplier"])
        rows.append(one)
    return pd.DataFrame(rows)


COLUMNS = {
    "credit_grade": Message("Credit grade"),
    "safety_standard": Message("Safety standard"),
}
