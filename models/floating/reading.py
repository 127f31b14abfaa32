"""Reading a plan file: one schema for every plan; what does not fit is refused with its line and the reason."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import yaml

from models.floating.plan import FloatingPlan
from models.floating.rules import (
    NEUTRAL,
    Bands,
    Criterion,
    ModificationRule,
    Recoup,
    Rule,
    SizeRule,
    StepRule,
    SurchargeRule,
)
from models.floating.section import Section
from models.floating.terms import DeathCondition, Discount, Minimum, Movement, Ratio, Settlement
from models.messages import InputError
from models.parameters import quickly

FOLDER = Path(__file__).resolve().parents[2] / "data" / "parameters" / "plans"
RATING_UNITS = ("contractor", "project", "group", "area")
BITES = ("next_project", "next_year", "retrospective")
UNITS = {"fraction": 1.0, "percent": 0.01, "permille": 0.001}
RULES = ("steps", "ladder", "surcharge", "modification", "size_bands")


def available_plans() -> list[str]:
    """Return the names of the plans that come with the program."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def plan_text(name: str) -> str:
    """Return the file of one of the program's plans as text."""
    return _text(FOLDER / f"{name}.yaml")


def load_plan(name_or_path: str | Path) -> FloatingPlan:
    """Return a plan: one of `available_plans()` by name, or the plan file at a path.

    Raises
    ------
    InputError : there is no such plan, or its file does not fit the schema; names line and reason
    """
    path = Path(name_or_path)
    if path.suffix not in (".yaml", ".yml"):
        path = FOLDER / f"{name_or_path}.yaml"
        return _named(path)
    return parse_plan(_text(path), path.name)


@cache
def _named(path: Path) -> FloatingPlan:
    return parse_plan(_text(path), path.name)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise InputError(
            "There is no floating plan {name}; known plans are {known}.",
            name=path.stem,
            known=", ".join(available_plans()),
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("The plan file {file} cannot be read as UTF-8 text.", file=path.name) from error


def parse_plan(text: str, file: str = "plan.yaml") -> FloatingPlan:
    """Return the plan that the text of a plan file describes; errors as `load_plan`."""
    try:
        node = quickly(yaml.compose, text)
        if node is None:
            raise InputError("{file} is empty.", file=file)
        plan = Section(node, file, "", None)
        return _plan(plan)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(
            "{file} is not readable YAML at line {line}.", file=file, line=mark.line + 1 if mark else 1
        ) from error


def _plan(s: Section) -> FloatingPlan:
    title = s.take("title")
    if not isinstance(title, dict) or set(title) != {"zh", "en"}:
        raise s.error(s.nodes["title"], InputError("the title must be given in zh and en."))
    window, review, entrant = s.section("window"), s.section("review"), s.section("new_entrant")
    frequency, bounds = s.section("frequency"), s.section("bounds")
    floor = bounds.number("floor", 0.0) if bounds else 0.0
    ceiling = bounds.number("ceiling", np.inf) if bounds else np.inf
    rule = _rule(s, floor, ceiling)
    steps = rule.steps if isinstance(rule, StepRule) else ()
    plan = FloatingPlan(
        name=Path(s.file).stem,
        title=title,
        reference=s.reference,
        mark=s.mark,
        rating_unit=s.text("rating_unit", RATING_UNITS),
        bites=s.text("bites", BITES),
        rule=rule,
        ratio=_ratio(s.section("ratio")),
        window_years=window.whole("years", None) if window else None,
        review_years=review.whole("years") if review else 1,
        pool_by=s.text("pool_by", (), ""),
        yuan_per_person=frequency.number("yuan_per_person") if frequency else None,
        discount=_discount(s.section("discount")),
        deaths=_deaths(s.section("deaths"), steps),
        movement=_movement(s.section("movement"), steps),
        minimum=_minimum(s.section("minimum")),
        floor=floor,
        ceiling=ceiling,
        new_entrant=entrant.number("multiplier") if entrant else NEUTRAL,
        settlements=tuple(map(_settlement, s.sections("settlements"))),
        constants=tuple(s.constants),
    )
    for part in (window, review, entrant, frequency, bounds, s):
        if part:
            part.done()
    return _consistent(plan, s)


def _consistent(plan: FloatingPlan, s: Section) -> FloatingPlan:
    """Return the plan, whose parts must fit each other."""
    rule = plan.rule
    if isinstance(rule, StepRule):
        uses = {c.measure for c in rule.criteria}
        if "frequency" in uses and plan.yuan_per_person is None:
            raise s.error(None, InputError("a plan that looks at injury frequency needs frequency.yuan_per_person."))
    if plan.movement.steps_up is not None or plan.movement.steps_down is not None:
        if not plan.steps:
            raise s.error(
                s.nodes["movement"], InputError("a limit in steps needs a plan whose multipliers are all on its steps.")
            )
        if plan.new_entrant not in plan.steps:
            raise s.error(
                s.nodes["movement"],
                InputError("new entrants must stand on a step of the plan, where a limit in steps holds."),
            )
    if plan.rating_unit == "group" and not plan.pool_by:
        raise s.error(None, InputError("a plan that rates groups needs pool_by, the column of the group."))
    if plan.floor > plan.ceiling:
        raise s.error(s.nodes["bounds"], InputError("the floor lies above the ceiling."))
    return plan


def _ratio(s: Section | None) -> Ratio:
    if s is None:
        return Ratio()
    found = Ratio(
        numerator=s.text("numerator", ("paid", "incurred"), "paid"),
        denominator=s.text("denominator", ("base_premium", "premium"), "base_premium"),
        claim_limit_yuan=s.number("claim_limit_yuan", None, 1.0),
        average=s.number("average", None),
        relative=s.flag("relative", False),
        credibility_yuan=s.number("credibility_yuan", 0.0),
    )
    s.done()
    return found


def _rule(s: Section, floor: float, ceiling: float) -> Rule:
    given = [key for key in RULES if key in s.nodes]
    if len(given) != 1:
        raise s.error(None, InputError("a plan has exactly one rule, one of {known}.", known=", ".join(RULES)))
    makers: dict[str, Callable[[Section], Rule]] = {
        "ladder": _ladder,
        "surcharge": _surcharge,
        "modification": _modification,
    }
    kind = given[0]
    if kind == "steps":
        return _steps(s, floor, ceiling)
    if kind == "size_bands":
        bands = _bands(s, "size_bands", lambda row: float(row.number("multiplier")), 1.0, "yuan")
        return SizeRule(bands)
    part = s.section(kind)
    assert part is not None
    rule = makers[kind](part)
    part.done()
    return rule


def _steps(s: Section, floor: float, ceiling: float) -> StepRule:
    points = s.section("points")
    base_rate = points.number("base_rate", low=1e-6, high=1.0) if points else None
    if points:
        points.done()

    def multiplier(value: float) -> float:
        return value if base_rate is None else round(min(max(NEUTRAL + value / 100 / base_rate, floor), ceiling), 9)

    node = s.nodes["steps"]
    at = s.section("steps") if isinstance(node, yaml.MappingNode) else None
    raw = at.take("values") if at else s.take("steps")
    if (
        not isinstance(raw, list)
        or not raw
        or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in raw)
    ):
        raise s.error(node, InputError("steps must be a list of numbers."))
    steps = tuple(multiplier(float(v)) for v in raw)
    if any(b <= a for a, b in pairwise(steps)) or steps[0] <= 0:
        raise s.error(node, InputError("steps must be positive and ascending."))
    (at or s).note("values" if at else "steps", raw)
    if at:
        at.done()
    criteria = s.sections("criteria")
    found = tuple(_criterion(c, steps, multiplier) for c in criteria)
    reached = {NEUTRAL, *(v for c in found for v in c.values)}
    for step in steps:
        if step not in reached or not floor <= step <= ceiling:
            raise s.error(node, InputError("no unit can reach the step {step}.", step=step))
    recoup = s.section("recoup")
    again = None
    if recoup:
        again = Recoup(
            recoup.number("share"),
            recoup.number("ratio_above_percent", np.inf) / 100,
            recoup.number("frequency_above_percent", np.inf) / 100,
        )
        recoup.done()
    return StepRule(steps, found, s.text("combine", ("worst", "best", "surcharge_first"), "worst"), again)


def _criterion(s: Section, steps: tuple[float, ...], multiplier: Callable[[float], float]) -> Criterion:
    measure = s.text("measure", ("ratio", "frequency", "grade"))
    when = s.text("when", ("always", "accident", "no_accident"), "always")

    def step(row: Section, key: str = "multiplier") -> float:
        value = multiplier(float(row.number(key, low=-np.inf)))
        if value not in steps:
            raise row.error(row.nodes[key], InputError("{value} is not one of the plan's steps.", value=value))
        return value

    if measure == "grade":
        column = s.text("column")
        grades = s.section("grades")
        if grades is None:
            raise s.error(None, InputError("{what} needs a {key}.", what=s.path, key="grades"))
        values = {key: step(grades, key) for key in grades.nodes if key not in ("mark", "reference", "note", "other")}
        found = Criterion(measure, None, column, values, step(grades, "other"), when)
        grades.done()
    else:
        unit = s.text("unit", tuple(UNITS))
        found = Criterion(measure, _bands(s, "bands", step, UNITS[unit], unit), when=when)
        assert found.bands is not None
        if any(b < a for a, b in pairwise(found.bands.values)):
            raise s.error(
                s.nodes["bands"], InputError("a higher {measure} must not give a lower multiplier.", measure=measure)
            )
    s.done()
    return found


def _bands(s: Section, key: str, value: Callable[[Section], float], scale: float, unit: str) -> Bands:
    """Return bands that follow each other from the lowest to the highest measure without gap or overlap."""
    inclusive = s.flag("upper_inclusive")
    rows = s.sections(key)
    edges: list[float] = []
    values: list[float] = []
    for i, row in enumerate(rows):
        low, high = row.number("from", None, -np.inf), row.number("to", None, -np.inf)
        if (low is None) != (i == 0) or (high is None) != (i == len(rows) - 1):
            raise row.error(
                None, InputError("the first band has no `from`, the last no `to`, and every other band both.")
            )
        if low is not None and low != edges[-1]:
            problem = (
                InputError("the band from {low} overlaps the one to {high}.", low=low, high=edges[-1])
                if low < edges[-1]
                else InputError("between {high} and {low} there is a gap.", low=low, high=edges[-1])
            )
            raise row.error(row.nodes["from"], problem)
        if high is not None:
            if high <= (low if low is not None else -np.inf):
                raise row.error(
                    row.nodes["to"],
                    InputError("the band ends at {high}, not above its start {low}.", high=high, low=low),
                )
            edges.append(high)
        values.append(value(row))
        row.done()
    if not rows:
        raise s.error(None, InputError("{what} needs a {key}.", what=s.path or "the plan", key=key))
    return Bands(tuple(_scaled(edge, unit, scale) for edge in edges), tuple(values), inclusive)


def _scaled(edge: float, unit: str, scale: float) -> float:
    """Return an edge as a fraction; divided, so that 60 percent is the double nearest to 0.6."""
    return float(edge) if scale == 1.0 else edge / round(1 / scale)


def _ladder(s: Section) -> StepRule:
    """Return bands a constant factor apart around 1; a ratio belongs to the band nearest to it in proportion."""
    factor, down, up = s.number("factor", low=1.0001), s.whole("down"), s.whole("up")
    positions = np.arange(-down, up + 1)
    steps = tuple(float(v) for v in np.round(factor ** positions.astype(np.float64), 9))
    edges = tuple(float(v) for v in factor ** (positions[:-1] + 0.5))
    return StepRule(steps, (Criterion("ratio", Bands(edges, steps, False)),))


def _surcharge(s: Section) -> SurchargeRule:
    clean = []
    for row in s.sections("after_clean_years"):
        clean.append((float(row.number("years")), float(row.number("largest"))))
        row.done()
    return SurchargeRule(s.number("ceiling", low=1.0001), s.number("largest"), tuple(clean))


def _modification(s: Section) -> ModificationRule:
    return ModificationRule(
        split=s.number("split_yuan"),
        scale=s.number("average_case_thousands", low=1e-9),
        least_primary_constant=s.number("least_primary_constant_yuan"),
        least_excess_constant=s.number("least_excess_constant_yuan"),
        debit_base=s.number("largest_debit_base"),
        debit_slope=s.number("largest_debit_slope"),
        primary_share=s.number("primary_share", None, 0.0, 1.0),
    )


def _discount(s: Section | None) -> Discount | None:
    if s is None:
        return None
    values = s.section("values")
    if values is None:
        raise s.error(None, InputError("{what} needs a {key}.", what=s.path, key="values"))
    off = {key: float(values.number(key, high=1.0)) for key in values.nodes if key not in ("mark", "reference", "note")}
    values.done()
    found = Discount(s.text("column"), off, s.flag("lost_after_accident"))
    s.done()
    return found


def _deaths(s: Section | None, steps: tuple[float, ...]) -> DeathCondition | None:
    if s is None:
        return None
    found = DeathCondition(s.whole("deaths"), s.number("at_least"))
    if steps and found.at_least not in steps:
        raise s.error(s.nodes["at_least"], InputError("{value} is not one of the plan's steps.", value=found.at_least))
    s.done()
    return found


def _movement(s: Section | None, steps: tuple[float, ...]) -> Movement:
    if s is None:
        return Movement()
    found = Movement(s.whole("steps_up", None), s.whole("steps_down", None), s.number("change", None, 0.0, 1.0))
    if found.change is not None and (found.steps_up is not None or found.steps_down is not None):
        raise s.error(None, InputError("movement is limited in steps or by a share, not both."))
    s.done()
    return found


def _minimum(s: Section | None) -> Minimum:
    if s is None:
        return Minimum()
    found = Minimum(s.number("exposure_yuan", None), s.number("base_premium_yuan", None), s.whole("years", 1))
    s.done()
    return found


def _settlement(s: Section) -> Settlement:
    found = Settlement(
        s.whole("months_after_completion"),
        s.number("premium_factor", low=1e-9),
        s.number("outside_share", 0.0, 0.0, 1.0),
        s.number("least_premium", 0.0),
        s.number("least_contract", 0.0),
    )
    s.done()
    return found
