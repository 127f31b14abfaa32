"""Severity: the mix of grades, what a case costs by grade, medical cost with its tail and inflation, and accidents with several victims.

Statutory benefits are formulas (`models.benefits`) and are not fitted. Medical cost is: by grade and injury year, with the spread of the amounts
lognormal, gamma, or lognormal with a Pareto tail, whichever foretells cases it has not seen best.
"""

from models.severity.cost import cost_by_grade, statutory_cost
from models.severity.events import LargeEvents, large_events
from models.severity.medical import MedicalFit, fit_medical
from models.severity.mix import GradeMix, grade_mix
from models.severity.ordered import GradeOdds, grade_odds
from models.severity.trend import Change, yearly_change

__all__ = [
    "Change",
    "GradeMix",
    "GradeOdds",
    "LargeEvents",
    "MedicalFit",
    "cost_by_grade",
    "fit_medical",
    "grade_mix",
    "grade_odds",
    "large_events",
    "statutory_cost",
    "yearly_change",
]
