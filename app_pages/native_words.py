"""Words that Streamlit itself leaves in English, covered in the reader's language: it has no setting for them."""

from __future__ import annotations

import streamlit as st

from analysis.language import Translator

COVERED = (
    "[data-testid=stFileUploaderDropzone] button p",
    "[data-testid=stFileUploaderDropzoneInstructions] span",
    "[data-testid=InputInstructions]",
)
"""Where the words stand on the page, in the order of the words of `cover`."""


def cover(t: Translator) -> None:
    """Cover Streamlit's own words where the reader does not read English."""
    if t.language == "en":
        return
    words = (
        t("Choose files"),
        t("at most {size:integer} MB a file", size=st.get_option("server.maxUploadSize")),
        t("press Enter"),
    )
    rules = [
        f'{place} {{font-size: 0}} {place}::after {{content: "{said}"; font-size: 0.875rem}}'
        for place, said in zip(COVERED, words, strict=True)
    ]
    st.html(f"<style>{' '.join(rules)}</style>")
