"""Codes in the reader's language: parts of a rate, marks, dimensions, prefectures, project types, benefits."""

from __future__ import annotations

from analysis.coverage import words as coverage_words
from analysis.experience import words as experience_words
from analysis.fund import words as fund_words
from analysis.hindsight import risk_measures
from analysis.language import Translator
from analysis.plans import words as floating_words
from analysis.questions import rate_paths
from analysis.questions.options import NAMES
from analysis.questions.stresses import load_stresses
from models.messages import Message

WORDS: dict[str, Message] = {
    **coverage_words.WORDS,
    **fund_words.WORDS,
    "benefits": Message("Benefits"),
    "prevention": Message("Prevention fund"),
    "other_outgo": Message("Other outgo"),
    "transfer_out": Message("Transfers out"),
    "exposure": Message("Exposure"),
    "outgo": Message("Outgo"),
    "loading": Message("Loadings"),
    "pay_as_you_go": Message("Pay-as-you-go"),
    "terminal_funding": Message("Terminal funding"),
    "full_funding": Message("Full funding"),
    "error": Message("error"),
    "warning": Message("to be looked at"),
    "official": Message("official"),
    "reprint": Message("reprint"),
    "derived": Message("derived"),
    "unverified": Message("unverified"),
    "assumption": Message("assumption"),
    "prefecture": Message("Prefecture"),
    "project_type": Message("Project type"),
    "size_band": Message("Size band"),
    "unit_kind": Message("Kind of unit"),
    "construction": Message("Construction"),
    "assets": Message("Balance of the fund"),
    "unearned_premium": Message("Unearned premium"),
    "outstanding_claims": Message("Outstanding claims"),
    "pensions_in_payment": Message("Capital value of pensions in payment"),
    "surplus": Message("Surplus (deficit)"),
    "urumqi": Message("Urumqi"),
    "karamay": Message("Karamay"),
    "turpan": Message("Turpan"),
    "hami": Message("Hami"),
    "changji": Message("Changji"),
    "bortala": Message("Bortala"),
    "bayingolin": Message("Bayingolin"),
    "aksu": Message("Aksu"),
    "kizilsu": Message("Kizilsu"),
    "kashgar": Message("Kashgar"),
    "hotan": Message("Hotan"),
    "ili": Message("Ili"),
    "tacheng": Message("Tacheng"),
    "altay": Message("Altay"),
    "import": Message("import"),
    "undo": Message("undo"),
    "scenario": Message("scenario saved"),
    "lock": Message("scenario locked"),
    "official report": Message("official report"),
    "draft report": Message("draft report"),
    "beijing": Message("Beijing"),
    "fujian": Message("Fujian"),
    "zhejiang": Message("Zhejiang"),
    "accounts": Message("Accounts"),
    "experience": Message("Experience"),
    "contractor": Message("Contractor"),
    "male": Message("male"),
    "female": Message("female"),
    "contractors": Message("Contractors"),
    "projects": Message("Projects"),
    "cases": Message("Cases"),
    "payments": Message("Payments"),
    "employers": Message("Employers (payroll enrolment)"),
    "roster": Message("Real-name roster"),
    "returns": Message("Quarterly returns"),
    "fees": Message("Construction fees (Order 180)"),
    "permits": Message("Construction permits"),
    "survey": Message("Base survey"),
    "months_of_target": Message("Payable months ÷ target"),
    "outgo_ratio": Message("Outgo ÷ premium"),
    "growth_gap": Message("Growth of outgo − growth of premium"),
    "probability": Message("Probability of falling below the floor within three years"),
    "calm": Message("calm"),
    "amber": Message("amber"),
    "red": Message("red"),
    "wages": Message("Wages"),
    "collections": Message("Premium collected"),
    "frequency": Message("Accident frequency"),
    "catastrophe_deaths": Message("Deaths in one event"),
    "medical_prices": Message("Medical prices"),
    "last_review": Message("Last review"),
    "method": Message("Method (version of the program)"),
    "method_and_data": Message("Method and revised old years"),
    "revised": Message("Revised old years"),
    "severity": Message("Cost of a case"),
    "development": Message("Development and capital values"),
    "law": Message("Law and other parameters"),
    "discount": Message("Discount and interest"),
    "other": Message("Other choices of the scenario"),
    "premium": Message("Premium"),
    "deaths": Message("Deaths"),
    "green": Message("green"),
    "growth": Message("Growth of construction"),
    "interest": Message("Interest"),
    "synthetic": Message("synthetic"),
    "housing": Message("Housing"),
    "municipal": Message("Municipal works"),
    "road": Message("Roads"),
    "rail": Message("Rail"),
    "water": Message("Water works"),
    "energy": Message("Energy"),
    "fitout": Message("Fit-out"),
    "installation": Message("Installation"),
    "medical": Message("Medical treatment"),
    "rehabilitation": Message("Rehabilitation"),
    "inpatient_food": Message("Inpatient food"),
    "travel": Message("Travel for treatment"),
    "assistive_device": Message("Assistive devices"),
    "assessment_fee": Message("Assessment fees"),
    "disability_lump": Message("Disability lump sums"),
    "disability_allowance": Message("Disability allowances"),
    "care_allowance": Message("Care allowances"),
    "medical_lump": Message("Medical lump sums"),
    "funeral": Message("Funeral grants"),
    "survivor_pension": Message("Survivor pensions"),
    "death_lump": Message("Death lump sums"),
    "injured_medical_insurance": Message("Medical insurance of grades 1–4"),
}


CELLS: dict[str, dict[str, Message]] = {
    "outcome": {"injury": Message("injured"), "death": Message("died")},
    "care": {
        "none": Message("no care needed"),
        "partial": Message("partial dependence"),
        "major": Message("major dependence"),
        "full": Message("full dependence"),
    },
}
"""Codes that mean something else in another column."""


def cell_word(column: str, value: object, t: Translator) -> str:
    """Return a code of a column of the book in the reader's language."""
    known = CELLS.get(column, {}).get(str(value))
    return t.say(known) if known else word(value, t)


def word(value: object, t: Translator) -> str:
    """Return a code (part, mark, dimension, stress …) in the reader's language; other text as it is."""
    text = str(value)
    if " × " in text:  # a pair of dimensions, or of their levels
        return " × ".join(word(part, t) for part in text.split(" × "))
    others = (NAMES, rate_paths.NAMES, risk_measures.MEASURES, floating_words.WORDS)
    known = WORDS.get(text) or next((own[text] for own in others if text in own), None) or experience_words.spoken(text)
    if known is None and text in load_stresses():
        return load_stresses()[text].name[t.language]
    return t.say(known) if known else text
