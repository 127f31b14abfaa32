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
from analysis.columns import for_readers
from analysis.language import Translator
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from analysis.words import word
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
# 负二项模型，暴露为造价；相对数以暴露最多的水平（住房建筑、乌鲁木齐）为1，与真值对照。同一施工单位的项目共担一个风险（`unit=`）；
# 若当作互不相关，少数大单位的运气会被当成地州的差别，区间也过窄：95%区间大约该有二十分之一不含真值，下面数一数。
#
# A negative binomial model, exposure is total cost; the most exposed levels (housing, Urumqi) are 1, the truth stands beside. Projects of a contractor
# share one risk (`unit=`). Taken as independent, the luck of a few giants passes for a difference between prefectures, and intervals are too narrow:
# about one 95% interval in twenty should miss the truth; count them.

# %%
frame, cases = book.table("projects"), book.table("cases")
done = frame[frame["status"] == "completed"].assign(year=lambda f: f["start_date"].dt.year)
done["cases"] = done["project_id"].map(cases["project_id"].value_counts()).fillna(0)
done["yi"] = done["total_cost_yuan"] / 1e8
formula = "cases ~ C(project_type) + C(prefecture) + year"
fits = {unit: fit_frequency(done, formula, "yi", family="negative-binomial", unit=unit) for unit in ("contractor_id", None)}
true = {**truth.type_relativity, **truth.prefecture_relativity}


def beside_truth(fit):
    """Return relativities with the truth that the book was made from, on the same base levels."""
    found = fit.relativities()
    base = found[found["base"]].set_index("variable")["level"]
    found["truth"] = [true[level] / true[base[variable]] for variable, level in zip(found["variable"], found["level"], strict=True)]
    return found.assign(inside=found["truth"].between(found["low"], found["high"]))


shown = beside_truth(fits["contractor_id"])
for unit, fit in fits.items():
    own = beside_truth(fit)
    own = own[~own["base"]]
    print(f"unit={unit}: {own['inside'].sum()}/{len(own)} 个95%区间含真值 · 95% intervals hold the truth; alpha {fit.alpha:.2f} ({truth.contractor_variance:.2f})")
shown = shown[["level", "exposure", "cases", "relativity", "low", "high", "truth"]]
shown.assign(level=[word(level, t) for level in shown["level"]]).round(2)

# %% [markdown]
# ## 二、进展 · Development
#
# 按事故年度的已付三角形（不含长期待遇）与 Mack 标准误，万元。最近年度的准备金最大，也最不确定。
#
# Paid by year of accident, without pensions, with Mack's standard errors, in 10,000 yuan. The last year needs the largest reserve and is the least certain.

# %%
paid = book.table("payments").merge(cases, on="case_id")
paid = paid[~paid["benefit"].isin(["disability_allowance", "care_allowance", "survivor_pension"])]
paid["origin"] = paid["injury_date"].dt.year.clip(lower=2015)
paid["lag"] = (paid["payment_date"].dt.year - paid["origin"]).clip(lower=0)
cells = triangle(paid[["origin", "lag", "amount_yuan"]], "origin", "lag", "amount_yuan")
result = mack(cells.cumulative)
pd.DataFrame({"origin": cells.origins, "reserve": result.reserves / 1e4, "standard_error": result.standard_errors / 1e4}).round(1)

# %% [markdown]
# ## 三、三种筹资方式 · Three financing bases
#
# 现收现付只看当年支出；期末积累把当年开始的长期待遇按现值计入；完全积累计入当年项目将来的全部成本。横条为90%区间。其后为各年事故的成本和今日的资产负债表：
# 缺口不等于眼下缺钱，是今后的保费要为已经发生的事故承担的部分。
#
# Pay-as-you-go sees the outgo of the year; terminal funding enters pensions that start in the year with their present value; full funding everything that the
# year's projects will ever cost. Bars are 90% intervals. Then the cost of accidents by year, and today's balance sheet: the gap is no shortage of cash today,
# it is what later premium has to pay for accidents that have happened.

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
#
# 每个施工单位的费率介于自身费率与总体费率之间：造价越大，可信度越高，越接近自身。最大的十个单位：
#
# A contractor's rate lies between its own and that of the whole: the more it has built, the more credible, the nearer to its own. The ten largest:

# %%
for_readers(review.credibility.units.nlargest(10, "exposure_yuan"), t)
