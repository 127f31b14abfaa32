# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 经验研究 · An experience study
#
# 出险多频、成本多高、来得多晚、可信几何。演示账套由已知真值生成，可以对照。
#
# How often, how dear, how late, how credible. The demonstration book has a known truth to compare with.

# %% tags=["parameters"]
projects = 6_000
language = "zh"

# %%
import sys
from pathlib import Path

root = next(p for p in (Path.cwd(), *Path.cwd().parents) if (p / "start.py").exists())
sys.path.insert(0, str(root))

import altair as alt
import pandas as pd

from analysis import charts
from analysis.language import Translator
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from analysis.columns import for_readers
from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.demo.truth import Truth
from models.development import mack, triangle
from models.frequency import fit_frequency

alt.renderers.enable("svg")
t = Translator(language)
truth = Truth()
book = open_book(":memory:")
print(t.say(make_demo(book, DemoConfig(projects=projects))))

# %% [markdown]
# ## 一、频率 · Frequency
#
# 负二项模型，暴露为造价；相对数以住房建筑为基准，与真值对照。

# %%
frame, cases = book.table("projects"), book.table("cases")
done = frame[frame["status"] == "completed"].assign(year=lambda f: f["start_date"].dt.year)
done["cases"] = done["project_id"].map(cases["project_id"].value_counts()).fillna(0)
done["yi"] = done["total_cost_yuan"] / 1e8
fit = fit_frequency(done, "cases ~ C(project_type) + C(prefecture) + year", "yi", family="negative-binomial")
fit.relativities()

# %% [markdown]
# ## 二、进展 · Development
#
# 按事故年度的已付三角形与 Mack 标准误。

# %%
paid = book.table("payments").merge(cases, on="case_id")
paid = paid[~paid["benefit"].isin(["disability_allowance", "care_allowance", "survivor_pension"])]
paid["origin"] = paid["injury_date"].dt.year.clip(lower=2015)
paid["lag"] = (paid["payment_date"].dt.year - paid["origin"]).clip(lower=0)
cells = triangle(paid[["origin", "lag", "amount_yuan"]], "origin", "lag", "amount_yuan")
result = mack(cells.cumulative)
pd.DataFrame({"origin": cells.origins, "reserve": result.reserves, "standard_error": result.standard_errors})

# %% [markdown]
# ## 三、三种筹资方式 · Three financing bases

# %%
scenario = Scenario(paths=1000)
review = conclude(prepare(book, scenario), scenario)
charts.indicated_rates(review, t).properties(width=600)

# %%
charts.development(review, t).properties(width=600)

# %%
for_readers(review.balance_sheet, t)

# %% [markdown]
# ## 四、可信度 · Credibility

# %%
for_readers(review.credibility.units.nlargest(10, "exposure_yuan"), t)
