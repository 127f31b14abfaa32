"""Heads and titles of the fund's frames, in words of the field."""

from __future__ import annotations

from models.messages import Message

BASIS_NAMES = {
    "pay_as_you_go": Message("Pay-as-you-go"),
    "terminal_funding": Message("Terminal funding"),
    "full_funding": Message("Full funding"),
}

HEADS: dict[str, Message] = {
    "quarter": Message("Quarter"),
    "benefit": Message("Benefit"),
    "total_yuan": Message("Total"),
    "happened_yuan": Message("Accidents that have happened"),
    "under_way_yuan": Message("Works under way"),
    "to_come_yuan": Message("Projects to come"),
    "age_band": Message("Age"),
    "pensioners": Message("Pensions in payment"),
    "monthly_yuan": Message("Monthly amount"),
    "liability_opening_yuan": Message("Opening liability"),
    "new_claims_yuan": Message("New accidents"),
    "unwinding_yuan": Message("Unwinding of the discount"),
    "experience_yuan": Message("Experience gain or loss"),
    "liability_closing_yuan": Message("Closing liability"),
    "unearned_opening_yuan": Message("Unearned premium, opening"),
    "written_premium_yuan": Message("Premium written"),
    "earned_premium_yuan": Message("Premium earned"),
    "unearned_closing_yuan": Message("Unearned premium, closing"),
    "reserve_base_yuan": Message("Base of the reserve"),
    "cap_yuan": Message("Cap of the reserve"),
    "factor": Message("On-level factor"),
    "on_level_yuan": Message("Premium at the rate in force"),
    "outgo_ratio": Message("Outgo ÷ premium"),
    "labour_share": Message("Labour share of total cost"),
    "labour_mark": Message("Source of the labour share"),
    "class_5": Message("Class 5 (share of payroll)"),
    "class_6": Message("Class 6 (share of payroll)"),
    "transfer_yuan": Message("Adjustment fund"),
    "other_income_yuan": Message("Other income"),
}

TITLES: dict[str, Message] = {
    "outgo_by_benefit": Message("Outgo by benefit"),
    "cohorts": Message("Outgo by cohort, on the expected path"),
    "pensioners": Message("Pensions in payment by benefit and age"),
    "pensioners_ahead": Message("Pensions in payment at the end of each year"),
    "liabilities": Message("How the liability rolls forward"),
    "premium": Message("Premium written, earned and unearned"),
    "balance_sheet_forward": Message("Balance sheet on full funding, year by year"),
    "reserve": Message("Reserve (inside the balance)"),
    "fund_by_quarter": Message("The fund ahead by quarter"),
    "on_level": Message("Past premium at the rate in force"),
    "payroll": Message("Indicated rates as a share of payroll, beside classes 5 and 6"),
}

WORDS: dict[str, Message] = {
    "catastrophe": Message("Load for large events"),
    "reserve": Message("Build-up of the reserve"),
    "administration": Message("Administration"),
    "adjustment_fund": Message("Adjustment fund"),
    "other_income": Message("Other income"),
    "own": Message("the fund's own"),
    "<1000万": Message("below 10 million yuan"),
    "1000–5000万": Message("10 to 50 million yuan"),
    "5000万–1亿": Message("50 to 100 million yuan"),
    "1–10亿": Message("100 million to 1 billion yuan"),
    "≥10亿": Message("1 billion yuan and more"),
}

NUMBERS = {"pensioners", "disability_allowance", "care_allowance", "survivor_pension", "injured_medical_insurance"}
SHARES = {"outgo_ratio", "labour_share", "class_5", "class_6"}
