"""Who may do what, checked on the server for every action. A page on one's own computer needs no login; an office's page logs in by OIDC.

An office writes ``.streamlit/secrets.toml``: the section ``[auth]`` of Streamlit's `st.login`, and ``[roles]`` with lists of e-mail addresses under
``manager`` and ``analyst``; everyone else who can log in is a viewer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from analysis.language import Translator

ALLOWED: Mapping[str, frozenset[str]] = {
    "viewer": frozenset({"report"}),
    "analyst": frozenset({"report", "import", "save"}),
    "manager": frozenset({"report", "import", "save", "undo", "lock", "publish", "audit"}),
}
"""Role → actions beyond looking."""


def _secrets() -> Mapping[str, Any]:
    try:
        return dict(st.secrets)
    except (StreamlitSecretNotFoundError, FileNotFoundError):
        return {}


def role() -> str | None:
    """Return the reader's role; None where a login is needed and has not happened."""
    secrets = _secrets()
    if "auth" not in secrets:
        return "manager"
    if not st.user.is_logged_in:
        return None
    email = str(st.user.get("email") or "").lower()
    roles = secrets.get("roles", {})
    return next(
        (name for name in ("manager", "analyst") if email in {str(e).lower() for e in roles.get(name, [])}), "viewer"
    )


def actor() -> str:
    """Return who acts, for the audit trail: the e-mail address of the login, else nothing."""
    return str(st.user.get("email") or "") if "auth" in _secrets() and st.user.is_logged_in else ""


def may(action: str) -> bool:
    """Whether the reader may do an action."""
    return action in ALLOWED.get(role() or "", frozenset())


def refuse(action: str, t: Translator) -> bool:
    """Say so and return True where the reader may not do an action."""
    if may(action):
        return False
    st.info(t("Your role does not allow this. Ask the manager of this page."), icon=":material/lock:")
    return True


def gate(t: Translator) -> bool:
    """Show the login where one is needed; return whether the reader may go on."""
    known = role()
    if known is None:
        st.title("平衡 Pingheng")
        st.write(t("Please log in with your office account."))
        st.button(t("Log in"), on_click=st.login, type="primary", icon=":material/login:")
        return False
    if "auth" in _secrets():
        names = {"viewer": t("viewer"), "analyst": t("analyst"), "manager": t("manager")}
        st.sidebar.markdown(f"{actor()} · {names[known]}")
        st.sidebar.button(t("Log out"), on_click=st.logout, icon=":material/logout:")
    return True
