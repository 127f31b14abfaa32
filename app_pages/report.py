"""报告: make and download everything that leaves the house."""

import tempfile
from pathlib import Path

import streamlit as st

from analysis.language import LANGUAGES, Translator
from analysis.rate_review import RateReview, to_json
from app_pages.state import LANGUAGE_LABELS, page, plain_text, translator
from models.messages import InputError
from reports import FORMATS, write_reports

KINDS = {"docx": "Word", "pdf": "PDF", "pptx": "PowerPoint", "xlsx": "Excel", "html": "HTML"}


def body(review: RateReview, t: Translator) -> None:
    st.write(t("One review, five formats; the figures are the same in each."))
    formats = st.multiselect(
        t("Formats"),
        FORMATS,
        default=["docx", "pdf"],
        format_func=KINDS.__getitem__,
        placeholder=t("Choose"),
        key="formats",
    )
    labels = list(LANGUAGE_LABELS.values())
    chosen = st.segmented_control(
        t("Language of the report"), labels, default=LANGUAGE_LABELS[t.language], key="report_language", required=True
    )
    language = next(code for code in LANGUAGES if LANGUAGE_LABELS[code] == chosen)
    if st.button(t("Make the report"), type="primary", icon=":material/description:", disabled=not formats):
        try:
            with st.status(t("Writing …"), expanded=True) as status, tempfile.TemporaryDirectory() as folder:
                written = write_reports(
                    review,
                    Path(folder),
                    formats,
                    Translator(language),
                    progress=lambda m: st.write(plain_text(t.say(m))),
                )
                st.session_state["made"] = {path.name: path.read_bytes() for path in written}
                status.update(label=t("Done"), state="complete", expanded=False)
        except InputError as error:
            st.error(plain_text(t.say(error)), icon=":material/warning:")
    for name, content in st.session_state.get("made", {}).items():
        st.download_button(
            t("Download {name}", name=name), content, file_name=name, key=f"download-{name}", icon=":material/download:"
        )
    st.download_button(
        t("Download {name}", name="review.json"),
        to_json(review),
        file_name="review.json",
        key="download-json",
        icon=":material/download:",
    )


t = translator()
page(t("Report"), body, t, whole=True)
