"""The sidebar's inputs: few first, the rest behind "more choices"; each shows the scenario being tried and changes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from analysis.language import Translator
from analysis.questions.stresses import load_stresses
from analysis.scenario import SHOCKS, CoverageStep, RateStep, Risks, Scenario, Shock
from analysis.scenario_link import get, to_link
from analysis.words import word
from app_pages import scenario_state as state
from app_pages.languages import LANGUAGE_LABELS
from app_pages.showing import plain_text
from data.parameters import available_overlays
from models.floating import available_plans, load_plan
from models.messages import Message

PATHS = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
OWN = "own"


@dataclass(frozen=True)
class Number:
    """A number of the scenario as an input: shown value = ``scale`` × field; a slider shows what the parameters say where the scenario is silent."""

    key: str
    path: str
    label: Message
    low: float
    high: float
    step: float
    scale: float
    help: Message | None = None

    def shown(self, scenario: Scenario) -> float | None:
        """Return the field as the input shows it."""
        value = get(scenario, self.path)
        if value is None:
            return None
        inside = min(max(round(value * self.scale, 4), self.low), self.high)
        return int(inside) if isinstance(self.step, int) else float(inside)

    def field(self, shown: float | None) -> float | int | None:
        """Return what the scenario keeps for a shown value."""
        if shown is None or self.path in ("horizon_years", "reserve_years", "seed"):
            return None if shown is None else int(shown)
        return round(float(shown) / self.scale, 9)


FEW = (
    Number(
        "rate", "base_rate", Message("Base rate (‰ of total cost)"), 0.20, 5.00, 0.01, 1e3,
        Message("One payment before the project starts, as a share of its total cost; 2015 plan: about 1‰."),
    ),
    Number("years", "horizon_years", Message("Horizon (years)"), 1, 50, 1, 1),
    Number(
        "growth", "growth.construction", Message("Growth of construction (% a year)"), -10.0, 20.0, 0.5, 1e2,
        Message("Expected yearly growth of the total cost of newly enrolled projects."),
    ),
    Number(
        "target", "target_payable_months", Message("Target payable months"), 0, 36, 1, 1,
        Message("About 12 months where pooled by prefecture, about 9 where pooled by province (人社部发〔2015〕72号; unverified)."),
    ),
)  # fmt: skip
"""The sliders."""

MORE = (
    Number("wages", "growth.wages", Message("Growth of wages (% a year)"), -20.0, 50.0, 0.5, 1e2),
    Number("medical", "growth.medical", Message("Growth of medical prices (% a year)"), -20.0, 50.0, 0.5, 1e2),
    Number("discount", "discount_rate", Message("Discount rate (% a year)"), -2.0, 20.0, 0.1, 1e2),
    Number("interest", "interest_rate", Message("Interest on the balance (% a year)"), -2.0, 20.0, 0.1, 1e2),
    Number("indexation", "indexation", Message("Yearly rise of pensions (%)"), -5.0, 30.0, 0.1, 1e2),
    Number("floor", "floor_payable_months", Message("Floor in payable months"), 0.0, 120.0, 1.0, 1),
    Number("level", "solvency_level", Message("Wanted probability of solvency (%)"), 50.0, 99.9, 0.5, 1e2),
    Number("current", "current_rate", Message("Rate in force (‰ of total cost)"), 0.01, 50.0, 0.01, 1e3),
    Number("opening", "opening_balance", Message("Opening balance (万元), where the book has none"), -1e9, 1e9, 1.0, 1e-4),
    Number("reserve", "reserve_years", Message("Years in which the target balance is to be reached"), 1, 50, 1, 1),
    Number("seed", "seed", Message("Seed of the random numbers"), 0, 2**53 - 1, 1, 1),
)  # fmt: skip
"""The numbers behind "more choices"; empty means: as the parameters say."""


def scenario_inputs(resolved: Scenario, t: Translator) -> None:
    """Show the inputs; ``resolved`` is the scenario with what the parameters say where it is silent."""
    bar = st.sidebar
    bar.subheader(t("Scenario"))
    for one in FEW:
        _keep_in_step(one.key, one.shown(resolved))
        bar.slider(
            t.say(one.label),
            *((int(one.low), int(one.high), None, int(one.step)) if one.step == 1 else (one.low, one.high, None, one.step)),
            key=one.key,
            help=t.say(one.help) if one.help else None,
            on_change=_moved,
            args=(one,),
        )  # fmt: skip
    more = bar.expander(t("More choices"), icon=":material/tune:", key="more", on_change="rerun")
    if more.open:
        with more:
            _more(resolved, t)
    left, right = bar.columns(2)
    left.button(
        t("Undo"),
        icon=":material/undo:",
        key="undo_input",
        on_click=state.undo,
        disabled=not state.can_undo(),
        width="stretch",
    )
    with right.popover(t("Share"), icon=":material/link:", width="stretch"):
        st.markdown(t("This link restores every input. It works for everyone who can open this page."))
        st.code(share_link(t), language=None, wrap_lines=True)
    for problem in problems():
        bar.warning(plain_text(t.say(problem)), icon=":material/warning:")


def problems() -> list[Message]:
    """Return what the last input or the link got wrong."""
    found = [st.session_state[state.WRONG]] if st.session_state.get(state.WRONG) else []
    if st.session_state.get(state.DROPPED):
        keys = ", ".join(st.session_state[state.DROPPED])
        found.append(Message("The link could not be used in part; left at their defaults: {keys}.", {"keys": keys}))
    return found


def share_link(t: Translator) -> str:
    """Return the address that restores the book, the language and every input."""
    query = {"lang": LANGUAGE_LABELS[t.language], **to_link(state.current())}
    if "book" in st.query_params:
        query = {"book": st.query_params["book"], **query}
    return f"{(st.context.url or '').partition('?')[0]}?{urlencode(query)}"


def _more(resolved: Scenario, t: Translator) -> None:
    now = state.current()
    names = {code: stress.name[t.language] for code, stress in load_stresses().items()}
    shocks = {code: stress.shocks for code, stress in load_stresses().items()}
    held = next((code for code, own in shocks.items() if own == now.shocks), OWN if now.shocks else None)
    _choice(
        "stress", t("Stress"), [*names, *([OWN] if held == OWN else [])], held,
        lambda c: names.get(c, t("Own shocks")), lambda c: state.change("shocks", shocks.get(c, now.shocks) if c else ()), t,
    )  # fmt: skip
    plans = {name: load_plan(name).title[t.language] for name in available_plans()}
    _choice("plan", t("Floating plan"), list(plans), now.plan, plans.__getitem__, lambda c: state.change("plan", c), t)
    for one in MORE:
        value, silent = one.shown(now), one.shown(resolved)
        _keep_in_step(one.key, value)
        st.number_input(
            t.say(one.label), *((int(one.low), int(one.high)) if isinstance(one.step, int) else (one.low, one.high)), None,
            one.step, key=one.key, placeholder="" if silent is None else t("as the parameters say: {value}", value=silent),
            on_change=_moved, args=(one,),
        )  # fmt: skip
    risk_names = [f.name for f in fields(Risks)]
    words = dict(
        zip(
            risk_names, (t("chance"), t("parameters"), t("economy"), t("large accidents"), t("stage cuts")), strict=True
        )
    )
    on = [name for name in risk_names if getattr(now.risks, name)]
    _keep_in_step("risks", on)
    st.pills(
        t("Risks that are simulated"), risk_names, selection_mode="multi", key="risks", format_func=words.__getitem__,
        on_change=lambda: state.change("risks", Risks(**{n: n in st.session_state["risks"] for n in risk_names})),
    )  # fmt: skip
    options = sorted({*PATHS, now.paths})
    _keep_in_step("paths", now.paths)
    st.select_slider(
        t("Simulated paths"), options, key="paths", format_func=t.integer,
        on_change=lambda: state.change("paths", int(st.session_state["paths"])),
    )  # fmt: skip
    _keep_in_step("overlays", list(now.overlays))
    st.multiselect(
        t("Rules of another province"), available_overlays(), key="overlays", placeholder=t("none"),
        format_func=lambda c: word(c, t), on_change=lambda: state.change("overlays", tuple(st.session_state["overlays"])),
    )  # fmt: skip
    _dates(t)
    _paths_ahead(t)
    _own_shocks(t)


def _dates(t: Translator) -> None:
    now = state.current()
    _keep_in_step("date", now.valuation_date)
    st.date_input(
        t("Valuation date"), key="date", min_value=None, on_change=lambda: state.change("valuation_date", st.session_state["date"]),
        format="YYYY-MM-DD", help=t("Empty: the end of the last year of the book. An earlier day reviews what was known then."),
        value=None,
    )  # fmt: skip
    _keep_in_step("fund", now.fund or "")
    st.text_input(
        t("Fund, where the book holds several"), key="fund", max_chars=60,
        on_change=lambda: state.change("fund", st.session_state["fund"].strip() or None),
    )  # fmt: skip


def _paths_ahead(t: Translator) -> None:
    """Show the steps of the rate and of enrolment over the years ahead."""
    now = state.current()
    rates = {t("from year {year}: {rate:permille}", year=s.from_year, rate=s.rate): s for s in now.rate_path}
    _removable("rate_path", t("Path of the rate"), rates, t)
    shares = {t("from year {year}: {share:percent}", year=s.from_year, share=s.share): s for s in now.coverage}
    _removable("coverage", t("Share of construction enrolled"), shares, t)
    with st.popover(t("Add a step of the rate or of enrolment"), icon=":material/add:"):
        year = int(st.number_input(t("From projection year"), 1, 50, 1, 1, key="step_year"))
        rate = st.number_input(t("Rate (‰)"), 0.0, 50.0, 1.0, 0.01, key="step_rate")
        st.button(
            t("Add the rate"),
            key="step_add",
            on_click=lambda: state.change("rate_path", (*now.rate_path, RateStep(year, round(rate / 1e3, 9)))),
        )
        share = st.number_input(t("Share enrolled (%)"), 1.0, 100.0, 90.0, 1.0, key="step_share")
        st.button(
            t("Add the share"),
            key="share_add",
            on_click=lambda: state.change("coverage", (*now.coverage, CoverageStep(year, round(share / 1e2, 9)))),
        )


def _own_shocks(t: Translator) -> None:
    now = state.current()
    said = {
        t(
            "{kind}: {size}, year {first} for {years} years",
            kind=word(s.kind, t), size=t.integer(s.size) if s.kind == "catastrophe_deaths" else t.percent(s.size),
            first=s.from_year, years=s.years,
        ): s
        for s in now.shocks
    }  # fmt: skip
    _removable("shocks", t("Shocks"), said, t)
    with st.popover(t("Add a shock"), icon=":material/add:"):
        kind = st.selectbox(t("Kind"), SHOCKS, format_func=lambda c: word(c, t), key="shock_kind")
        deaths = kind == "catastrophe_deaths"
        size = st.number_input(
            t("Deaths") if deaths else t("Change (%)"), *((0.0, 1000.0, 10.0, 1.0) if deaths else (-100.0, 1000.0, 10.0, 1.0)), key="shock_size"
        )  # fmt: skip
        first = st.number_input(t("From projection year"), 1, 50, 1, 1, key="shock_year")
        years = st.number_input(t("for years"), 1, 50, 1, 1, key="shock_years")
        st.button(
            t("Add"), key="shock_add",
            on_click=lambda: state.change(
                "shocks", (*now.shocks, Shock(kind, float(size) if deaths else round(size / 100, 9), int(first), int(years)))
            ),
        )  # fmt: skip


def _removable(path: str, label: str, said: dict[str, Any], t: Translator) -> None:
    """Show the entries of a list, each of which can be taken out."""
    if said:
        _keep_in_step(path, list(said))
        st.multiselect(
            label, list(said), key=path, placeholder=t("none"),
            on_change=lambda: state.change(path, tuple(said[name] for name in st.session_state[path] if name in said)),
        )  # fmt: skip


def _choice(
    key: str, label: str, options: Sequence[str], held: str | None, say: Callable[[str], str], chosen: Callable[[str | None], None], t: Translator
) -> None:  # fmt: skip
    _keep_in_step(key, held)
    st.selectbox(
        label, options, key=key, format_func=say, placeholder=t("none"), index=None,
        on_change=lambda: chosen(st.session_state[key]),
    )  # fmt: skip


def _moved(one: Number) -> None:
    state.change(one.path, one.field(st.session_state[one.key]))


def _keep_in_step(key: str, value: Any) -> None:
    """Let a widget show the scenario's value; where it already does, leave it alone, so that a drag under way is not pulled back.

    On another page it is another widget, which has to be told even where the key still holds the value.
    """
    page, told = st.session_state.get("page_path"), st.session_state.setdefault("told_on", {})
    if told.get(key) != page or key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    told[key] = page
