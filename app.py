"""The page: language, login and router only. Run it with ``python start.py``."""

import streamlit as st

from app_pages.access import gate
from app_pages.state import choose_language, page_list

st.set_page_config(page_title="平衡 Pingheng", page_icon="⚖️", layout="wide")
t = choose_language()
if gate(t):
    chosen = st.navigation(page_list(t))
    st.session_state["page_path"] = chosen.url_path
    chosen.run()
else:
    st.navigation([st.Page(lambda: None, title="平衡 Pingheng")], position="hidden").run()
