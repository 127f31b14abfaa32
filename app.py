"""The page: language, login and router only. Run it with ``python start.py``."""

import streamlit as st

from app_pages import native_look
from app_pages.access import gate
from app_pages.first_review import show_step
from app_pages.languages import choose_language, translator

st.set_page_config(page_title="平衡 Pingheng", page_icon="⚖️", layout="wide")
t = translator()
with st.spinner(t("The program is starting …")):  # the models take seconds to load, once
    from app_pages.state import page_list
pages = page_list(t)
chosen = st.navigation(pages, expanded=True)
st.session_state["page_path"] = chosen.url_path
if chosen.url_path == "present":
    st.navigation(pages, position="hidden")
else:
    choose_language(st.sidebar)
native_look.apply(t)
if gate(t):
    if chosen.url_path != "present":
        show_step(chosen.url_path or "overview", t)
    chosen.run()
else:
    st.navigation([st.Page(lambda: None, title="平衡 Pingheng")], position="hidden").run()
