"""How far a contractor's own cost counts: Bühlmann-Straub with contractors within prefectures, single events capped, the complement named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.credibility import Hierarchical, capped, hierarchical
from models.messages import InputError, Message

CAP_QUANTILE = 0.995


@dataclass(frozen=True)
class Credible:
    """Contractors' cost rates (fraction of total cost).

    ``fit`` prefecture > contractor; ``cap_yuan`` of one event and ``load`` that gives the excess back to all, ``removed`` its share of cost;
    all rates are with that load, so that rate = credibility · own + (1 − credibility) · complement;
    ``contractors``: ``contractor, prefecture, exposure_yuan, cost_yuan`` (capped)``, own_rate, credibility, complement_rate`` (the prefecture's)``, rate``;
    ``prefectures``: ``prefecture, contractors, exposure_yuan, own_rate, credibility, rate``; ``largest`` share of exposure of the largest contractor.
    """

    fit: Hierarchical
    cap_yuan: float
    removed: float
    load: float
    contractors: pd.DataFrame
    prefectures: pd.DataFrame
    largest: float
    notes: tuple[Message, ...]


def study_credibility(exposure: pd.DataFrame, claims: pd.DataFrame | None, cap: float | None = None) -> Credible:
    """Fit the hierarchy.

    Parameters
    ----------
    exposure : ``contractor, prefecture, year, exposure_yuan`` and, where there are no single claims, ``cost_yuan``; a contractor belongs to the
        prefecture of most of its exposure
    claims : ``contractor, year, event, cost_yuan``: ultimate cost of each case; None: the exposure's own cost, which cannot be capped
    cap : of one event's cost (yuan); by default the 99.5% quantile of events

    Raises
    ------
    InputError
        No exposure; no cost.
    """
    exposure = exposure[exposure["exposure_yuan"] > 0]
    if exposure.empty:
        raise InputError("No contractor has any exposure: credibility has nothing to weigh.")
    notes: list[Message] = []
    removed, load, limit = 0.0, 1.0, np.inf
    if claims is not None and claims.empty:
        raise InputError("No contractor has any cost: credibility has nothing to compare.")
    if claims is not None:
        events = claims.groupby("event")["cost_yuan"].sum()
        limit = float(events.quantile(CAP_QUANTILE)) if cap is None else cap
        limit = limit if limit > 0 else np.inf
        held = capped(claims["cost_yuan"].to_numpy(), limit, claims["event"].to_numpy())
        removed, load = held.removed, held.load
        cost = claims.assign(cost_yuan=held.claims).groupby(["contractor", "year"])["cost_yuan"].sum()
    else:
        cost = exposure.groupby(["contractor", "year"])["cost_yuan"].sum()
        notes.append(Message("Single claims are not known: they cannot be capped, and one catastrophe can pass for a contractor's character."))  # fmt: skip
    if not cost.abs().sum() > 0:
        raise InputError("No contractor has any cost: credibility has nothing to compare.")
    weight = exposure.groupby(["contractor", "year"])["exposure_yuan"].sum().unstack()
    amounts = cost.unstack().reindex(index=weight.index, columns=weight.columns).fillna(0.0)
    lost = 1.0 - float(amounts.to_numpy().sum()) / float(cost.sum())
    if lost > 0.001:
        notes.append(Message("{share:percent} of the cost falls where a contractor has no exposure in that year and is left out.", {"share": lost}))  # fmt: skip
    w = weight.to_numpy(dtype=np.float64)
    ratios = np.divide(amounts.to_numpy(dtype=np.float64), w, out=np.full(w.shape, np.nan), where=w > 0)
    home = exposure.assign(prefecture=exposure["prefecture"].fillna("unknown").astype("str"))
    home = home.groupby(["contractor", "prefecture"])["exposure_yuan"].sum().reset_index()
    home = home.sort_values("exposure_yuan").drop_duplicates("contractor", keep="last").set_index("contractor")
    parents = home["prefecture"].reindex(weight.index).to_numpy(dtype=str)
    fit = hierarchical(ratios, w, parents)
    total = np.nansum(w, axis=1)
    spent = np.nansum(amounts.to_numpy(), axis=1)
    largest = float(total.max() / total.sum())
    if largest > 0.5:
        notes.append(
            Message(
                "One contractor has {share:percent} of the exposure: what is common and what is its own can hardly be told apart.",
                {"share": largest},
            )
        )
    contractors = pd.DataFrame(
        {
            "contractor": weight.index.astype("str"),
            "prefecture": parents,
            "exposure_yuan": total,
            "cost_yuan": spent,
            "own_rate": spent / total * load,
            "credibility": fit.factors,
            "complement_rate": fit.complements * load,
            "rate": fit.premiums * load,
        }
    ).sort_values("exposure_yuan", ascending=False, ignore_index=True)
    by_parent = contractors.groupby("prefecture").agg(contractors=("contractor", "size"), exposure_yuan=("exposure_yuan", "sum"), cost_yuan=("cost_yuan", "sum"))  # fmt: skip
    found = by_parent.reindex(list(fit.parents))
    prefectures = pd.DataFrame(
        {
            "prefecture": list(fit.parents),
            "contractors": found["contractors"].to_numpy(),
            "exposure_yuan": found["exposure_yuan"].to_numpy(),
            "own_rate": fit.parent_means * load,
            "credibility": fit.parent_factors,
            "rate": fit.parent_premiums * load,
        }
    )
    return Credible(fit, limit, removed, load, contractors, prefectures, largest, (*notes, *fit.notes))
