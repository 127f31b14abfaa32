"""数据: import spreadsheets, see what they mean before anything is written, check the book, undo."""

import re
import tempfile
from pathlib import Path

import pandas as pd
import streamlit as st

from analysis.language import Translator
from analysis.words import word
from app_pages.access import actor, may, refuse
from app_pages.state import ROOT, book_choices, book_name, choose_book, plain_text, translator
from data import schema
from data.book import Book, open_book
from data.importing import ImportReport, import_files, preview
from data.quality import quality
from models.messages import InputError

BOOKS = ROOT / "books"
NEW = ""


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


def uploader(t: Translator) -> None:
    st.subheader(t("Import"))
    if refuse("import", t):
        return
    own = [choice for choice in book_choices() if Path(choice).suffix == ".sqlite" and Path(choice).exists()]
    target = st.selectbox(
        t("Into which book"),
        [NEW, *own],
        format_func=lambda c: book_name(c, t) if c else t("A new book"),
        key="target_book",
    )
    name = st.text_input(t("Name of the new book"), key="new_book", max_chars=40) if target == NEW else ""
    unit = st.selectbox(
        t("Unit of amounts where the file does not say"),
        ["元", "万元", "亿元"],
        index=None,
        placeholder=t("The file says it"),
        key="unit",
    )
    files = st.file_uploader(
        t("Spreadsheets (.xlsx, .xls, .xlsb, .csv, .parquet)"),
        type=["xlsx", "xls", "xlsb", "csv", "parquet"],
        accept_multiple_files=True,
        key="files",
    )
    if not files:
        return
    clean = re.sub(r"[^\w\u4e00-\u9fff -]", "", name).strip()
    if target == NEW and not clean:
        st.info(t("Give the new book a name."))
        return
    path = Path(target) if target else BOOKS / f"{clean}.sqlite"
    if target == NEW and path.exists():
        st.error(plain_text(t("There is a book {name} already; choose it above or take another name.", name=clean)))
        return
    with tempfile.TemporaryDirectory() as folder:
        saved = []
        for i, file in enumerate(files):
            safe = re.sub(r"[^\w\u4e00-\u9fff .()（）-]", "_", Path(file.name).name)[-120:]
            (Path(folder) / str(i)).mkdir()
            saved.append(Path(folder) / str(i) / safe)
            saved[-1].write_bytes(file.getvalue())
        try:
            with open_book(":memory:") as scratch:
                for file in saved:
                    say(preview(file, scratch, unit), t)
            good = st.checkbox(t("Import the good rows of files with bad rows"), key="good_rows")
            if st.button(t("Import now"), type="primary", key="import", icon=":material/upload:"):
                store(path, saved, unit, good, t)
        except InputError as error:
            st.error(plain_text(t.say(error)), icon=":material/warning:")


def say(report: ImportReport, t: Translator) -> None:
    """Show a report line by line."""
    st.code("\n".join(t.say(line) for line in report.lines()), language=None, wrap_lines=True)


def store(path: Path, files: list[Path], unit: str | None, good: bool, t: Translator) -> None:
    """Import into a book; a new book that stays empty is not left behind."""
    path.parent.mkdir(exist_ok=True)
    is_new = not path.exists()
    accepted = 0
    try:
        with st.status(t("Importing …")) as status, open_book(path, create=True) as book:
            report = import_files(
                book,
                files,
                unit=unit,
                accept_good_rows=good,
                author=actor(),
                progress=lambda m: st.write(plain_text(t.say(m))),
            )
            accepted = report.accepted
            status.update(label=t("Done"), state="complete")
        say(report, t)
        if report.refused and not accepted:
            st.error(
                t("Nothing was imported: correct the cells named above, or choose to import the good rows."),
                icon=":material/warning:",
            )
        elif accepted:
            st.success(
                t("{rows:integer} rows were imported. Choose the book at the side.", rows=accepted),
                icon=":material/check:",
            )
    finally:
        if is_new and not accepted:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)


t = translator()
st.title(t("Data"))
try:
    current = choose_book(t)
    show_book(current, t)
    show_quality(current, t)
    show_imports(current, t)
except InputError as problem:
    st.error(plain_text(t.say(problem)), icon=":material/warning:")
uploader(t)
