"""The import part of the data page: files in, what they mean and the first problems, corrections by hand, then the import with a way to stop it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from analysis.book_words import column_name, spoken, table_name
from analysis.language import Translator
from app_pages.access import actor, refuse
from app_pages.books import ROOT, book_choices, book_name
from app_pages.showing import plain_text
from data import schema
from data.book import Book, open_book
from data.importing import ImportReport, import_files, preview
from data.layout import HandMapping
from data.mappings import SheetView, forget_mapping, look_at, own_names, save_own_names, saved_mappings
from data.names import WIDE, Names, example_names, fields_of, names, needed
from models.messages import InputError, Message

BOOKS = ROOT / "books"
NEW = ""
UNITS = ("元", "万元", "亿元")


def show_importer(t: Translator) -> None:
    """Show the import: choose book and files, check what they mean, import."""
    st.subheader(t("Import"))
    if st.session_state.pop("import_stopped", False):
        st.warning(t("The import was stopped. The book is as it was before."), icon=":material/stop_circle:")
    if refuse("import", t):
        return
    place = _choose_place(t)
    unit = st.selectbox(
        t("Unit of amounts where the file does not say"),
        UNITS,
        index=None,
        placeholder=t("The file says it"),
        key="unit",
    )
    files = st.file_uploader(
        t("Spreadsheets (.xlsx, .xls, .xlsb, .csv, .parquet)"),
        type=["xlsx", "xlsm", "xls", "xlsb", "csv", "parquet"],
        accept_multiple_files=True,
        key="files",
    )
    if place is not None and _is_there(place):
        with open_book(place) as book:
            _show_own_names(book, t)
    if not files:
        return
    if place is None:
        st.info(t("Give the new book a name."))
        return
    with tempfile.TemporaryDirectory() as folder:
        saved = [_saved(file, Path(folder) / str(i)) for i, file in enumerate(files)]
        problems: list[str] = []
        try:
            with open_book(place if _is_there(place) else ":memory:") as book:
                mappings = _show_meaning(book, saved, problems, t)
                report_of = [_preview(book, place, file, unit, mappings, t) for file in saved]
            for report in report_of:
                _say(report, t)
            good = st.checkbox(t("Import the good rows of files with bad rows"), key="good_rows")
            if st.button(t("Import now"), type="primary", key="import", icon=":material/upload:"):
                _store(place, saved, unit, good, mappings, t)
        except InputError as error:
            said = spoken(error, t)
            if said in problems:
                st.info(t("Say above what the columns mean; then the file is checked and can be imported."))
            else:
                st.error(plain_text(said), icon=":material/warning:")


def _is_there(place: str) -> bool:
    return "://" in place or Path(place).exists()


def _choose_place(t: Translator) -> str | None:
    """Return the book to import into: a file or a database URL; None while a new book has no good name."""
    own = [c for c in book_choices() if "://" in c or (Path(c).suffix == ".sqlite" and Path(c).exists())]
    target = st.selectbox(
        t("Into which book"),
        [NEW, *own],
        format_func=lambda c: book_name(c, t) if c else t("A new book"),
        key="target_book",
    )
    if target != NEW:
        return str(target)
    name = st.text_input(t("Name of the new book"), key="new_book", max_chars=40)
    clean = re.sub(r"[^\w\u4e00-\u9fff -]", "", name).strip()
    if not clean:
        return None
    path = BOOKS / f"{clean}.sqlite"
    if path.exists():
        st.error(plain_text(t("There is a book {name} already; choose it above or take another name.", name=clean)))
        return None
    return str(path)


def _saved(file: Any, folder: Path) -> Path:
    folder.mkdir()
    path = folder / re.sub(r"[^\w\u4e00-\u9fff .()（）-]", "_", Path(file.name).name)[-120:]
    path.write_bytes(file.getvalue())
    return path


def _preview(
    book: Book, place: str, file: Path, unit: str | None, mappings: Sequence[HandMapping], t: Translator
) -> ImportReport:
    """Return what an import would find; the same question is not asked twice."""
    cache = st.session_state.setdefault("previews", {})
    asked = (
        place,
        file.name,
        file.stat().st_size,
        hash(file.read_bytes()),
        unit,
        repr(mappings),
        repr(own_names(book)),
    )
    if asked not in cache:
        with st.spinner(t("Reading {file} …", file=file.name)):
            cache.clear()
            cache[asked] = preview(file, book, unit, mappings=mappings)
    return cache[asked]


def _show_meaning(book: Book, files: Sequence[Path], problems: list[str], t: Translator) -> list[HandMapping]:
    """Show what every column of every sheet means; return the mappings that somebody corrected by hand. What is shown as wrong is added to problems."""
    known, by_hand = names(own=own_names(book)), saved_mappings(book)
    corrected = []
    for number, file in enumerate(files):
        for view in look_at(file, known, by_hand):
            if view.problem is not None:
                problems.append(spoken(view.problem, t))
            mapping = _show_sheet(view, f"{number}-{view.sheet}", known, t)
            if mapping is not None and mapping != view.mapping:
                corrected.append(mapping)
            if view.by_hand and mapping == view.mapping:
                st.caption(t("Read by a mapping that was saved by hand."))
                if st.button(t("Forget this mapping"), key=f"forget-{number}-{view.sheet}"):
                    forget_mapping(book, mapping.signature)
                    st.rerun()
    return corrected


def _show_sheet(view: SheetView, key: str, known: Names, t: Translator) -> HandMapping | None:
    """Let somebody say what a sheet's columns mean; None where nobody said anything."""
    title = t("What the columns mean: {file} {sheet}", file=view.file, sheet=view.sheet)
    with st.expander(plain_text(title), expanded=view.problem is not None, icon=":material/table_chart:"):
        if view.problem is not None:
            st.warning(plain_text(spoken(view.problem, t)), icon=":material/help:")
            st.markdown(
                t(
                    "Choose the table and say what each column means. The book keeps it for the next file with these headers."
                )
            )
        targets = [*schema.TABLES, WIDE]
        nearest = view.mapping.target if view.mapping else view.problem and view.problem.message.fields.get("table")
        target = st.selectbox(
            t("Table"),
            targets,
            index=targets.index(nearest) if nearest in targets else None,
            format_func=lambda name: table_name(name, t),
            placeholder=t("Choose"),
            key=f"target-{key}",
        )
        if target is None:
            return None
        columns = _edited(view, target, key, known, t)
    if view.mapping is None and not needed(target) <= set(columns["meaning"]):
        return None  # a cover sheet, or somebody has only begun
    chosen = dict(zip(view.labels, columns["meaning"], strict=True))
    units = {label: u for label, u in zip(view.labels, columns["unit"], strict=True) if u and chosen[label]}
    return HandMapping(target, chosen, units)


def _edited(view: SheetView, target: str, key: str, known: Names, t: Translator) -> dict[str, list[str]]:
    """Show the columns as a table to edit; return meaning and unit of each, empty where there is none."""
    fields, examples = fields_of(target), example_names(known, target)
    shown = {name: f"{examples[name]} · {name}" if name in examples else name for name in fields}
    found = view.mapping if view.mapping is not None and view.mapping.target == target else None
    meaning = [found.columns[label] if found else known.headers[target].get(label, "") for label in view.labels]
    table = pd.DataFrame(
        {
            "header": view.headers,
            "sample": view.samples,
            "meaning": [shown.get(name) for name in meaning],
            "unit": [found.units.get(label) if found else None for label in view.labels],
        }
    )
    edited = st.data_editor(
        table,
        hide_index=True,
        key=f"columns-{key}-{target}",
        disabled=["header", "sample"],
        placeholder="",
        column_config={
            "header": st.column_config.TextColumn(t("Header in the file")),
            "sample": st.column_config.TextColumn(t("First values")),
            "meaning": st.column_config.SelectboxColumn(t("Meaning"), options=list(shown.values())),
            "unit": st.column_config.SelectboxColumn(t("Unit"), options=list(UNITS)),
        },
    )
    names_of = {text: name for name, text in shown.items()}
    return {
        "meaning": [names_of.get(text, "") for text in edited["meaning"]],
        "unit": [u if isinstance(u, str) else "" for u in edited["unit"]],
    }


def _show_own_names(book: Book, t: Translator) -> None:
    """Let the office add its own names of columns, kept in the book."""
    with st.expander(t("Own names of columns"), icon=":material/edit_note:"):
        st.markdown(
            t("Names that your exports use for a column. They are understood in every later import into this book.")
        )
        choices = {
            (target, column): f"{table_name(target, t)} · {column_name(column, t)} · {column}"
            for target in (*schema.TABLES, WIDE)
            for column in fields_of(target)
        }
        kept = own_names(book)
        table = pd.DataFrame(
            {"column": [choices[target, column] for target, column, _ in kept], "name": [name for *_, name in kept]},
            dtype="str",
        )
        edited = st.data_editor(
            table,
            num_rows="dynamic",
            hide_index=True,
            key="own_names",
            column_config={
                "column": st.column_config.SelectboxColumn(
                    t("Column of the book"), options=[*choices.values()], required=True
                ),
                "name": st.column_config.TextColumn(t("Name in your files"), required=True, max_chars=60),
            },
        )
        if st.button(t("Save the names"), key="save_names"):
            chosen = {text: place for place, text in choices.items()}
            filled = edited[edited["column"].isin(chosen.keys()) & edited["name"].notna()]
            rows = [(*chosen[str(r.column)], str(r.name)) for r in filled.itertuples(index=False)]
            try:
                save_own_names(book, rows)
            except InputError as error:
                st.error(plain_text(t.say(error)), icon=":material/warning:")
                return
            book.log("names", f"{len(rows)}", actor())
            st.success(t("The names are saved in the book."), icon=":material/check:")


def _say(report: ImportReport, t: Translator) -> None:
    """Show a report line by line, and the first rows as they were understood."""
    st.code("\n".join(spoken(line, t) for line in report.lines()), language=None, wrap_lines=True)
    for sheet in report.sheets:
        if report.dry_run and sheet.sample is not None and len(sheet.sample):
            st.caption(plain_text(t("First rows as understood: {file} {sheet}", file=sheet.file, sheet=sheet.sheet)))
            named = example_names(names(), sheet.target) if t.language == "zh" else {}
            rows = sheet.sample.dropna(axis=1, how="all")
            days = {c: rows[c].dt.strftime("%Y-%m-%d") for c in rows.select_dtypes("datetime")}
            st.dataframe(rows.assign(**days).rename(columns=named))


def _stopped() -> None:
    st.session_state["import_stopped"] = True


def _store(
    place: str, files: Sequence[Path], unit: str | None, good: bool, mappings: Sequence[HandMapping], t: Translator
) -> None:
    """Import into a book; a new book that stays empty is not left behind.

    Pressing the button to stop ends this run of the page at its next sign of progress: the transaction is rolled back.
    """
    is_new, accepted = not _is_there(place), 0
    if is_new:
        Path(place).parent.mkdir(exist_ok=True)
    stop = st.empty()
    stop.button(t("Stop the import"), key="stop_import", icon=":material/stop:", on_click=_stopped)
    try:
        with st.status(t("Importing …")) as status, open_book(place, create=True) as book:

            def say(message: Message) -> None:
                status.update(label=plain_text(spoken(message, t)))

            report = import_files(
                book, files, unit=unit, accept_good_rows=good, author=actor(), progress=say, mappings=mappings
            )
            accepted = report.accepted
            status.update(label=t("Done"), state="complete")
        _say(report, t)
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
        stop.empty()
        if is_new and not accepted:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{place}{suffix}").unlink(missing_ok=True)
