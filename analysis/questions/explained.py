"""How the answers to questions about a review are computed: stress, drivers, variance shares, reverse stress, rate paths, warning, hindsight."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.explanation import METHODS, Explanation, no_inputs
from models.messages import Message

QUESTIONS: Mapping[str, Explanation] = {
    "options": Explanation(
        Message("Options for the rate"),
        Message(
            "The same simulated paths read at several rates: the rate in force, half way to the indicated rate, the indicated rate, and the smallest rate with the wanted probability of solvency."
        ),
        r"P(r)=\frac1S\sum_s \mathbf 1\{r_s^{*}\le r\}",
        METHODS["fund"],
        "docs/validation.md",
    ),
    "stress": Explanation(
        Message("Stress scenarios"),
        Message(
            "The fund is projected again with the shock, on the same random numbers, so that a difference from the base is the shock and not chance. Shown is the median balance at the end."
        ),
        r"\Delta=\operatorname{med}B_T(\text{shock})-\operatorname{med}B_T(\text{base})",
        METHODS["questions"],
        "data/stresses.yaml",
        no_inputs,
        ("projection.", "catastrophe."),
    ),
    "tornado": Explanation(
        Message("Single drivers low and high"),
        Message(
            "One driver at a time is put to its 5% and 95% point and held there to the end; all others stay as expected."
        ),
        r"x_d=\mu_d\pm 1.645\,\sigma_d",
        METHODS["questions"],
        "docs/methods",
        no_inputs,
        ("projection.",),
    ),
    "variance_shares": Explanation(
        Message("Shares of the uncertainty"),
        Message(
            "All drivers vary at once. The total share of a driver is the variance that would remain if all others were known; the share alone is the variance that would go if it were known."
        ),
        r"S_d=\frac{\operatorname{Var}\,E[Y\mid x_d]}{\operatorname{Var}Y},\qquad S_d^{T}=1-\frac{\operatorname{Var}\,E[Y\mid x_{-d}]}{\operatorname{Var}Y}",
        METHODS["questions"],
        "Sobol (2001); Saltelli et al. (2010)",
        no_inputs,
        ("projection.",),
    ),
    "reverse_stress": Explanation(
        Message("Reverse stress"),
        Message(
            "The smallest lasting deviation at which the fund is more likely than not to fall below its floor: for each driver alone by root finding, for all together as the point of the limit that lies nearest, in standard deviations."
        ),
        r"\min_x \lVert x\rVert\quad\text{so that}\quad \operatorname{med}_s\min_t\left(B_{s,t}-\text{floor}_t\right)=0",
        METHODS["questions"],
        "FORM (Hasofer & Lind 1974)",
        no_inputs,
        ("projection.",),
    ),
    "rate_paths": Explanation(
        Message("Rate paths"),
        Message(
            "Rates by year of enrolment within the largest change a year: among those on which the fund stays above its floor with the wanted probability, the cheapest has the lowest present value of premium."
        ),
        r"\min_{r_1,\dots,r_n}\sum_y v^{y} r_y E_y\quad\text{so that}\quad P(B_t\ge\text{floor}_t\ \forall t)\ge q,\ |r_{y+1}/r_y-1|\le c",
        METHODS["fund"],
        "docs/methods",
        no_inputs,
        ("discount_rate",),
    ),
    "early_warning": Explanation(
        Message("Risk early warning"),
        Message(
            "Each indicator is held against two thresholds, amber and red: payable months to target, outgo to premium, growth of outgo less growth of premium over three years, and the probability of falling below the floor within three years."
        ),
        r"\text{state}=\begin{cases}\text{red}&x\text{ beyond the red threshold}\\ \text{amber}&x\text{ beyond the amber one}\\ \text{calm}&\text{else}\end{cases}",
        METHODS["warning"],
        "人社部发〔2015〕72号",
        no_inputs,
        ("warning.",),
    ),
    "reconciliation": Explanation(
        Message("From the last review's rate to this one"),
        Message(
            "The last review is made again on the book as it was; then one thing at a time is changed to what it is now, in a fixed order, and the rate is calculated anew. The steps sum to the whole change exactly."
        ),
        r"r_1-r_0=\sum_k\left(r^{(k)}-r^{(k-1)}\right)",
        METHODS["cash"],
        "docs/methods",
    ),
    "actual_expected": Explanation(
        Message("Actual against expected in the closed year"),
        Message(
            "The review as it would have been a year earlier, on what was known then, gives the expected figure of the closed year with its 90% and 99% intervals; the books give the actual one."
        ),
        r"A/E=\frac{\text{actual}}{\text{expected a year before}}",
        METHODS["warning"],
        "docs/methods",
    ),
}
