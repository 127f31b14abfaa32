"""The actuarial mathematics: arrays and frames in, frozen dataclasses out. No I/O, no clock, no Streamlit."""
