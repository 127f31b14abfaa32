"""留痕: who imported, saved, locked, published and took back what, and when; for the manager."""

import streamlit as st

from analysis.book_words import table_name
from app_pages.access import refuse
from app_pages.books import choose_book
from app_pages.showing import moment, plain_text, show_table
from app_pages.state import translator
from models.messages import InputError

t = translator()
st.title(t("Record of work"))
try:
    book = choose_book(t)
    if not refuse("audit", t):
        trail = book.trail()
        if trail.empty:
            st.info(t("Nothing has been done in this book yet."), icon=":material/history:")
        else:
            st.markdown(t("Newest first. Lines are only ever added."))
            show_table(trail.assign(at=trail["at"].map(moment)), t, "audit-trail")
        made = book.imports()
        if len(made):
            st.subheader(t("Imports"))
            columns = ["import_id", "file_name", "target", "row_count", "author", "imported_at", "undone_at", "sha256"]
            said = made[columns].assign(
                target=[table_name(name, t) for name in made["target"]],
                imported_at=made["imported_at"].map(moment),
                undone_at=made["undone_at"].map(moment),
                sha256=made["sha256"].str[:12],
            )
            show_table(said, t, "imports", height="content")
except InputError as error:
    st.error(plain_text(t.say(error)), icon=":material/warning:")
