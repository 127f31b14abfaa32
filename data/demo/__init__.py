"""The demonstration book: a synthetic Xinjiang generated from a known truth, written beside it. It describes no real fund."""

from data.demo.book import make_demo
from data.demo.truth import DemoConfig

__all__ = ["DemoConfig", "make_demo"]
