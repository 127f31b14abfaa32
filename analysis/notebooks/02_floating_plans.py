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
from analysis.assumptions import UsedParameters
from analysis.fund.history import read_history
from analysis.language import Translator
from analysis.fund.ledgers import read_ledgers
from analysis.plans.compared import compare_plans
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from analysis.tables import for_readers
from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.parameters import load_parameters
from models.floating import load_plan

alt.renderers.enable("svg")
t = Translator(language)
book = open_book(":memory:")
print(t.say(make_demo(book, DemoConfig(projects=projects))))

# %% [markdown]
# ## 一、一个方案就是一个文件 · A plan is a file

# %%
plan = load_plan("huainan")
print(plan.title["zh"], plan.reference, plan.steps, [c for c in plan.constants][:3], sep="\n")

# %% [markdown]
# ## 二、本账套上的五档方案 · The five steps on this book

# %%
scenario = Scenario(paths=1000, plan="national_five_steps")
review = conclude(prepare(book, scenario), scenario)
charts.floating_steps(review, t).properties(width=600)

# %% [markdown]
# ## 三、样本外五分位检验 · Quintile test out of sample
#
# 用以往年度定系数，看上一年的损失。浮动后各组支缴率越平，方案越公平。

# %%
charts.quintiles(review, t).properties(width=600)

# %%
for_readers(review.floating.movers.head(10), t)

# %% [markdown]
# ## 四、所有方案并列 · All plans side by side
#
# 区间重叠时不宣布胜者。

# %%
parameters = UsedParameters(load_parameters())
history = read_history(book, scenario, parameters)
ledgers = read_ledgers(book, scenario.resolve(parameters, history.valuation_date), parameters, history.valuation_date)
for_readers(compare_plans(history, 0, ledgers), t)
