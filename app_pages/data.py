"""数据: import spreadsheets, see what they mean before anything is written, check the book, undo."""

import pandas as pd
import streamlit as st

from analysis.book_words import listed, spoken, table_name
from analysis.language import Translator
from app_pages.access import actor, may
from app_pages.importer import IMPORT, show_importer, show_rows
from app_pages.state import choose_book, plain_text, translator
from data import schema
from data.book import Book
from data.quality import Finding, quality
from models.messages import InputError


def show_book(book: Book, t: Translator) -> None:
    counts = {name: book.count(name) for name in schema.TABLES}
    rows = [{t("Table"): table_name(name, t), t("Rows"): t.integer(n)} for name, n in counts.items() if n]
    named = {level: t("ledgers") if level == 3 else table_name(schema.LEVELS[level][0], t) for level in book.levels()}
    levels = listed([f"{level} ({name})" for level, name in named.items()], t)
    st.markdown(t("Levels of detail in this book: {levels}", levels=levels or "—"))
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")
        lacking = [table_name(name, t) for name in schema.LEVELS[3] if not counts[name]]
        if not levels and lacking != list(schema.LEVELS[3]):
            st.info(
                t("The ledgers are not complete yet; a review also needs: {tables}.", tables=listed(lacking, t)),
                icon=":material/upload_file:",
            )
    else:
        st.info(
            t("This book is empty. Import the fund's accounts, its experience by contractor, or its ledgers below."),
            icon=":material/upload_file:",
        )


@st.cache_data(max_entries=4, show_spinner=False)
def _findings(_book: Book, name: str, fingerprint: str) -> list[Finding]:
    """Return the findings about a book; they are looked for again when its imports change."""
    return quality(_book)


def show_quality(book: Book, t: Translator) -> None:
    st.subheader(t("Quality report"))
    with st.spinner(t("Checking the book …")):
        findings = _findings(book, str(book.engine.url) + book.name, book.fingerprint())
    if not findings and not book.levels():
        st.info(t("The ledgers are checked against each other as soon as they are all there."), icon=":material/rule:")
    elif not findings:
        st.success(t("Nothing was found that does not fit together."), icon=":material/check:")
    for finding in findings:
        mark = ":material/error:" if finding.severity == "error" else ":material/info:"
        with st.expander(f"{spoken(finding.message, t)} · {t.integer(len(finding.rows))}", icon=mark):
            show_rows(finding.rows.head(500), t, hide_index=True)
            st.download_button(
                t("Download all rows"),
                lambda rows=finding.rows: rows.to_csv(index=False).encode("utf-8-sig"),
                f"{finding.code}.csv",
                key=f"q-{finding.code}",
                on_click="ignore",
            )
    if findings:
        st.markdown(t("Nothing is corrected silently: correct the source and import it again."))


def show_imports(book: Book, t: Translator) -> None:
    if (rows := st.session_state.pop("taken_back", None)) is not None:
        st.success(t("{rows:integer} rows were taken back.", rows=rows), icon=":material/undo:")
    made = book.imports()
    standing = made[made["undone_at"].isna()]
    if standing.empty:
        return
    st.subheader(t("Imports"))
    st.dataframe(
        standing[["import_id", "file_name", "target", "row_count", "imported_at"]]
        .assign(
            target=[table_name(name, t) for name in standing["target"]],
            imported_at=pd.to_datetime(standing["imported_at"], utc=True).dt.tz_convert(st.context.timezone or "UTC"),
        )
        .rename(
            columns={
                "import_id": t("Number"),
                "file_name": t("File"),
                "target": t("Table"),
                "row_count": t("Rows"),
                "imported_at": t("Time"),
            }
        ),
        hide_index=True,
        column_config={
            t("Time"): st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            t("Rows"): st.column_config.NumberColumn(format="localized"),
        },
    )
    if book.synthetic or str(book.engine.url) == "sqlite://":
        return
    if not may("undo"):
        return
    named = {
        int(
            row.import_id
        ): f"{row.import_id} · {row.file_name} · {table_name(str(row.target), t)} · {t.integer(int(row.row_count))}"
        for row in standing.itertuples()
    }
    number = st.selectbox(
        t("Undo import number"),
        list(named),
        format_func=named.get,
        index=None,
        placeholder=t("Choose"),
        key="undo_number",
    )
    if number is not None and st.button(t("Undo this import"), key="undo", icon=":material/undo:"):
        st.session_state["taken_back"] = book.undo(int(number))
        book.log("undo", f"import {number}", actor())
        st.rerun()


t = translator()
line = st.container(horizontal=True, vertical_alignment="center", gap="medium")
line.title(t("Data"), width="content")
if may("import"):
    below = t("Import spreadsheets")
    line.markdown(f"[:material/upload_file: {below}](#{IMPORT})", width="content")
contents = st.container()
current = None
try:
    current = choose_book(t)
except InputError as problem:
    st.error(plain_text(t.say(problem)), icon=":material/warning:")
show_importer(t)  # first, so that what stands above it already holds what was imported
if current is not None:
    with contents:
        show_book(current, t)
        show_quality(current, t)
        show_imports(current, t)
