"""The words of the field, each with its meaning: the same on the page and in the report (design: terms one for one in both languages)."""

from __future__ import annotations

from models.messages import Message

GLOSSARY: tuple[tuple[Message, Message], ...] = (
    (Message("Base rate"), Message("Premium as a share of a project's total cost, before floating.")),
    (Message("Break-even rate"), Message("The rate at which premium equals outgo on a financing basis.")),
    (Message("Pay-as-you-go"), Message("The premium of a year pays what is paid out in that year.")),
    (Message("Terminal funding"), Message("As pay-as-you-go, with a pension's capital value charged in the year in which it starts.")),
    (Message("Full funding"), Message("The premium of a year's projects pays everything that they will ever cost, discounted.")),
    (Message("Capital value of pensions"), Message("Present value of a pension's payments by life table, indexation and discount.")),
    (Message("Ultimate cost"), Message("What the accidents of a year will have cost when the last of them is settled.")),
    (Message("Benefit-to-premium ratio"), Message("Benefits ÷ premium of a contractor or a fund (支缴率).")),
    (Message("Multiplier"), Message("Floating rate ÷ base rate of a contractor.")),
    (Message("Off-balance"), Message("Premium after floating ÷ premium before it, of the whole fund.")),
    (Message("Payable months"), Message("Balance ÷ (yearly outgo ÷ 12).")),
    (Message("Floor"), Message("The balance below which the fund counts as failed, in months of outgo.")),
    (Message("Solvency curve"), Message("Probability that the fund stays above its floor, as a function of the base rate.")),
    (Message("Credibility"), Message("How far a unit's own experience counts against the collective.")),
    (Message("90% interval"), Message("From the 5% to the 95% quantile: in one of ten cases the truth lies outside.")),
    (Message("Floating rate"), Message("A contractor's own rate: the base rate times its multiplier, by accidents and use of the fund.")),
    (Message("Claim frequency"), Message("Accidents recognised as work injuries per unit of exposure (total cost, person-years).")),
    (Message("Project enrolment"), Message("A construction project insures all its workers by one premium before it starts, as a share of its total cost.")),
    (Message("Employer enrolment"), Message("An employer insures its own staff month by month, as a share of payroll.")),
    (Message("Total cost"), Message("The contract sum of the construction project, the base of the premium.")),
    (Message("General contractor"), Message("The firm that contracts the whole project, enrols it and is rated under a floating plan.")),
    (Message("Pooling area"), Message("The area whose premiums and benefits share one fund: a prefecture or the region.")),
    (Message("Recognition"), Message("The official finding that an injury is a work injury.")),
    (Message("Assessment"), Message("The official finding of the grade of disability, 1 the gravest to 10.")),
    (Message("Disability allowance"), Message("Monthly payment to the injured of grades 1 to 4.")),
    (Message("Survivor pension"), Message("Monthly payment to dependants of a worker killed at work.")),
    (Message("Death lump sum"), Message("Twenty times the national urban disposable income a head of the year before.")),
    (Message("Reserve"), Message("The part of the balance kept for large accidents, up to a cap.")),
    (Message("Accumulated balance"), Message("What the fund holds: all income less all outgo so far.")),
    (Message("Prevention fund"), Message("The share of collections spent on preventing accidents.")),
    (Message("Coverage campaign"), Message("The effort to enrol all new and in-progress projects.")),
    (Message("New and in-progress projects"), Message("Projects that start in the period, and those already under way.")),
)  # fmt: skip
