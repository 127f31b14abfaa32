"""How each headline number is computed: its meaning, formula, this review's inputs, the parameters behind it, where it is written.

The page opens these beside the numbers (``app_pages/explain.py``). A formula is LaTeX; an input is a name, a value and how the value is said
(a format of `analysis.language.Translator`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from analysis.explanation import METHODS, Explanation, Input, no_inputs
from analysis.questions.explained import QUESTIONS
from analysis.rate_review import RateReview
from models.messages import Message

RATE_NAME = Message("Rate in force")


def _first_year(review: RateReview) -> tuple[Input, ...]:
    first = review.flows.iloc[0]
    return (
        (Message("Benefits and other outgo of the year ahead"), float(first["outgo_yuan"]), "money"),
        (Message("Total cost enrolled in the year ahead"), float(first["exposure_yuan"]), "money"),
        (RATE_NAME, review.current_rate, "permille"),
    )


def _interval(basis: str) -> Callable[[RateReview], tuple[Input, ...]]:
    def inputs(review: RateReview) -> tuple[Input, ...]:
        one = review.indicated.get(basis)
        if one is None:
            return ()
        interval: tuple[Input, ...] = (
            (Message("Rate"), one.rate, "permille"),
            (Message("Low (5%)"), one.low, "permille"),
            (Message("High (95%)"), one.high, "permille"),
        )
        return (*(_first_year(review) if basis == "pay_as_you_go" else ()), *interval)

    return inputs


def _solvency(review: RateReview) -> tuple[Input, ...]:
    scenario = review.scenario
    return (
        (Message("Rate tested"), scenario.base_rate, "permille"),
        (Message("Simulated paths"), scenario.paths, "integer"),
        (Message("Years ahead"), scenario.horizon_years, "integer"),
        (Message("Floor in payable months"), scenario.floor_payable_months, "months"),
        (Message("Opening balance"), float(review.flows["opening_yuan"].iloc[0]), "money"),
    )


def _months(review: RateReview) -> tuple[Input, ...]:
    known = review.accounts.dropna(subset=["payable_months"])
    if known.empty:
        return ()
    last = known.iloc[-1]
    return (
        (Message("Year"), str(last["period"]), "text"),
        (Message("Balance"), float(last["balance_yuan"]), "money"),
        (Message("Outgo"), float(last["expenditure_yuan"]), "money"),
        (Message("Target payable months"), review.scenario.target_payable_months, "months"),
    )


def _off_balance(review: RateReview) -> tuple[Input, ...]:
    return () if review.floating is None else ((Message("Off-balance factor"), review.floating.off_balance, "percent"),)


def _credibility(review: RateReview) -> tuple[Input, ...]:
    found = review.credibility
    if found is None:
        return ()
    return (
        (Message("Collective rate"), found.collective, "permille"),
        (Message("Units"), len(found.units), "integer"),
    )


EXPLANATIONS: Mapping[str, Explanation] = {
    "pay_as_you_go": Explanation(
        Message("Break-even rate, pay-as-you-go"),
        Message(
            "What the year ahead pays out, divided by the total cost that enrols in that year: premium of the year then equals outgo of the year. It says nothing of pensions that later years will still pay."
        ),
        r"r_{\text{cash}}=\frac{\sum_s B_{1,s}}{\sum_s E_{1,s}}\cdot\frac{1}{1-p}",
        METHODS["cash"],
        "《工伤保险条例》第八条（以支定收、收支平衡）",
        _interval("pay_as_you_go"),
        ("growth.", "prevention.share", "administration."),
    ),
    "terminal_funding": Explanation(
        Message("Break-even rate, terminal funding"),
        Message(
            "Like pay-as-you-go, but a pension counts with its whole capital value in the year in which it starts: life table, indexation and discount carry it to that year."
        ),
        r"r_{\text{term}}=\frac{\sum_y\left(B_y+\sum_k A_k\,\ddot a_{x_k}\right)}{\sum_y E_y}",
        METHODS["capital"],
        "ISSA/ILO; CL1–CL6 (China Association of Actuaries)",
        _interval("terminal_funding"),
        ("indexation", "discount_rate", "mortality", "disability_allowance", "survivor"),
    ),
    "full_funding": Explanation(
        Message("Break-even rate, full funding"),
        Message(
            "The ultimate cost of the accidents of a year's construction, including what is still to be reported and paid and the capital value of pensions, divided by the cost of that construction."
        ),
        r"r_{\text{full}}=\frac{\sum_c \widehat{U}_c\,d_c}{\sum_c E_c}\cdot\frac{1}{1-p}",
        METHODS["full"],
        "Mack (1993); Bornhuetter & Ferguson (1972)",
        _interval("full_funding"),
        ("growth.", "indexation", "discount_rate", "prevention.share", "administration."),
    ),
    "probability_solvent": Explanation(
        Message("Probability of solvency"),
        Message(
            "The share of simulated paths on which the balance stays at or above the floor at every quarter. The balance of a path is linear in the rate, so every path has an exact rate that it requires; their distribution is the whole solvency curve."
        ),
        r"B_t=a_t+r\,b_t,\qquad r_s^{*}=\max_t\frac{\text{floor}_t-a_{s,t}}{b_{s,t}},\qquad P(r)=\frac1S\sum_s \mathbf 1\{r_s^{*}\le r\}",
        METHODS["fund"],
        "docs/validation.md",
        _solvency,
        ("projection.", "growth.", "interest_rate", "severity.cv", "catastrophe."),
    ),
    "required_rate": Explanation(
        Message("Rate needed to stay above the floor"),
        Message("The smallest rate at which the chosen share of simulated paths never falls below the floor."),
        r"r_q=\inf\{r: P(r)\ge q\}",
        METHODS["fund"],
        "docs/validation.md",
        _solvency,
        ("projection.", "growth.", "interest_rate"),
    ),
    "payable_months": Explanation(
        Message("Payable months"),
        Message("How long the balance would pay at the pace of the last year's outgo, if nothing came in."),
        r"M=\frac{B}{\text{outgo}/12}",
        METHODS["fund"],
        "人社部发〔2015〕72号",
        _months,
        ("payable_months_target",),
    ),
    "balance": Explanation(
        Message("Balance"),
        Message("The accumulated balance at the start of the projection: last year's balance plus income less outgo."),
        r"B_1=B_0+\text{income}_1-\text{outgo}_1",
        METHODS["fund"],
        "《工伤保险条例》第十二条、第十三条",
        _months,
        ("interest_rate", "reserve."),
    ),
    "fund_fan": Explanation(
        Message("The fund ahead"),
        Message(
            "Quarter by quarter: balance plus interest, plus premium at the rate tested, less prevention, less benefits. The bands hold 50% and 90% of the simulated paths."
        ),
        r"B_{t+1}=B_t(1+i)+\left[r\,E_t(1-p)-B^{\text{out}}_t\right](1+\tfrac i2)",
        METHODS["fund"],
        "docs/validation.md",
        _solvency,
        ("projection.", "growth.", "interest_rate", "prevention.share"),
    ),
    "surplus": Explanation(
        Message("Surplus (deficit)"),
        Message(
            "What the fund holds less what it already owes: premium taken for construction still to come, accidents not yet paid, pensions in payment."
        ),
        r"S=B-\left(\text{UPR}+\text{OCR}+\sum_k A_k\,\ddot a_{x_k}\right)",
        METHODS["full"],
        "CL1–CL6 (China Association of Actuaries)",
        lambda r: (
            ()
            if r.balance_sheet is None
            else tuple(
                (name, float(r.balance_sheet.set_index("item")["amount_yuan"].get(item, float("nan"))), "money")
                for item, name in (
                    ("assets", Message("Balance of the fund")),
                    ("unearned_premium", Message("Unearned premium")),
                    ("outstanding_claims", Message("Outstanding claims")),
                    ("pensions_in_payment", Message("Capital value of pensions in payment")),
                )
            )
        ),
        ("discount_rate", "indexation"),
    ),
    "off_balance": Explanation(
        Message("Off-balance factor"),
        Message(
            "Premium collected after the multipliers of the floating plan, divided by premium at the base rate. Below 100% the plan costs the fund money; the base rate divided by it makes up for that."
        ),
        r"F=\frac{\sum_i P_i\,m_i}{\sum_i P_i},\qquad r'=\frac{r}{F}",
        METHODS["floating"],
        "国家税务总局、人社部发〔2015〕71号",
        _off_balance,
    ),
    "surcharged": Explanation(
        Message("Contractors above 100%"),
        Message(
            "The share of contractors whose multiplier exceeds 100% today, had the plan been in force over all years of the book."
        ),
        r"\frac1n\sum_i \mathbf 1\{m_i>1\}",
        METHODS["floating"],
        "国家税务总局、人社部发〔2015〕71号",
    ),
    "money_moved": Explanation(
        Message("Moved between contractors, a year"),
        Message(
            "With the base rate corrected so that the fund collects the same, some contractors pay more than before and others less by the same amount; this is that amount."
        ),
        r"\tfrac12\sum_i P_i\,\left|\frac{m_i}{F}-1\right|",
        METHODS["floating"],
        "国家税务总局、人社部发〔2015〕71号",
    ),
    "outgo": Explanation(
        Message("Outgo ahead"),
        Message(
            "Accidents of every quarter, each benefit paid out by its own delay; a pension is paid as long as its holder lives. The bars are the expected path."
        ),
        r"B_{t,k}=\sum_{s\le t} N_s\,c_{s,k}\,d_{k,t-s}",
        METHODS["cohorts"],
        "docs/validation.md",
        no_inputs,
        ("growth.", "indexation", "severity."),
    ),
    "earned": Explanation(
        Message("Premium earned"),
        Message(
            "One payment at the start insures the whole construction period: it is earned as the work is done, by working days with the winter stop; the rest is unearned."
        ),
        r"\text{UPR}_{t+1}=\text{UPR}_t+\text{written}_t-\text{earned}_t",
        METHODS["cohorts"],
        "docs/validation.md",
        no_inputs,
        ("construction.",),
    ),
    "credibility": Explanation(
        Message("Credibility"),
        Message(
            "How much of a unit's own experience counts; the rest comes from all units together. The more exposure and the more units really differ, the more."
        ),
        r"Z_i=\frac{w_i}{w_i+\hat s^2/\hat a},\qquad \hat r_i=Z_i\,\bar X_i+(1-Z_i)\,\hat\mu",
        METHODS["credibility"],
        "Bühlmann & Straub (1970)",
        _credibility,
    ),
    "ultimate": Explanation(
        Message("Ultimate cost"),
        Message(
            "What the accidents of a year will have cost when the last payment is made: paid to date, carried forward by how earlier years developed."
        ),
        r"\widehat U_c=C_{c,a}\prod_{j\ge a}\hat f_j",
        METHODS["development"],
        "Mack (1993)",
    ),
    "frequency": Explanation(
        Message("Claim frequency"),
        Message(
            "Accidents recognised per unit of exposure; relativities from a Poisson or negative binomial regression."
        ),
        r"\log\mu_i=\log e_i+x_i^{\top}\beta",
        METHODS["frequency"],
        "McCullagh & Nelder (1989)",
    ),
    "mean_case": Explanation(
        Message("Mean cost of a case"),
        Message(
            "What a case of each grade costs at the wages of the valuation year, statutory benefits by formula and medical cost fitted, weighted by the mix of grades; death and cases without a grade included."
        ),
        r"\bar c=\sum_g \hat p_g\,c_g",
        METHODS["severity"],
        "《工伤保险条例》第三十条至第三十九条",
    ),
    "payroll_rate": Explanation(
        Message("Rate of payroll"),
        Message(
            "The rate of total cost divided by the share of labour in total cost, to compare it with the rates of the eight industry classes."
        ),
        r"r_{\text{payroll}}=\frac{r}{\text{labour share}}",
        METHODS["cash"],
        "人社部发〔2015〕71号",
        no_inputs,
        ("construction.labour_share",),
    ),
    **QUESTIONS,
}
"""Code → explanation; the codes of the financing bases are those of `analysis.rate_review.BASES`."""
