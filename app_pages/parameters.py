"""参数与依据: every parameter that the review depends on, with its reference and mark."""

import pandas as pd
import streamlit as st

from analysis.language import Translator
from analysis.rate_review import RateReview
from app_pages.state import page, translator


def body(review: RateReview, t: Translator) -> None:
    st.dataframe(
        pd.DataFrame(
            [
                {
                    t("Parameter"): a.label.get(t.language, a.name),
                    t("Value"): str(a.value),
                    t("Unit"): a.unit,
                    t("Mark"): a.mark,
                    t("Reference"): a.reference,
                }
                for a in review.assumptions
            ]
        ),
        hide_index=True,
    )


t = translator()
page(t("Parameters and sources"), body, t)
