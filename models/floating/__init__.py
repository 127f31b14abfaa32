"""Floating plans: a plan is a file; its multipliers, its off-balance, its exact behaviour, its fairness."""

from models.floating.accidents import Accidents, draw_accidents
from models.floating.exact import (
    Analysis,
    Chain,
    analyse,
    chain,
    efficiency,
    hiding_saves,
    multiplier_distribution,
    separation,
    targets,
)
from models.floating.explain import explain
from models.floating.fairness import QuintileTest, concealment, dislocation, quintile_test
from models.floating.plan import FloatingPlan, OffBalance, off_balance
from models.floating.reading import available_plans, load_plan, parse_plan, plan_text
from models.floating.simulation import Behaviour, Simulated, simulate
from models.floating.terms import Constant
from models.floating.units import Risks

__all__ = [
    "Accidents",
    "Analysis",
    "Behaviour",
    "Chain",
    "Constant",
    "FloatingPlan",
    "OffBalance",
    "QuintileTest",
    "Risks",
    "Simulated",
    "analyse",
    "available_plans",
    "chain",
    "concealment",
    "dislocation",
    "draw_accidents",
    "efficiency",
    "explain",
    "hiding_saves",
    "load_plan",
    "multiplier_distribution",
    "off_balance",
    "parse_plan",
    "plan_text",
    "quintile_test",
    "separation",
    "simulate",
    "targets",
]
