"""Floating plans on a book: compared, exact, back-tested, simulated, searched; notices to contractors."""
