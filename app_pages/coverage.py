"""扩面与季报: the campaign's progress, the quarterly returns, both ways of enrolment, the real-name roster."""

import tempfile
from datetime import date
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.chart_style import unsqueezed
from analysis.coverage import charts as coverage_charts
from analysis.coverage.campaign import Coverage, coverage, days_of
from analysis.coverage.enrolment import enrolment
from analysis.coverage.roster import roster_study
from analysis.language import LANGUAGES, Translator
from analysis.words import word
from app_pages.quarterly_returns import show_returns
from app_pages.showing import show_chart, show_parameters
from app_pages.state import LANGUAGE_LABELS, choose_book, plain_text, show_table, translator
from data.book import Book
from models.messages import InputError
from reports.coverage_bulletin import BULLETIN_FORMATS, bulletin, write_bulletin

SHOWN_EXCEPTIONS = 500


@st.cache_data(max_entries=8, show_spinner=False)
def _days(fingerprint: str, _book: Book) -> list[date]:
    return days_of(_book)


@st.cache_resource(max_entries=8, show_spinner=False)
def _coverage(fingerprint: str, on: date, _book: Book) -> Coverage:
    return coverage(_book, on)


def choose_day(book: Book, t: Translator) -> date:
    days = _days(book.fingerprint(), book)
    return st.selectbox(
        t("As of"),
        days,
        format_func=lambda day: str(pd.Period(day, freq="Q")),
        key="coverage_day",
        persist_state="session",
    )


def show_assumptions(assumptions: tuple, t: Translator) -> None:
    weak = [a for a in assumptions if a.mark in ("unverified", "assumption")]
    if weak:
        with st.expander(t("{weak} parameters are assumed or unverified", weak=len(weak)), icon=":material/info:"):
            show_parameters(weak, t)


def show_campaign(book: Book, t: Translator) -> None:
    on = choose_day(book, t)
    with st.spinner(t("Counting …")):
        found = _coverage(book.fingerprint(), on, book)
    for message in found.warnings:
        st.warning(plain_text(t.say(message)), icon=":material/info:")
    headline(found, t)
    left, right = st.columns(2)
    for place, state in ((left, "new"), (right, "in_progress")):
        if found.of(state) is not None:
            show_chart(
                unsqueezed(coverage_charts.by_prefecture(found, state, t)), t, key=f"coverage-{state}", column=place
            )
    show_chart(unsqueezed(coverage_charts.by_year(found, t)), t, key="coverage-years")
    show_table(
        found.rates.dropna(axis=1, how="all"),
        t,
        "coverage",
        title=t("Enrolment by prefecture and state of the project"),
    )
    show_chart(unsqueezed(coverage_charts.missing_premium(found, t)), t, key="coverage-missing")
    show_table(found.points, t, "points", title=t("What a percentage point is worth"))
    show_exceptions(found, t)
    if len(found.persons):
        show_table(found.persons, t, "persons", title=t("Persons enrolled, fixed and migrant"))
    if len(found.survey):
        own = found.survey[found.survey["year"].str[:4] == str(on.year)]
        show_table(own if len(own) else found.survey, t, "survey", title=t("Base survey"))
    show_assumptions(found.assumptions, t)
    show_bulletin(book, on, t)


def headline(found: Coverage, t: Translator) -> None:
    st.caption(t("Share of projects that are enrolled, and what is missing"))
    places = st.columns(4)
    for place, state in zip(places, ("new", "in_progress"), strict=False):
        row = found.of(state)
        place.metric(
            word(state, t),
            t.percent(row["coverage"]) if row is not None else "—",
            t("{lag:percent} against the schedule", lag=row["lag"]) if row is not None else None,
            border=True, height="stretch",
        )  # fmt: skip
    without = found.exceptions["reason"].isin(["not_enrolled", "unknown_project"])
    year = found.exceptions["issued_date"].dt.year == found.on.year
    places[2].metric(
        t("Permits without enrolment"),
        t.integer(int((without & year).sum())),
        t("this year"),
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
    )
    whole = found.points[found.points["prefecture"] == "region"]
    places[3].metric(
        t("Premium missing"), t.money(float(whole["missing_premium_yuan"].sum())), border=True, height="stretch"
    )


def show_exceptions(found: Coverage, t: Translator) -> None:
    st.subheader(t("No enrolment, no permit: the exceptions"))
    counts = found.exceptions["reason"].value_counts()
    if counts.empty:
        st.success(t("Every permit was issued after enrolment and payment."), icon=":material/check:")
        return
    chosen = st.multiselect(
        t("What is wrong"), list(counts.index), default=[r for r in counts.index if r in ("not_enrolled", "unknown_project")] or list(counts.index[:1]),
        format_func=lambda code: f"{word(code, t)} ({t.integer(int(counts[code]))})", placeholder=t("Choose"), key="exception_kinds",
    )  # fmt: skip
    own = found.exceptions[found.exceptions["reason"].isin(chosen)]
    shown = own.assign(issued_date=own["issued_date"].dt.strftime("%Y-%m-%d"))
    show_table(shown.head(SHOWN_EXCEPTIONS).dropna(axis=1, how="all"), t, "exceptions")
    if len(shown) > SHOWN_EXCEPTIONS:
        st.download_button(
            t("Download all {rows:integer} rows", rows=len(shown)), lambda: shown.to_csv(index=False).encode("utf-8-sig"), "exceptions.csv",
            key="all-exceptions", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def show_bulletin(book: Book, on: date, t: Translator) -> None:
    st.subheader(t("Coverage bulletin"))
    labels = list(LANGUAGE_LABELS.values())
    chosen = st.segmented_control(
        t("Language of the report"), labels, default=LANGUAGE_LABELS[t.language], key="bulletin_language", required=True
    )
    language = next(code for code in LANGUAGES if LANGUAGE_LABELS[code] == chosen)
    if st.button(t("Make the bulletin"), type="primary", icon=":material/campaign:", key="bulletin"):
        with st.spinner(t("Writing …")), tempfile.TemporaryDirectory() as folder:
            written = write_bulletin(bulletin(book, on), Path(folder), BULLETIN_FORMATS, Translator(language))
            st.session_state["bulletins"] = {path.name: path.read_bytes() for path in written}
    for name, content in st.session_state.get("bulletins", {}).items():
        st.download_button(
            t("Download {name}", name=name), content, file_name=name, key=f"download-{name}", icon=":material/download:"
        )


def show_enrolment(book: Book, t: Translator) -> None:
    found = enrolment(book, choose_day(book, t))
    if len(found.modes):
        show_chart(unsqueezed(coverage_charts.modes(found, t)), t, key="modes")
        show_table(found.modes, t, "modes", title=t("Both ways of enrolment side by side"))
    if len(found.payroll):
        show_table(found.payroll, t, "payroll", title=t("Employers by class"))
    else:
        st.info(
            t(
                "Payroll enrolment needs the employers (用人单位编号, 年度, 行业类别, 工资总额, 费率, 缴费金额, 参保人数, 地州市)."
            ),
            icon=":material/upload_file:",
        )
    if len(found.fees):
        show_chart(unsqueezed(coverage_charts.fee_gap(found, t)), t, key="fees")
        show_table(
            found.fees[found.fees["period"] == found.fees["period"].max()],
            t,
            "fees",
            title=t("Construction fee of Order 180, last period"),
        )
        region = found.fees[found.fees["prefecture"] == "region"]
        show_table(region, t, "fees-region", title=t("Construction fee of Order 180, whole region by period"))
    else:
        st.info(
            t("The flow of Order 180 needs the fees (地州市, 年度, 收缴额, 拨付额, 其中工伤保险费)."),
            icon=":material/upload_file:",
        )
    if len(found.delays):
        show_table(found.delays, t, "delays", title=t("From enrolment to payment"))
    show_assumptions(found.assumptions, t)


def show_roster(book: Book, t: Translator) -> None:
    found = roster_study(book, choose_day(book, t))
    left, middle, right = st.columns(3)
    left.metric(
        t("Output of a person-year on the roster"), t.money(found.implied_productivity), border=True, height="stretch"
    )
    middle.metric(
        t("Output of a person-year in the parameters"), t.money(found.productivity), border=True, height="stretch"
    )
    right.metric(
        t("Cost under way on the roster"),
        t.percent(found.known_share),
        border=True,
        height="stretch",
    )
    if found.unknown:
        st.warning(
            plain_text(
                t(
                    "{count} projects of the roster are not in the ledger: {first} …",
                    count=len(found.unknown),
                    first=", ".join(found.unknown[:5]),
                )
            ),
            icon=":material/warning:",
        )
    show_chart(unsqueezed(coverage_charts.roster_ratio(found, t)), t, key="roster")
    show_table(found.by["prefecture"], t, "roster-prefecture", title=t("Roster and cost by prefecture"))
    show_table(found.by["project_type"], t, "roster-type", title=t("Roster and cost by project type"))
    far = (
        found.projects.assign(away=(found.projects["roster_ratio"] - 1).abs())
        .sort_values("away", ascending=False)
        .drop(columns="away")
    )
    show_table(far.head(SHOWN_EXCEPTIONS), t, "roster-projects", title=t("Projects whose roster and cost differ most"))
    show_assumptions(found.assumptions, t)


t = translator()
st.title(t("Coverage and returns"))
PARTS = {
    "campaign": (t("Campaign"), show_campaign),
    "returns": (t("Quarterly returns"), show_returns),
    "enrolment": (t("Payroll, projects, Order 180"), show_enrolment),
    "roster": (t("Real-name roster"), show_roster),
}
try:
    current = choose_book(t)
    if current.synthetic:
        st.warning(
            t("Synthetic data: this book was made by the program to try it out. It describes no real fund."),
            icon=":material/science:",
        )
    asked = st.query_params.get("part", "")
    part = st.segmented_control(
        t("Part"), list(PARTS), default=asked if asked in PARTS else "campaign", format_func=lambda code: PARTS[code][0], key="part", required=True,
        label_visibility="collapsed",
    )  # fmt: skip
    st.query_params["part"] = part or "campaign"
    PARTS[part or "campaign"][1](current, t)
except InputError as problem:
    st.info(plain_text(t.say(problem)), icon=":material/upload_file:")
