"""Every notebook runs from top to bottom, and what is shown asks nothing of the network."""

import re
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbconvert import HTMLExporter
from nbconvert.preprocessors import ExecutePreprocessor

FOLDER = Path(__file__).resolve().parent.parent / "analysis" / "notebooks"
SMALL = {"paths": 500, "projects": 1500}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda p: p.stem)
def test_notebook(path, tmp_path):
    notebook = jupytext.read(path)
    parameters = [c for c in notebook.cells if "parameters" in c.metadata.get("tags", [])]
    assert len(parameters) == 1
    for name, value in SMALL.items():
        parameters[0].source = re.sub(rf"^{name} = .*$", f"{name} = {value}", parameters[0].source, flags=re.MULTILINE)
    ExecutePreprocessor(timeout=250, kernel_name="python3").preprocess(notebook, {"metadata": {"path": str(FOLDER)}})
    assert notebook.cells[0].cell_type == "markdown"
    html, _ = HTMLExporter(template_name="basic", mathjax_url="", require_js_url="").from_notebook_node(notebook)
    assert not re.search(r"<(?:script|link|img)[^>]+(?:src|href)=[\"']https?://", html)
    nbformat.validate(notebook)
