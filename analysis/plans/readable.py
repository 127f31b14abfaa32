"""A floating plan in words: its rule as sentences and a table of bands, and one contractor's multiplier explained step by step."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from models.floating import FloatingPlan
from models.floating.rules import Bands, ModificationRule, SizeRule, StepRule, SurchargeRule
from models.messages import Message

MEASURES = {
    "ratio": Message("benefit-to-premium ratio"),
    "relative": Message("benefit-to-premium ratio ÷ the average of all"),
    "frequency": Message("injuries a person-year"),
    "size": Message("total cost"),
}
WHO = {
    "contractor": Message("Each general contractor is rated on its own."),
    "project": Message("Each project is rated on its own."),
    "group": Message("The contractors of a group share one multiplier."),
    "area": Message("All contractors of an area share one multiplier."),
}
BITES = {
    "next_project": Message("A project pays once: the multiplier applies to the contractor's next project."),
    "next_year": Message("The multiplier applies to the premium of the next year."),
    "retrospective": Message(
        "The multiplier applies to the premium already paid: it is settled by refund or collection."
    ),
}
WHEN = {
    "always": Message("always"),
    "accident": Message("with an accident"),
    "no_accident": Message("without an accident"),
}


def rule_in_words(plan: FloatingPlan) -> tuple[Message, ...]:
    """Return the plan's rule as sentences, in the order in which it is applied."""
    said = [WHO[plan.rating_unit]]
    if isinstance(plan.rule, SizeRule):
        return (
            *said,
            Message(
                "Each part of a project's total cost pays the multiplier of its size band; accidents do not matter."
            ),
            BITES[plan.bites],
        )
    if plan.window_years:
        said.append(Message("Years that it looks back on: {years}.", {"years": plan.window_years}))
    else:
        said.append(Message("It looks at the whole of the experience."))
    said += [*_ratio(plan), *_rule(plan), *_limits(plan), BITES[plan.bites]]
    return tuple(said)


def _uses_ratio(plan: FloatingPlan) -> bool:
    return not isinstance(plan.rule, StepRule) or any(c.measure == "ratio" for c in plan.rule.criteria)


def _ratio(plan: FloatingPlan) -> list[Message]:
    ratio = plan.ratio
    if not _uses_ratio(plan):
        return []
    numerator = Message("benefits paid") if ratio.numerator == "paid" else Message("benefits incurred")
    denominator = (
        Message("premium at the base rate") if ratio.denominator == "base_premium" else Message("premium paid")
    )
    said = [Message("The ratio is {numerator} ÷ {denominator}.", {"numerator": numerator, "denominator": denominator})]
    if ratio.claim_limit_yuan:
        said.append(Message("One case counts for at most {limit:money}.", {"limit": ratio.claim_limit_yuan}))
    if ratio.credibility_yuan:
        said.append(
            Message(
                "A contractor's own ratio has the weight premium ÷ (premium + {k:money}); the average of all has the rest.",
                {"k": ratio.credibility_yuan},
            )
        )
    if ratio.relative:
        said.append(Message("It is divided by the average of all contractors."))
    return said


def _rule(plan: FloatingPlan) -> list[Message]:
    rule = plan.rule
    if isinstance(rule, SurchargeRule):
        return [
            Message(
                "There is no rebate; the surcharge grows from the average ratio to {largest:percent.0} at {ceiling:number.1} times the average.",
                {"largest": rule.largest, "ceiling": rule.ceiling},
            )
        ]
    if isinstance(rule, ModificationRule):
        return [
            Message(
                "The part of each case below {split:money} weighs more than the part above; the larger the contractor, the more its own experience counts.",
                {"split": rule.split},
            )
        ]
    said = []
    if isinstance(rule, StepRule):
        if len(rule.criteria) > 1 and all(c.when == "always" for c in rule.criteria):
            how = {
                "worst": Message("Where criteria disagree, the higher multiplier holds."),
                "best": Message("Where criteria disagree, the lower multiplier holds."),
                "surcharge_first": Message("A surcharge by one criterion stands against a discount by another."),
            }
            said.append(how[rule.combine])
        if rule.recoup:
            said.append(
                Message(
                    "Above {ratio:percent.0} the next premium is at least {share:percent.0} of last year's benefits.",
                    {"ratio": rule.recoup.ratio_above, "share": rule.recoup.share},
                )
            )
    return said


def _limits(plan: FloatingPlan) -> list[Message]:
    said, move = [], plan.movement
    if plan.discount:
        said.append(
            Message("A safety standard takes off up to {off:percent.0}.", {"off": max(plan.discount.values.values())})
        )
        if plan.discount.lost_after_accident:
            said.append(Message("The discount is lost after an accident."))
    if plan.deaths:
        said.append(
            Message(
                "From {deaths} deaths on: at least {least:percent.0}.",
                {"deaths": plan.deaths.deaths, "least": plan.deaths.at_least},
            )
        )
    if move.change is not None:
        said.append(Message("A multiplier changes by at most {change:percent.0} at a time.", {"change": move.change}))
    if move.steps_up is not None:
        said.append(Message("It rises by at most {steps} steps at a time.", {"steps": move.steps_up}))
    if move.steps_down is not None:
        said.append(Message("It falls by at most {steps} steps at a time.", {"steps": move.steps_down}))
    if plan.floor > 0:
        said.append(Message("It is never below {floor:percent.0}.", {"floor": plan.floor}))
    if math.isfinite(plan.ceiling):
        said.append(Message("It is never above {ceiling:percent.0}.", {"ceiling": plan.ceiling}))
    if plan.minimum.exposure_yuan:
        said.append(
            Message(
                "Contractors with less than {cost:money} of total cost a year are not rated.",
                {"cost": plan.minimum.exposure_yuan},
            )
        )
    if plan.minimum.base_premium_yuan:
        said.append(
            Message(
                "Contractors with less than {premium:money} of premium a year are not rated.",
                {"premium": plan.minimum.base_premium_yuan},
            )
        )
    return said


def bands_table(plan: FloatingPlan) -> pd.DataFrame:
    """Return the plan's bands, a row each: ``measure, when, above, up_to, inclusive`` (which end belongs to it)``, multiplier``; grades as text.

    Empty for a plan without bands.
    """
    rows: list[dict[str, Any]] = []
    if isinstance(plan.rule, SizeRule):
        rows += _bands("size", "always", plan.rule.bands)
    if isinstance(plan.rule, StepRule):
        for c in plan.rule.criteria:
            measure = "relative" if c.measure == "ratio" and plan.ratio.relative else c.measure
            if c.bands:
                rows += _bands(measure, c.when, c.bands)
            else:
                grades = {**c.grades, "other": c.other}
                rows += [{"measure": c.column, "when": c.when, "grade": k, "multiplier": v} for k, v in grades.items()]
    return pd.DataFrame(rows)


def _bands(measure: str, when: str, bands: Bands) -> list[dict[str, Any]]:
    ends = [-math.inf, *bands.edges, math.inf]
    return [
        {
            "measure": measure,
            "when": when,
            "above": low,
            "up_to": high,
            "upper_inclusive": bands.upper_inclusive,
            "multiplier": value,
        }
        for low, high, value in zip(ends[:-1], ends[1:], bands.values, strict=True)
    ]


def explanation(plan: FloatingPlan, row: pd.Series) -> tuple[Message, ...]:
    """Return one contractor's multiplier in sentences; ``row`` is its row of `models.floating.explain`."""
    said: list[Message] = []
    if row["basis"] == "no_experience":
        said.append(Message("There is no experience in the years that the plan looks at."))
    elif row["basis"] == "too_few_years":
        said.append(
            Message(
                "There are {years} years of experience, the plan needs {least}.",
                {"years": int(row["years"]), "least": plan.minimum.years},
            )
        )
    elif row["basis"] == "too_small":
        said.append(Message("The contractor is below the size from which on the plan rates."))
    else:
        said += _counted(plan, row)
    if row["limited"]:
        said.append(
            Message(
                "The plan asks for {asked:percent}; its limit on movement allows {multiplier:percent} this time.",
                {"asked": float(row["asked"]), "multiplier": float(row["multiplier"])},
            )
        )
    said.append(
        Message(
            "Multiplier: {previous:percent} before, {multiplier:percent} now.",
            {"previous": float(row["previous"]), "multiplier": float(row["multiplier"])},
        )
    )
    return tuple(said)


def _counted(plan: FloatingPlan, row: pd.Series) -> list[Message]:
    number = {
        name: float(row[name])
        for name in ("cases", "loss_yuan", "premium_yuan", "capped_yuan", "average_ratio", "credibility", "ratio")
    }
    said = [
        Message(
            "{cases:integer} cases; {loss_yuan:money} of benefits counted on {premium_yuan:money} of premium.",
            {name: number[name] for name in ("cases", "loss_yuan", "premium_yuan")},
        )
    ]
    if number["capped_yuan"] > 0:
        said.append(
            Message(
                "{capped:money} above the limit of {limit:money} a case is not counted.",
                {"capped": number["capped_yuan"], "limit": plan.ratio.claim_limit_yuan},
            )
        )
    if plan.ratio.credibility_yuan:
        said.append(
            Message(
                "The own ratio weighs {own:percent.0}, the average of all ({average:percent}) the rest.",
                {"own": number["credibility"], "average": number["average_ratio"]},
            )
        )
    if row["criterion"] == "grade":
        said.append(
            Message(
                "The grade {grade} gives {asked:percent} of the base rate.",
                {"grade": row["grade"] or "—", "asked": float(row["asked"])},
            )
        )
    elif row["criterion"]:
        measure = "relative" if row["criterion"] == "ratio" and plan.ratio.relative else row["criterion"]
        said.append(
            Message(
                "The {measure} is {value:percent}, in the band {band}: {asked:percent} of the base rate.",
                {"measure": MEASURES[measure], "value": float(row[row["criterion"]]), "band": _band(row), "asked": float(row["asked"])},
            )
        )  # fmt: skip
    else:
        said.append(Message("The rule gives {asked:percent} of the base rate.", {"asked": float(row["asked"])}))
    return said


def _band(row: pd.Series) -> Message:
    """Return a band in words that say to which side its edges belong."""
    low, high, upper_inclusive = float(row["band_low"]), float(row["band_high"]), bool(row["upper_inclusive"])
    ends = {"low": low, "high": high}
    if math.isinf(low) and math.isinf(high):
        return Message("of all values")
    if math.isinf(low):
        return Message("{high:percent} and below", ends) if upper_inclusive else Message("below {high:percent}", ends)
    if math.isinf(high):
        return Message("above {low:percent}", ends) if upper_inclusive else Message("{low:percent} and above", ends)
    if upper_inclusive:
        return Message("above {low:percent}, up to and including {high:percent}", ends)
    return Message("from {low:percent} to below {high:percent}", ends)
