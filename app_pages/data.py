"""数据: import spreadsheets, see what they mean before anything is written, check the book, undo."""

import pandas as pd
import streamlit as st

from analysis.language import Translator
from analysis.words import word
from app_pages.access import actor, may
from app_pages.importer import show_importer
from app_pages.state import choose_book, plain_text, translator
from data import schema
from data.book import Book
from data.quality import quality
from models.messages import InputError


def show_book(book: Book, t: Translator) -> None:
    counts = {name: book.count(name) for name in schema.TABLES}
    rows = [{t("Table"): word(name, t), t("Rows"): t.integer(n)} for name, n in counts.items() if n]
    levels = ", ".join(str(level) for level in book.levels()) or "—"
    st.write(t("Levels of detail in this book: {levels}", levels=levels))
    if rows:
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    else:
        st.info(
            t("This book is empty. Import the fund's accounts, its experience by contractor, or its ledgers below."),
            icon=":material/upload_file:",
        )


def show_quality(book: Book, t: Translator) -> None:
    st.subheader(t("Quality report"))
    findings = quality(book)
    if not findings:
        st.success(t("Nothing was found that does not fit together."), icon=":material/check:")
    for finding in findings:
        mark = ":material/error:" if finding.severity == "error" else ":material/info:"
        with st.expander(f"{t.say(finding.message)} · {t.integer(len(finding.rows))}", icon=mark):
            st.dataframe(finding.rows.head(500), hide_index=True)
            st.download_button(
                t("Download all rows"),
                finding.rows.to_csv(index=False).encode("utf-8-sig"),
                f"{finding.code}.csv",
                key=f"q-{finding.code}",
            )
    if findings:
        st.markdown(t("Nothing is corrected silently: correct the source and import it again."))


def show_imports(book: Book, t: Translator) -> None:
    made = book.imports()
    standing = made[made["undone_at"].isna()]
    if standing.empty:
        return
    st.subheader(t("Imports"))
    st.dataframe(
        standing[["import_id", "file_name", "target", "row_count", "imported_at"]].rename(
            columns={
                "import_id": t("Number"),
                "file_name": t("File"),
                "target": t("Table"),
                "row_count": t("Rows"),
                "imported_at": t("Time"),
            }
        ),
        hide_index=True,
    )
    if book.synthetic or str(book.engine.url) == "sqlite://":
        return
    if not may("undo"):
        return
    number = st.selectbox(
        t("Undo import number"), standing["import_id"].tolist(), index=None, placeholder=t("Choose"), key="undo_number"
    )
    if number is not None and st.button(t("Undo this import"), key="undo", icon=":material/undo:"):
        removed = book.undo(int(number))
        book.log("undo", f"import {number}", actor())
        st.success(t("{rows} rows were taken back.", rows=removed))


t = translator()
st.title(t("Data"))
try:
    current = choose_book(t)
    show_book(current, t)
    show_quality(current, t)
    show_imports(current, t)
except InputError as problem:
    st.error(plain_text(t.say(problem)), icon=":material/warning:")
show_importer(t)
