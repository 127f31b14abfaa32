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
# # 浮动方案比较 · Floating plans compared
#
# 在演示账套（模拟数据）上：谁上浮、谁下浮，方案是否找得到风险高的单位，基准费率须怎样调整才能保持平衡。
#
# On the demonstration book (synthetic): who pays more, does the plan find bad risks, what restores the balance.

# %% tags=["parameters"]
projects = 6_000
language = "zh"

# %%
import sys
from pathlib import Path

root = next(p for p in (Path.cwd(), *Path.cwd().parents) if (p / "start.py").exists())
sys.path.insert(0, str(root))

import altair as alt

from analysis import charts
from analysis.language import Translator
from analysis.plans.backtest import backtest_plans, outcomes
from analysis.plans.compared import compare_plans, rating_rows
from analysis.plans.readable import rule_in_words
from analysis.plans.words import with_words
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from analysis.columns import for_readers
from data.book import open_book
from data.demo import DemoConfig, make_demo
from models.floating import explain, load_plan

alt.renderers.enable("svg")
t = Translator(language)
book = open_book(":memory:")
print(t.say(make_demo(book, DemoConfig(projects=projects))))

# %% [markdown]
# ## 一、一个方案就是一个文件 · A plan is a file
#
# 评定单位、观察年数、支缴率的分子分母、各档界限与系数、升降限制都写在文件里，每个常数有出处与标记；换一个省的办法就是换一个文件。
#
# Who is rated, how many years are looked at, what the ratio counts, the edges and multipliers of the steps and the limits on movement all stand in the file,
# each constant with its source and mark; another province's rules are another file.

# %%
plan = load_plan("huainan")
print(plan.title[language], plan.reference, sep="\n")
for sentence in rule_in_words(plan):
    print("·", t.say(sentence))

# %% [markdown]
# ## 二、本账套上的五档方案 · The five steps on this book
#
# 浮动后的保费与按基准费率的保费之比若不等于1，基金就在补贴或多收；乘以其倒数即恢复平衡。
#
# Where premium after floating is not premium at the base rate the fund pays for the plan or gains by it; the inverse of their ratio restores the balance.

# %%
scenario = Scenario(paths=1000, plan="national_five_steps")
prepared = prepare(book, scenario)
review = conclude(prepared, scenario)
print(t.percent(review.floating.off_balance), "→ ×", t.number(1 / review.floating.off_balance, 4))
charts.floating_steps(review, t).properties(width=600)

# %% [markdown]
# ## 三、样本外五分位检验 · Quintile test out of sample
#
# 用以往年度定系数，看上一年的损失。浮动后各组支缴率越平，方案越公平；浮动后次序颠倒，说明系数定得过猛，多半是在追逐运气。
#
# Multipliers from the years before, losses of the last year: the flatter after floating, the fairer; where the order turns round the plan has gone too far and
# mostly chases luck.

# %%
charts.quintiles(review, t).properties(width=600)

# %%
for_readers(review.floating.movers.head(10), t)

# %% [markdown]
# 为什么是这一档？逐项说明：计入的年份、支缴率、信度、落在哪一档、是否受升降限制。告知书就是由此写成的。
#
# Why this step? Which years count, the ratio, its credibility, its band, whether a limit held it back: notices to contractors are written from this.

# %%
rows = rating_rows(prepared.history, prepared.ledgers)
why = explain(load_plan(scenario.plan), rows)
first = review.floating.movers["unit"].iloc[0]
why.loc[first, ["basis", "years", "cases", "loss_yuan", "premium_yuan", "ratio", "band_low", "band_high", "asked", "multiplier"]]

# %% [markdown]
# ## 四、所有方案并列 · All plans side by side
#
# 区间重叠时不宣布胜者：施工单位一年的损失大半是运气。
#
# No winner is declared where intervals overlap: most of what a contractor loses in a year is luck.

# %%
for_readers(with_words(compare_plans(prepared.history, 0, prepared.ledgers), t), t)

# %% [markdown]
# ## 五、哪个方案本可预测 · Which would have predicted
#
# 站在每个过去的年末，只用当时的经验定系数，再看其后一年的损失；施工单位连同全部年份重复抽取，区间对全部方案同时成立。
#
# At each past year-end multipliers are set from what was known, then held against the year that followed; contractors are drawn again with all their years, and
# the intervals hold for all plans at once.

# %%
names = ("national_five_steps", "huainan", "bg_bau", "ncci", "none")
tested = backtest_plans([load_plan(n) for n in names], rows, outcomes(rows))
for_readers(with_words(tested.table[["plan", "gini", "gini_low", "gini_high", "behind", "verdict"]], t), t)
