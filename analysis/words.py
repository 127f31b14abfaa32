"""Codes in the reader's language: parts of a rate, marks, dimensions, prefectures, project types, benefits."""

from __future__ import annotations

from analysis import rate_paths
from analysis.language import Translator
from analysis.options import NAMES
from analysis.stresses import load_stresses
from models.messages import Message

WORDS: dict[str, Message] = {
    "benefits": Message("Benefits"),
    "prevention": Message("Prevention fund"),
    "other_outgo": Message("Other outgo"),
    "transfer_out": Message("Transfers out"),
    "exposure": Message("Exposure"),
    "outgo": Message("Outgo"),
    "loading": Message("Loadings"),
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
    "beijing": Message("Beijing"),
    "fujian": Message("Fujian"),
    "zhejiang": Message("Zhejiang"),
    "accounts": Message("Accounts"),
    "experience": Message("Experience"),
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


def word(value: object, t: Translator) -> str:
    """Return a code (part, mark, dimension, stress …) in the reader's language; other text as it is."""
    text = str(value)
    known = WORDS.get(text) or NAMES.get(text) or rate_paths.NAMES.get(text)
    if known is None and text in load_stresses():
        return load_stresses()[text].name[t.language]
    return t.say(known) if known else text
