"""Floating plans: a plan is a file; its multipliers, its off-balance, its exact behaviour, its fairness."""

from models.floating.plan import FloatingPlan, OffBalance, off_balance
from models.floating.reading import available_plans, load_plan, parse_plan
from models.floating.terms import Constant

__all__ = ["Constant", "FloatingPlan", "OffBalance", "available_plans", "load_plan", "off_balance", "parse_plan"]
