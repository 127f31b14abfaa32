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

from analysis import charts
from analysis.language import Translator
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from analysis.tables import for_readers
from analysis.verdict import verdict
from data.book import open_book

alt.renderers.enable("svg")  # 图形嵌入笔记，不联网 · drawn here, no network
t = Translator(language)

# %% [markdown]
# ## 一、账套 · The book
#
# 公开账套有 `national`、`xinjiang`、`xpcc`；也可以写账套文件或电子表格的路径。每个数字都有标记。

# %%
book = open_book(book_name)
book.table("accounts").head(12)

# %% [markdown]
# ## 二、评审 · The review
#
# `prepare` 做与费率无关的一切（读数、拟合、模拟），`conclude` 在某个费率下读同一批路径，约十毫秒。

# %%
scenario = Scenario(paths=paths)
prepared = prepare(book, scenario)
review = conclude(prepared, scenario)
for sentence in (*verdict(review), *review.warnings):
    print("·", t.say(sentence))

# %%
for_readers(review.accounts, t)

# %% [markdown]
# ## 三、偿付曲线 · The solvency curve
#
# 无反馈时，每条路径的结余是费率的线性函数 $B_t = a_t + r\,b_t$，因此每条路径有确切的所需费率
# $\max_t (\text{底线}_t - a_t)/b_t$；它们的分布就是这条曲线，只需模拟一次。

# %%
charts.solvency_curve(review, t).properties(width=600)

# %%
charts.fund_fan(review, t).properties(width=600)

# %% [markdown]
# ## 四、换一个费率 · Another rate
#
# 同样的随机数，只换费率：差异不含随机噪声。

# %%
for rate in (0.0008, 0.001, 0.0012, 0.0015):
    other = conclude(prepared, scenario.with_changes(base_rate=rate))
    print(t.permille(rate), t.percent(other.probability_solvent), t.money(float(other.fund["balance_p50"].iloc[-1])))

# %% [markdown]
# ## 五、依据 · What it rests on

# %%
[(a.name, a.value, a.mark, a.reference) for a in review.assumptions if a.mark in ("assumption", "unverified")]
