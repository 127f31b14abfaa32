"""Claim frequency: generalised linear models of counts with exposure, fitted on cells, with the tests and tables that a review needs."""

from models.frequency.cells import Cells
from models.frequency.fit import FrequencyFit, fit_frequency

__all__ = ["Cells", "FrequencyFit", "fit_frequency"]
