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
# # 第一次费率评审 · A first rate review
#
# 从一个账套到一句结论：费率够不够、有多大把握、基金会怎样。
#
# From a book to a verdict: is the rate enough, how sure, what happens to the fund.

# %% tags=["parameters"]
book_name = "xinjiang"
language = "zh"
paths = 10_000

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
from analysis.parameter_table import assumption_rows
from analysis.verdict import verdict
from data.book import open_book

alt.renderers.enable("svg")  # 图形嵌入笔记，不联网 · drawn here, no network
t = Translator(language)

# %% [markdown]
# ## 一、账套 · The book
#
# 公开账套有 `national`、`xinjiang`、`xpcc`；也可以写账套文件或电子表格的路径。每个数字都有标记。账套有几级明细，决定评审能回答什么：
# 一级（收支）只有现收现付；二级（分单位经验）加完全积累；三级（台账）三种筹资方式并列。
#
# Public books are `national`, `xinjiang` and `xpcc`; a book's file or a spreadsheet's path does as well. How deep a book is decides what it can answer:
# accounts give pay-as-you-go only, experience by contractor full funding too, ledgers all three bases.

# %%
book = open_book(book_name)
print(book.levels(), "synthetic" if book.synthetic else "real figures")
book.table("accounts").head(12)

# %% [markdown]
# ## 二、评审 · The review
#
# `prepare` 做与费率无关的一切（读数、拟合、模拟），`conclude` 在某个费率下读同一批路径，约十毫秒。第一句是结论，其余说明结论靠什么、缺什么。
#
# `prepare` does all that does not depend on the rate (read, fit, simulate); `conclude` reads the same paths at one rate, in some ten milliseconds. The first
# sentences are the verdict; the others say what it rests on and what is missing.

# %%
scenario = Scenario(paths=paths)
prepared = prepare(book, scenario)
review = conclude(prepared, scenario)
for sentence in (*verdict(review), *review.warnings):
    print("·", t.say(sentence))

# %%
for_readers(review.accounts, t)

# %% [markdown]
# 收支平衡费率：保费扣除预防费后恰等于成本的费率；90% 区间来自各条路径自身的比率。区间若包含现行费率，数字本身并不要求调整。
#
# The break-even rate: premium less prevention equals cost; its 90% interval is that of the paths' own ratios. Where the interval holds the rate in force the
# figures alone ask for no change.

# %%
charts.indicated_rates(review, t).properties(width=600)

# %%
best = review.best
assert abs(best.parts["rate"].sum() - best.rate) < 1e-12  # 各部分之和恰为费率 · the parts sum to the rate exactly
for_readers(best.parts, t)

# %% [markdown]
# ## 三、偿付曲线 · The solvency curve
#
# 无反馈时，每条路径的结余是费率的线性函数 $B_t = a_t + r\,b_t$，因此每条路径有确切的所需费率
# $\max_t (\text{底线}_t - a_t)/b_t$；它们的分布就是这条曲线，只需模拟一次。
#
# Without feedback a path's balance is linear in the rate, so that each path has an exact rate that it requires; their distribution is this curve, and one
# simulation gives it whole.

# %%
charts.solvency_curve(review, t).properties(width=600)

# %%
charts.fund_fan(review, t).properties(width=600)

# %% [markdown]
# ## 四、换一个费率 · Another rate
#
# 同样的随机数，只换费率：差异不含随机噪声。下表与上面的曲线逐点相等，因为读的是同一批路径。
#
# The same random numbers at another rate: differences carry no noise. The table agrees with the curve point by point, since both read the same paths.

# %%
rows = []
for rate in (0.0008, 0.001, 0.0012, 0.0015):
    other = conclude(prepared, scenario.with_changes(base_rate=rate))
    closing = float(other.fund["balance_p50"].iloc[-1])
    rows.append({"rate": rate, "probability": other.probability_solvent, "closing_yuan": closing})
    assert other.probability_solvent == float(prepared.curve.probability(rate))
for_readers(pd.DataFrame(rows), t)

# %% [markdown]
# 反过来问：要有九成把握，费率须为多少？误差为蒙特卡罗误差。
#
# Asked the other way round: which rate is safe with 90%? The error is that of the simulation.

# %%
for_readers(review.required_rate, t)

# %% [markdown]
# ## 五、依据 · What it rests on
#
# 弱的排在前面：假设、未核实的参数是最先要用本基金数据替换的。试一试：把上面 `Scenario(...)` 改为 `horizon_years=20` 或 `floor_payable_months=3`，看结论怎样变。
#
# The weakest come first: what is assumed or unverified is the first to be replaced by the fund's own figures. Try `horizon_years=20` or
# `floor_payable_months=3` in the `Scenario(...)` above and see how the verdict moves.

# %%
for_readers(assumption_rows(review.assumptions, t).head(20), t)
