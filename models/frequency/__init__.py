"""Claim frequency: generalised linear models of counts with exposure, fitted on cells, with the tests and tables that a review needs."""

from models.frequency.fit import fit_frequency
from models.frequency.result import FrequencyFit
from models.frequency.review import BackTest, back_test, term_tests, wald_tests
from models.frequency.scores import crps, log_score

__all__ = ["BackTest", "FrequencyFit", "back_test", "crps", "fit_frequency", "log_score", "term_tests", "wald_tests"]
