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
# # 已发表数表的复现 · Published tables reproduced
#
# 函数算出的数逐一与文献对照，左为已发表的数，右为本程序所算。全部数表及证明各表的测试见 `docs/validation.md`。
#
# What the functions give is set beside the literature: published numbers left, ours right. All tables, and the test that proves each, stand in
# `docs/validation.md`; mine injuries have a notebook of their own, `05_mine_injuries.py`.

# %% tags=["parameters"]
rate = 0.03

# %%
import sys
from pathlib import Path

root = next(p for p in (Path.cwd(), *Path.cwd().parents) if (p / "start.py").exists())
sys.path.insert(0, str(root))

import numpy as np
import pandas as pd
from scipy import stats

from models.aggregate import compound, compound_counts
from models.annuity import annuity_due, curtate_expectation

# %% [markdown]
# ## 生命表与年金 · Life tables and annuities (China 2010–2013)
#
# 出生时平均余命，与年利率3%的期初年金。 Expectations at birth, and annuities-due at 3%.

# %%
published = {"CL1": 75.920, "CL2": 81.207, "CL3": 79.851, "CL4": 84.937, "CL5": 82.629, "CL6": 87.631}
pd.DataFrame([{"table": k, "published": v, "ours": curtate_expectation(k, 0)} for k, v in published.items()])

# %%
points = {("CL5", 40): 24.513132, ("CL6", 40): 25.819257, ("CL5", 60): 17.746964, ("CL6", 60): 19.524880}
pd.DataFrame([{"table": k, "age": a, "published (3%)": v, "ours": annuity_due(k, a, rate)} for (k, a), v in points.items()])

# %% [markdown]
# ## 总损失分布 · Aggregate distributions
#
# 件数与单件金额复合成一年总额；99.5%分位对照。 Number and size of claims compounded to a year's total; the 99.5% point compared.

# %%
sigma = np.sqrt(np.log(5))
severity = stats.lognorm(sigma, scale=50 * np.exp(-(sigma**2) / 2))
poisson, negative = compound(200, 200, severity, 1, 2**16), compound(200, 300, severity, 1, 2**16)
pd.DataFrame(
    [
        {"count": "Poisson", "sd published": 1581.139, "sd": poisson.std, "99.5% published": 15189, "99.5%": poisson.quantile(0.995)},
        {"count": "negative binomial", "sd published": 1658.312, "sd": negative.std, "99.5% published": 15363, "99.5%": negative.quantile(0.995)},
    ]
)

# %%
dental = compound_counts(
    [0.05, 0.10, 0.15, 0.20, 0.25, 0.15, 0.06, 0.03, 0.01],
    [0, 0.150, 0.200, 0.250, 0.125, 0.075, 0.050, 0.050, 0.050, 0.025, 0.025],
    25,
    256,
)
print("Klugman, Panjer & Willmot: 314.5, 191.6155 →", round(dental.mean, 4), round(dental.std, 4))

# %% [markdown]
# ## 可信度与准备金 · Credibility and reserves
#
# 需要旁边的 `../shared/data`；没有时说明并跳过。
#
# Read from `../shared/data`; where it is absent, this is said and the section skipped.

# %%
shared = root.parent / "shared" / "data"
if (shared / "hachemeister.csv").exists():
    from models.credibility import buhlmann_straub
    from models.development import mack, triangle

    rows = pd.read_csv(shared / "hachemeister.csv")
    ratios, weights = (rows[[f"{n}.{q}" for q in range(1, 13)]].to_numpy() for n in ("ratio", "weight"))
    print("Hachemeister: 1683.7134370473 →", buhlmann_straub(ratios, weights).collective)
    genins = pd.read_csv(shared / "genins.csv")
    genins["age"] = genins["development"] - genins["origin"]
    found = mack(triangle(genins, "origin", "age", "values", cumulative=True).cumulative)
    print("Mack (1993): 18,680,856; 2,447,095 →", round(found.total_reserve), round(found.total_standard_error))
else:
    print("没有 ../shared/data：这些数表只由 tests/published 复现。")
    print("../shared/data is not here: these tables are reproduced by tests/published only.")
