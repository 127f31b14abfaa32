"""The import part of the data page: files in, what they mean and the first problems, corrections by hand, then the import with a way to stop it."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from analysis.book_words import column_name, listed, spoken, table_name
from analysis.language import Translator
from analysis.words import cell_word
from app_pages.access import actor, refuse
from app_pages.books import ROOT, book_choices, book_name
from app_pages.showing import plain_text, template_buttons
from data import schema
from data.book import Book, open_book
from data.importing import ImportReport, import_files, preview
from data.layout import HandMapping
from data.mappings import SheetView, forget_mapping, look_at, own_names, save_own_names, saved_mappings
from data.names import WIDE, Names, fields_of, names, needed
from models.messages import InputError, Message

BOOKS = ROOT / "books"
NEW = ""
IMPORT = "import"
"""The place on the page where the import stands."""
UNITS = ("元", "万元", "亿元")


def show_importer(t: Translator) -> None:
    """Show the import: choose book and files, check what they mean, import."""
    st.subheader(t("Import"), anchor=IMPORT)
    match st.session_state.pop("import_stopped", None):
        case True:
            st.warning(t("The import was stopped. The book is as it was before."), icon=":material/stop_circle:")
        case False:
            st.warning(
                t("The import had ended before it could be stopped; undo it above."), icon=":material/stop_circle:"
            )
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
        key=f"files-{st.session_state.get('imports_done', 0)}",
    )
    if not files:
        st.caption(t("Nothing at hand yet? Empty spreadsheets to fill in:"))
        template_buttons(t)
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
        try:
            with open_book(place if _is_there(place) else ":memory:") as book:
                mappings, open_questions = _show_meaning(book, saved, t)
                if not _checked(book, place, saved, unit, mappings, open_questions, t):
                    return
            good = st.checkbox(t("Import the good rows of files with bad rows"), key="good_rows")
            if st.button(t("Import now"), type="primary", key="import", icon=":material/upload:"):
                _store(place, saved, unit, good, mappings, t)
        except InputError as error:
            st.error(plain_text(spoken(error, t)), icon=":material/warning:")


def _checked(
    book: Book,
    place: str,
    files: Sequence[Path],
    unit: str | None,
    mappings: Sequence[HandMapping],
    open_questions: Sequence[str],
    t: Translator,
) -> bool:
    """Show what an import of every file would find and every problem that keeps one from being read; return whether there is none."""
    problems: list[str] = []
    for file in files:
        try:
            _say(_preview(book, place, file, unit, mappings, t), t)
        except InputError as error:
            problems.append(spoken(error, t))
    for said in problems:
        if said not in open_questions:
            st.error(plain_text(said), icon=":material/warning:")
    if set(problems) & set(open_questions):
        st.info(t("Say above what the columns mean; then the file is checked and can be imported."))
    return not problems


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


def _show_meaning(book: Book, files: Sequence[Path], t: Translator) -> tuple[list[HandMapping], list[str]]:
    """Show what every column of every sheet means; return the mappings that somebody corrected by hand, and what is shown as wrong."""
    known, by_hand = names(own=own_names(book)), saved_mappings(book)
    corrected, problems = [], []
    for number, file in enumerate(files):
        try:
            views = look_at(file, known, by_hand)
        except InputError:
            continue  # the preview says why it cannot be read
        for view in views:
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
    return corrected, problems


def _show_sheet(view: SheetView, key: str, known: Names, t: Translator) -> HandMapping | None:
    """Let somebody say what a sheet's columns mean; None where nobody said anything."""
    title = t("What the columns mean: {file} {sheet}", file=view.file, sheet=view.sheet)
    with st.expander(plain_text(title), expanded=view.problem is not None, icon=":material/table_chart:"):
        wrong = st.container()
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
            _say_wrong(wrong, view, t)
            return None
        columns = _edited(view, target, key, known, t)
        if lacking := [
            column_name(name, t) for name in fields_of(target) if name in needed(target) - {*columns["meaning"]}
        ]:
            _say_wrong(wrong, view, t)
            st.markdown(t("Still to be named: {columns}.", columns=plain_text(listed(lacking, t))))
    if view.mapping is None and not needed(target) <= set(columns["meaning"]):
        return None  # a cover sheet, or somebody has only begun
    chosen = dict(zip(view.labels, columns["meaning"], strict=True))
    units = {label: u for label, u in zip(view.labels, columns["unit"], strict=True) if u and chosen[label]}
    return HandMapping(target, chosen, units)


def _say_wrong(place: DeltaGenerator, view: SheetView, t: Translator) -> None:
    """Say why a sheet is not understood, as long as it is not."""
    if view.problem is not None:
        place.warning(plain_text(spoken(view.problem, t)), icon=":material/help:")
        place.markdown(
            t(
                "Choose the table and say what each column means. The book keeps it for the next file with these headers."
            )
        )


def _edited(view: SheetView, target: str, key: str, known: Names, t: Translator) -> dict[str, list[str]]:
    """Show the columns as a table to edit; return meaning and unit of each, empty where there is none."""
    shown = {name: column_name(name, t) for name in fields_of(target)}
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
            "header": st.column_config.TextColumn(t("Header in the file"), width="medium"),
            "sample": st.column_config.TextColumn(t("First values"), width="medium"),
            "meaning": st.column_config.SelectboxColumn(t("Meaning"), options=list(shown.values()), width="medium"),
            "unit": st.column_config.SelectboxColumn(t("Unit"), options=list(UNITS), width="small"),
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
            (target, column): f"{table_name(target, t)} · {column_name(column, t)}"
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
            placeholder="",
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
            st.success(t("{count:integer} names are saved in the book.", count=len(rows)), icon=":material/check:")
            if len(rows) < len(edited):
                st.info(t("Rows that lack the column or the name were left out."))


def _say(report: ImportReport, t: Translator) -> None:
    """Show a report line by line, and the first rows as they were understood."""
    st.code("\n".join(spoken(line, t) for line in report.lines()), language=None, wrap_lines=True)
    for sheet in report.sheets:
        if report.dry_run and sheet.sample is not None and len(sheet.sample):
            st.caption(plain_text(t("First rows as understood: {file} {sheet}", file=sheet.file, sheet=sheet.sheet)))
            show_rows(sheet.sample.dropna(axis=1, how="all").rename_axis(t("Row")), t)


def show_rows(rows: pd.DataFrame, t: Translator, hide_index: bool = False) -> None:
    """Show rows of the book as a reader knows them: columns and codes in words, days without hours."""
    said = {c: rows[c].dt.strftime("%Y-%m-%d") for c in rows.select_dtypes("datetime")}
    for c in rows.select_dtypes("str"):
        words = {v: column_name(v, t) if c == "item" else cell_word(c, v, t) for v in rows[c].dropna().unique()}
        said[c] = rows[c].map(words, na_action="ignore")
    money = {column_name(c, t): st.column_config.NumberColumn(format="localized") for c in rows if c.endswith("_yuan")}
    named = rows.assign(**said).rename(columns=lambda c: column_name(c, t))
    st.dataframe(named, hide_index=hide_index, column_config=money, placeholder="—")


def _look_at(place: str) -> None:
    """Choose the book that was imported into, at the side and for the next file."""
    done = st.session_state.get("imports_done", 0)
    st.session_state.update(book_choice=place, target_book=place, new_book="", imports_done=done + 1)


def _stopped() -> None:
    st.session_state["import_stopped"] = st.session_state["importing"]


def _store(
    place: str, files: Sequence[Path], unit: str | None, good: bool, mappings: Sequence[HandMapping], t: Translator
) -> None:
    """Import into a book; a new book that stays empty is not left behind.

    Pressing the button to stop ends this run of the page at its next sign of progress: the transaction is rolled back.
    """
    is_new, accepted = not _is_there(place), 0
    st.session_state["importing"] = True
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
            st.session_state["importing"], accepted = False, report.accepted
            status.update(label=t("Done"), state="complete")
        _say(report, t)
        if report.refused and not accepted:
            st.error(
                t("Nothing was imported: correct the cells named above, or choose to import the good rows."),
                icon=":material/warning:",
            )
        elif accepted:
            st.success(
                t("{rows:integer} rows were imported.", rows=accepted),
                icon=":material/check:",
            )
            st.button(
                t("Look at this book"),
                key="open_imported",
                on_click=_look_at,
                args=(place,),
                icon=":material/menu_book:",
            )
    finally:
        stop.empty()
        if is_new and not accepted:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{place}{suffix}").unlink(missing_ok=True)
