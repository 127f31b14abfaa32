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
# # 真实数据上的频率模型：矿山工伤 · A frequency model on real data: mine injuries
#
# 美国矿山安全与健康管理局（MSHA）2013—2015年：每行一矿一年，有工时与工伤件数。泊松与负二项各拟合一次，再逐项诊断：
# 哪些结论站得住，哪些站不住。
#
# Mine Safety and Health Administration, 2013–2015: a row is one mine in one year, with hours worked and injuries. Poisson and negative
# binomial are fitted and then diagnosed: what can be relied on, and what cannot. The published coefficients are reproduced by the tests
# named in `docs/validation.md`.

# %% tags=["parameters"]
folder = "../shared/data"
least_hours = 2000

# %%
import sys
from pathlib import Path

root = next(p for p in (Path.cwd(), *Path.cwd().parents) if (p / "start.py").exists())
sys.path.insert(0, str(root))

import altair as alt
import numpy as np
import pandas as pd
from IPython.display import display
from scipy import stats

from analysis.chart_style import COLOURS
from analysis.language import Translator
from models.frequency import back_test, fit_frequency

alt.renderers.enable("svg")
FORMULA = "num_injuries ~ commodity + type_of_mine"
FAMILIES = {"Poisson": "poisson", "negative binomial": "negative-binomial"}
file = root / folder / "msha_2013_2015.csv.gz"
mines = pd.read_csv(file) if file.exists() else None
if mines is None:
    print(f"没有 {folder}/{file.name}（文献数据不随项目分发），以下各节跳过。")
    print(f"{folder}/{file.name} is not here (published data are not handed out with the project): the sections below are skipped.")
else:
    mines = mines[mines["emp_hrs_total"] >= least_hours].assign(
        exposure=lambda f: f["emp_hrs_total"] / 2000,
        size=lambda f: pd.cut(f["exposure"], [0, 5, 20, 100, np.inf], labels=["001–5", "005–20", "020–100", "100+"]).astype(str),
    )
    mines["mine_status"] = mines["mine_status"].fillna("(not stated)")
    display(mines.groupby("year").agg(mines=("exposure", "size"), full_time_workers=("exposure", "sum"), injuries=("num_injuries", "sum")).round())

# %% [markdown]
# ## 一、拟合 · The fits
#
# 暴露为工时÷2000（折合全年用工人数）。砂石矿既是矿种又是矿型，数据分不开二者：模型点名说明，不默默丢弃。
# 文件没有矿山编号，同一矿三年只能当作互不相关，区间因此偏窄；有编号时应以 `unit=` 让同一矿的各年共担一个风险。
#
# Exposure is hours ÷ 2000 (full-time workers). Sand & gravel is a commodity and a type of mine at once; the data cannot tell the two apart,
# and the model says so by name. The file has no mine number: the years of one mine are taken as independent, and intervals are too narrow
# for it; with a number, `unit=` lets the years of a mine share its risk.

# %%
if mines is not None:
    fits = {name: fit_frequency(mines, FORMULA, "exposure", family) for name, family in FAMILIES.items()}
    summary = {
        name: {
            "log-likelihood": fit.log_likelihood,
            "AIC": fit.aic,
            "Pearson ÷ df": fit.pearson_dispersion,
            "alpha": fit.alpha,
            "overdispersion, p": fit.overdispersion_test().p_value,
            "aliased": ", ".join(fit.aliased),
        }
        for name, fit in fits.items()
    }
    for language in ("zh", "en"):
        print(*dict.fromkeys(Translator(language).say(note) for fit in fits.values() for note in fit.notes), sep="\n")
    display(pd.DataFrame(summary))

# %% [markdown]
# ## 二、相对数及区间 · Relativities with intervals
#
# 以暴露最多的水平为1，横条为95%区间；泊松的区间已按离散程度放宽。标“×”者数据不能单独估计。
#
# The most exposed level is 1; the bar is the 95% interval, widened by the dispersion for Poisson. A cross marks what the data cannot tell by itself.

# %%
if mines is not None:
    parts = [fit.relativities().assign(model=name) for name, fit in fits.items()]
    shown = pd.concat(parts).assign(what=lambda f: f["variable"] + ": " + f["level"].astype(str))
    y = alt.Y("what:N", title=None, sort=None)
    base = alt.Chart(shown, width=480, height=alt.Step(14)).encode(
        y=y, yOffset="model:N", color=alt.Color("model:N", title=None, scale=alt.Scale(range=[COLOURS["accent"], COLOURS["main"]]))
    )
    display(
        base.mark_rule(strokeWidth=3, opacity=0.5).encode(x=alt.X("low:Q", title="相对数 · relativity", scale=alt.Scale(type="log", domain=[0.5, 2.5], nice=False)), x2="high:Q")
        + base.mark_point(filled=True, size=60).encode(x="relativity:Q", shape=alt.Shape("aliased:N", scale=alt.Scale(range=["circle", "cross"]), legend=None))
    )

# %% [markdown]
# ## 三、实际与预期 · Actual against expected
#
# 公式内的水平（泊松必然全为1）、公式外的水平（州、规模、开工状态、年份）、按预期频率十等分。浅色条：模型成立时90%的范围。
#
# By levels inside the formula (all 1 for Poisson, by construction), levels outside it, and tenths of the expected number. Pale bar: where 90% would lie if
# the model held.

# %%
if mines is not None:
    mines["tenth"] = pd.qcut(fits["negative binomial"].predict(mines).rank(method="first"), 10, labels=[f"{i:02d}" for i in range(1, 11)]).astype(str)

    def against(by):
        """Return actual ÷ expected by the values of a column, of both models, with the range of chance."""
        tables = [fit.actual_against_expected(mines, by).assign(model=name) for name, fit in fits.items()]
        table = pd.concat(tables).rename_axis("level").reset_index()
        return table.assign(level=table["level"].astype(str), by=by, least=table["low"] / table["expected"], most=table["high"] / table["expected"])

    def ratios(by):
        """Draw `against`."""
        base = alt.Chart(against(by), width=240, height=alt.Step(16), title=by).encode(y=alt.Y("level:N", title=None, sort=None))
        band = base.mark_rule(strokeWidth=8, color=COLOURS["band"], opacity=0.6).encode(x=alt.X("least:Q", title="实际÷预期 · actual ÷ expected", axis=alt.Axis(tickCount=4), scale=alt.Scale(zero=False)), x2="most:Q")
        dot = base.mark_point(filled=True, size=60, color=COLOURS["main"]).encode(x="ratio:Q")
        return (band + dot).facet(column=alt.Column("model:N", title=None, sort=list(fits)))

    for by in ("commodity", "type_of_mine", "mine_status", "year", "size", "tenth"):
        display(ratios(by))
    states = against("us_state").query("model == 'negative binomial'")
    outside = (states["actual"] < states["low"]) | (states["actual"] > states["high"])
    print(f"负二项：{len(states)}个州中{outside.sum()}个在90%范围之外，模型成立时约{0.1 * len(states):.0f}个。")
    print(f"Negative binomial: {outside.sum()} of {len(states)} states lie outside 90%; about {0.1 * len(states):.0f} would if the model held.")

# %% [markdown]
# ## 四、零与离散 · Zeros and dispersion
#
# 悬挂根图：条自预期曲线垂下，底端离0越远，该件数的矿越多（或越少）于预期。其后按预期件数十等分看方差与均值之比：
# 泊松说恒为1，负二项说随规模上升。
#
# Hanging rootogram: bars hang from the expected number; where the foot misses 0, more or fewer mines have that count than expected. Then variance ÷ mean
# by tenths: Poisson says 1 throughout, the negative binomial says it grows with size.

# %%
if mines is not None:
    most = 10
    counts = np.arange(most + 1)
    observed = np.array([(mines["num_injuries"] == k).sum() for k in counts])
    pieces, spread = [], []
    for name, fit in fits.items():
        mean, alpha = fit.predict(mines).to_numpy(), fit.alpha
        law = stats.nbinom(1 / alpha, 1 / (1 + alpha * mean)) if alpha else stats.poisson(mean)
        expected = np.array([law.pmf(k).sum() for k in counts])
        pieces.append(pd.DataFrame({"model": name, "count": counts, "top": np.sqrt(expected), "foot": np.sqrt(expected) - np.sqrt(observed)}))
        residual = (mines["num_injuries"] - mean) ** 2
        tenths = pd.DataFrame({"tenth": mines["tenth"], "mean": mean, "square": residual, "said": mean * (1 + alpha * mean)}).groupby("tenth").sum()
        spread.append(pd.DataFrame({"model": name, "tenth": tenths.index, "seen": tenths["square"] / tenths["mean"], "said": tenths["said"] / tenths["mean"]}))
    base = alt.Chart(pd.concat(pieces), width=240, height=180).encode(x=alt.X("count:O", title="件数 · injuries", axis=alt.Axis(labelAngle=0)))
    bar = base.mark_bar(color=COLOURS["band"]).encode(y=alt.Y("foot:Q", title="√矿数 · √mines"), y2="top:Q")
    line = base.mark_line(color=COLOURS["alert"], point=True).encode(y="top:Q")
    display((bar + line).facet(column=alt.Column("model:N", title=None, sort=list(fits))))
    base = alt.Chart(pd.concat(spread), width=240, height=180).encode(x=alt.X("tenth:O", title="预期件数十等分 · tenth of expected number"))
    line = base.mark_line(color=COLOURS["alert"]).encode(y=alt.Y("said:Q", title="方差÷均值 · variance ÷ mean"))
    dot = base.mark_point(filled=True, size=70, color=COLOURS["main"]).encode(y="seen:Q")
    display((line + dot).facet(column=alt.Column("model:N", title=None, sort=list(fits))))
    zeros = {name: fit.zero_inflation_test() for name, fit in fits.items()}
    display(pd.DataFrame({name: {"share without injury": z.observed / len(mines), "expected": z.expected / len(mines), "z": z.statistic} for name, z in zeros.items()}))

# %% [markdown]
# ## 五、滚动回测 · Rolling-origin back-test
#
# 用2013年预测2014年，用2013—2014年预测2015年，以严格评分（对数评分、CRPS，越小越好）比较。
#
# 2014 foretold from 2013, and 2015 from 2013–2014; proper scores (logarithmic, CRPS; smaller is better).

# %%
if mines is not None:
    tests = {name: back_test(mines, FORMULA, "exposure", "year", family) for name, family in FAMILIES.items()}
    display(pd.concat({name: one.table for name, one in tests.items()}, names=["model"]).round(3))
    gain = tests["Poisson"].log_score - tests["negative binomial"].log_score
    print(f"每矿每年对数评分，负二项优于泊松 {gain:.4f}。 Log score a mine-year, negative binomial better than Poisson by {gain:.4f}.")
    for name, one in tests.items():
        held = int(one.table["inside"].sum())
        print(f"{name}: 总数落在90%范围内 {held}/{len(one.table)} 年 · total inside the 90% band in {held} of {len(one.table)} years")
    change = fit_frequency(mines, FORMULA + " + year", "exposure").trend("year")
    print(f"频率每年变动 · change of frequency a year: {change.change:+.1%} (95%: {change.low:+.1%} … {change.high:+.1%})")

# %% [markdown]
# ## 读法 · How to read it
#
# - 单矿的离散远大于泊松所容。负二项的评分、零的份额都明显更好，但零仍略多于其所料，最大一等分的方差又被它说得过大：够用，并非真理。
#   对单个单位的判断（浮动费率、可信度）用负二项。
# - 总数是另一回事：泊松在拟合期内逐水平还原总数；负二项给大矿较小的权重，最大一等分的预期偏高，总数的预测因而偏高。预测总额前先看“规模”和等分两图。
# - 矿种、矿型之外的州与规模仍有差别：这两项应进入公式，或以可信度处理。
# - 区间只含偶然与系数误差，不含年度趋势；2015年总数落在区间之外，先看趋势，再改公式。
#
# - Mines vary far more than Poisson allows. The negative binomial scores clearly better and comes nearer to the share without injury; still there are a few
#   more zeros than it says, and it overstates the variance of the largest tenth: useful, not true. Judge single units (floating rates, credibility) with it.
# - The total is another matter: Poisson reproduces it level by level within the years fitted; the negative binomial gives large mines less weight,
#   expects too much of the largest tenth, and so foretells too high a total. Look at the charts of size and of tenths before foretelling one.
# - States and sizes differ beyond commodity and type of mine: they belong into the formula, or are a matter of credibility.
# - Bands hold chance and the error of coefficients, not a trend: the total of 2015 lies outside, which asks for a look at the trend first.
