"""出险与成本: the experience study of the book: exposure, how often, how dear, how late, how credible, a year's cost."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from analysis.chart_style import unsqueezed
from analysis.experience import ExperienceStudy, experience_study
from analysis.experience.charts import CHARTS, experience_charts
from analysis.experience.tables import experience_tables
from analysis.experience.words import TITLES
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.scenario import Scenario
from app_pages.explain import how
from app_pages.showing import show_chart
from app_pages.state import page, plain_text, show_table, translator
from data.book import Book
from models.messages import InputError, Message
from reports.experience_workbook import experience_workbook

SECTIONS: dict[str, tuple[Message, Sequence[str], Sequence[str]]] = {
    "exposure": (Message("Exposure and premium"), ["premium"], ["exposure_"]),
    "frequency": (
        Message("How often"),
        [
            "frequency_by_year",
            "relativities_project_type",
            "relativities_prefecture",
            "relativities_size_band",
            "relativities_season",
            "frequency_back_test",
        ],
        [
            "frequency_relativities",
            "frequency_terms",
            "frequency_tests",
            "frequency_expected",
            "frequency_backtest",
        ],
    ),
    "severity": (Message("How dear"), ["cost_by_grade", "grades"], ["severity_"]),
    "development": (
        Message("How late"),
        ["delays", "reserves_injury_year", "reserves_cohort", "reserves_capital"],
        ["development_"],
    ),
    "credibility": (
        Message("How credible"),
        ["contractors", "credible_rates"],
        ["frequency_contractors", "credibility_"],
    ),
    "yearly_cost": (Message("One year's cost"), ["yearly_cost"], ["yearly_cost"]),
}
# section → its name, its charts in order, the beginnings of the names of its tables

MISSING: dict[str, Message] = {
    "exposure": Message("The book does not tell when its cost was earned: that takes the ledger of projects with their dates."),
    "frequency": Message("The book does not tell how often accidents happen: that takes cases by contractor and year, or the ledgers."),
    "severity": Message("The book does not tell what a case costs by grade: that takes the ledgers of cases and payments."),
    "development": Message("The book does not tell how late cases come and are paid: that takes the ledgers of cases and payments with their dates."),
    "credibility": Message("The book does not tell contractors apart: that takes cost by contractor over two years or more."),
    "yearly_cost": Message("The distribution of a year's cost takes both a frequency and a severity: import the ledgers."),
}  # fmt: skip


@st.cache_resource(max_entries=4, show_spinner=False)
def study_of(
    fingerprint: str, on: date, overlays: tuple[str, ...], _book: Book, _scenario: Scenario
) -> ExperienceStudy:
    """Return the study of a book at a valuation date, from the cache where it is there."""
    return experience_study(_book, _scenario)


def body(review: RateReview, t: Translator) -> None:
    book: Book = st.session_state["book_in_use"]
    scenario = review.scenario
    try:
        with st.spinner(t("Studying the experience …")):
            study = study_of(book.fingerprint(), review.valuation_date, scenario.overlays, book, scenario)
    except InputError as error:
        st.info(plain_text(t.say(error)), icon=":material/upload_file:")
        return
    headline(study, review, t)
    charts, tables = experience_charts(study, t), experience_tables(study)
    tabs = st.tabs([t.say(name) for name, _, _ in SECTIONS.values()], on_change="rerun", key="section")
    for tab, (section, (_, own_charts, own_tables)) in zip(tabs, SECTIONS.items(), strict=True):
        if not tab.open:
            continue
        with tab:
            shown = [name for name in own_charts if name in charts]
            listed = [n for n in tables if any(n.startswith(begin) for begin in own_tables) and not (section == "frequency" and n == "frequency_contractors")]  # fmt: skip
            if not shown and not listed:
                st.info(t.say(MISSING[section]), icon=":material/upload_file:")
            for name in shown:
                show_chart(unsqueezed(charts[name]), t, key=f"chart-{name}")
            for name in listed:
                with st.expander(t.say(TITLES[name]), expanded=not shown):
                    show_table(tables[name], t, name)


def headline(study: ExperienceStudy, review: RateReview, t: Translator) -> None:
    """The four answers, what could not be answered, and the download of everything."""
    often, dear, late, credible = st.columns(4)
    if study.frequency is not None:
        trend = study.frequency.trend
        rate = study.frequency.fit.cells.count.sum() / study.frequency.fit.cells.exposure.sum()
        often.metric(
            t("Cases per 100 million yuan"),
            t.number(float(rate), 3),
            t("{change:percent} a year", change=trend.change) if trend else None,
            delta_color="green" if trend and trend.change < 0 else "red",
            delta_arrow="down" if trend and trend.change < 0 else "up",
            border=True,
            height="stretch",
        )
    if study.severity is not None:
        dear.metric(t("Mean cost of a case"), t.money(study.severity.mean_case), border=True, height="stretch")
    if study.development is not None and "injury_year" in study.development.amounts:
        amount, low, high = study.development.amounts["injury_year"].to_pay
        late.metric(
            t("To pay, without pensions"),
            t.money(amount),
            border=True,
            height="stretch",
        )
    if study.frequency is not None:
        credible.metric(
            t("Variance of risk"),
            t.number(study.frequency.fit.alpha, 3),
            border=True,
            height="stretch",
            help=t("0: contractors are alike and their own accidents say nothing; 0.35: a contractor's risk is typically 60% above or below."),
        )  # fmt: skip
    for column, code, known in (
        (often, "frequency", study.frequency),
        (dear, "mean_case", study.severity),
        (late, "ultimate", study.development),
        (credible, "credibility", study.frequency),
    ):
        if known is not None:
            how(code, review, t, place=column)
    if study.development is not None and "injury_year" in study.development.amounts:
        late.caption(t("90%: {low:money} to {high:money}", low=low, high=high) if low is not None else t("by Cape Cod"))
    notes = [*study.notes]
    for part in (
        study.exposure,
        study.frequency,
        study.severity,
        study.development,
        study.credibility,
        study.yearly_cost,
    ):
        notes += part.notes if part is not None else ()
    with st.expander(t("{count} notes of the study", count=len(notes)), icon=":material/info:"):
        for note in notes:
            st.markdown("- " + plain_text(t.say(note)))
    st.download_button(
        t("All tables of the study as .xlsx"),
        lambda: experience_workbook(study, t),
        file_name="experience.xlsx",
        key="experience-xlsx",
        icon=":material/download:",
        on_click="ignore",
    )


assert all(name in CHARTS for _, own, _ in SECTIONS.values() for name in own)
t = translator()
page(t("Accidents and cost"), body, t)
