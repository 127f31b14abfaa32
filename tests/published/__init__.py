"""Tables of the literature, reproduced to the digits printed."""

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def shared_data(name: str) -> Path:
    """Return the path of a published data file; skip the test where the shared folder is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"the published file {name} is not here (../shared/data)")
    return path
