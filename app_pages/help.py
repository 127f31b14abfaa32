"""帮助: the guided first review, templates to fill in, how each number is computed, the words of the field in both languages."""

import pandas as pd
import streamlit as st

from analysis.explanations import EXPLANATIONS
from analysis.glossary import GLOSSARY
from analysis.language import Translator
from app_pages.first_review import begin
from app_pages.showing import plain_text, template_buttons
from app_pages.state import translator

t = translator()
zh, en = Translator("zh"), Translator("en")
st.title(t("Help"))
st.subheader(t("Begin"))
st.markdown(t("Eight steps on the demonstration book, from the data to the report, each on its own page."))
if st.button(t("Guided first review (10 minutes)"), icon=":material/school:", type="primary", key="begin"):
    begin()
    st.switch_page("app_pages/data.py")
st.subheader(t("Spreadsheets to fill in"))
st.markdown(
    t("Level 1 is enough to begin; each further level answers more. What each column takes stands on the last sheet.")
)
template_buttons(t)
st.subheader(t("How each number is computed"))
for code, one in EXPLANATIONS.items():
    with st.expander(t.say(one.name), key=f"explained-{code}"):
        st.markdown(plain_text(t.say(one.meaning)))
        st.latex(one.formula)
        st.caption(t("Methods: {section}. Source: {source}", section=one.section, source=one.source))
st.subheader(t("Glossary"))
wanted = st.text_input(t("Search"), key="glossary_search", max_chars=40, icon=":material/search:").strip().lower()
rows = [
    {"中文": zh.say(term), "English": en.say(term), t("Meaning"): t.say(meaning)}
    for term, meaning in GLOSSARY
    if wanted in f"{zh.say(term)} {en.say(term)} {t.say(meaning)}".lower()
]
st.dataframe(pd.DataFrame(rows, columns=["中文", "English", t("Meaning")]), hide_index=True, height="content")
st.subheader(t("Printing and keys"))
st.markdown(
    t(
        "To print, make the report as HTML or PDF on the report page and print that. Every input is reached by Tab and moved by the arrow keys; in a presentation the arrow keys turn the screens."
    )
)
