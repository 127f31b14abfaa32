"""The quarterly returns on the page: which came, the checks of filled forms before they are saved, the region's form written back."""

import re
import tempfile
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.book_words import listed
from analysis.chart_style import unsqueezed
from analysis.coverage import charts as coverage_charts
from analysis.coverage.returns import ReturnsReview, blank_form, check_forms, review_returns
from analysis.language import Translator
from analysis.words import word
from app_pages.access import actor, refuse
from app_pages.showing import show_chart
from app_pages.state import plain_text, show_table
from data.book import Book
from data.prefectures import PREFECTURES
from data.quarterly_form import QuarterlyForm, read_forms
from data.returns import store
from models.messages import InputError
from reports.quarterly_form import form_bytes

SEVERITY = {"error": ":material/error:", "question": ":material/help:"}


def show_returns(book: Book, t: Translator) -> None:
    upload(book, t)
    try:
        found = review_returns(book)
    except InputError as problem:
        st.info(plain_text(t.say(problem)), icon=":material/upload_file:")
        st.download_button(
            t("Blank form"),
            form_bytes(blank_form(), False),
            "附件2.xlsx",
            key="blank-form",
            icon=":material/download:",
            on_click="ignore",
        )
        return
    recent = found.states[found.states["quarter"].isin(found.quarters[-16:])]
    show_chart(unsqueezed(coverage_charts.return_grid(recent, t)), t, key="return-grid")
    consolidated(found, book, t)
    checks(found, t)


def consolidated(found: ReturnsReview, book: Book, t: Translator) -> None:
    st.subheader(t("The region's form"))
    quarter = st.selectbox(t("Quarter"), list(reversed(found.quarters)), key="form_quarter", persist_state="session")
    form, _ = found.form(quarter)
    own = found.states[found.states["quarter"] == quarter]
    missing = [word(code, t) for code in own.loc[own["state"] == "missing", "prefecture"]]
    late = own[own["state"] == "late"]
    days = [f"{word(r.prefecture, t)} ({t.integer(r.days_late)})" for r in late.itertuples()]
    if missing:
        names = plain_text(listed(missing, t))
        st.warning(t("{count} returns are missing: {names}.", count=len(missing), names=names), icon=":material/error:")
    if days:
        names = plain_text(listed(days, t))
        st.warning(t("Late, with days after the due day: {names}.", names=names), icon=":material/schedule:")
    codes = {name: code for code, name in PREFECTURES.items()}
    rows = form.rows.assign(prefecture=form.rows["name"].map(codes))
    total = pd.DataFrame([{"prefecture": "region", **form.total.to_dict()}])
    table = pd.concat([rows, total], ignore_index=True)
    show_table(
        table[["prefecture", *form.total.index]],
        t,
        "consolidated",
        title=t("Construction in work injury insurance, {quarter}", quarter=quarter),
    )
    left, right = st.columns(2)
    left.download_button(
        t("The form 附件2 as .xlsx"), lambda: form_bytes(form, book.synthetic), f"附件2-{quarter}.xlsx", key="form", icon=":material/print:", type="primary",
        on_click="ignore",
    )  # fmt: skip
    right.download_button(
        t("Blank form"),
        lambda: form_bytes(blank_form(), False),
        "附件2.xlsx",
        key="blank-form",
        icon=":material/download:",
        on_click="ignore",
    )


def checks(found: ReturnsReview, t: Translator) -> None:
    st.subheader(t("Checks of the returns"))
    st.markdown(
        t(
            "Nothing is corrected: a difference is a question to the prefecture. Tolerance {tolerance:percent.0}; changes above {limit:percent.0} are listed.",
            tolerance=found.tolerance, limit=found.limit,
        )
    )  # fmt: skip
    for name, frame, title in (
        ("differences", found.differences, t("Returns that differ from the project ledger")),
        ("employer-differences", found.employer_differences, t("Returns that differ from the payroll ledger")),
        ("changes", found.changes, t("Large changes on the quarter before")),
    ):
        if frame is None:
            st.info(
                t("{title}: not compared, the book does not have the other side.", title=title), icon=":material/rule:"
            )
        elif len(frame):
            with st.expander(f"{title} · {t.integer(len(frame))}", icon=":material/help:"):
                show_table(frame, t, name)
        else:
            st.success(t("{title}: none.", title=title), icon=":material/check:")


def upload(book: Book, t: Translator) -> None:
    st.subheader(t("Filled forms"))
    if refuse("import", t):
        return
    files = st.file_uploader(
        t("Filled forms 附件2 (.xlsx, .xls); one or several"),
        type=["xlsx", "xls"],
        accept_multiple_files=True,
        key="forms",
    )
    if not files:
        return
    left, right = st.columns(2)
    quarter = (
        left.text_input(t("Quarter, where the forms do not say it (2024Q1)"), key="stated_quarter", max_chars=6).strip()
        or None
    )
    received = pd.Timestamp(right.date_input(t("Received on"), key="received_on"))
    with tempfile.TemporaryDirectory() as folder:
        read: dict[Path, list[QuarterlyForm]] = {}
        bad = False
        for i, file in enumerate(files):
            path = Path(folder) / str(i) / re.sub(r"[^\w\u4e00-\u9fff .()（）-]", "_", Path(file.name).name)[-120:]
            path.parent.mkdir()
            path.write_bytes(file.getvalue())
            try:
                read[path] = read_forms(path, quarter)
            except InputError as problem:
                bad = True
                st.error(plain_text(t.say(problem)), icon=":material/error:")
        for checked in check_forms(book, [form for forms in read.values() for form in forms], received):
            bad |= checked.refused
            icon = (
                SEVERITY["error"]
                if checked.refused
                else SEVERITY["question"]
                if checked.findings
                else ":material/check:"
            )
            with st.expander(
                f"{plain_text(checked.form.reporter or '—')} · {checked.form.quarter}",
                icon=icon,
                expanded=checked.refused,
            ):
                for finding in checked.findings:
                    st.markdown(f"{SEVERITY[finding.severity]} {plain_text(t.say(finding.message))}")
                if not checked.findings:
                    st.markdown(t("Nothing was found that does not fit together."))
                show_table(
                    checked.form.rows.rename(columns={"name": "unit"}),
                    t,
                    f"form-{len(checked.form.rows)}-{checked.form.source}-{checked.form.quarter}",
                )
        if book.synthetic or str(book.engine.url) == "sqlite://":
            st.info(
                t(
                    "This book is not the fund's own: forms are checked here, but not saved. Choose or make a book of your own on the page Data."
                )
            )
        elif bad:
            st.error(t("Forms with errors go back to the prefecture; nothing is saved."), icon=":material/warning:")
        elif st.button(t("Save these returns"), type="primary", key="save-returns", icon=":material/save:"):
            try:
                written = store(book, read, received, actor())
                book.log("import", ", ".join(path.name for path in read), actor())
                st.success(
                    t("{added} returns were added, {changed} replaced an earlier one.", added=sum(w.added for w in written), changed=sum(w.changed for w in written)),
                    icon=":material/check:",
                )  # fmt: skip
            except InputError as problem:
                st.error(plain_text(t.say(problem)), icon=":material/warning:")
