"""The house keeps its own rules: layers, types, style, languages, nothing that should not be in a file."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from analysis import catalogues

ROOT = Path(__file__).resolve().parent.parent


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def run(*command):
    return subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)


def test_imports_run_one_way():
    tool = Path(sys.executable).with_name("lint-imports.exe" if sys.platform == "win32" else "lint-imports")
    done = subprocess.run([str(tool), "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_style():
    done = run("ruff", "check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout
    done = run("ruff", "format", "--check", "--no-cache", ".")
    assert done.returncode == 0, done.stdout


def test_types_of_models_and_analysis():
    done = run("mypy", "--cache-dir", "/dev/null" if sys.platform != "win32" else "nul")
    assert done.returncode == 0, done.stdout


def test_every_sentence_is_in_both_languages():
    known = {locale: catalogues.read(locale) for locale in ("en", "zh_CN")}
    said = {sentence for part in catalogues.sentences().values() for sentence in part}
    assert len(said) > 100
    for locale, sentences in known.items():
        assert not said - set(sentences), f"{locale} lacks: run python -m analysis.catalogues"


def test_translations_keep_their_fields():
    for sentence, translated in catalogues.read("zh_CN").items():
        fields = [sorted(re.findall(r"\{(\w+)", text)) for text in (sentence, translated)]
        assert set(fields[0]) == set(fields[1]), sentence
        assert [f for f in re.findall(r"\{[^}]*\}", sentence) if ":" in f].sort() == [
            f for f in re.findall(r"\{[^}]*\}", translated) if ":" in f
        ].sort()


def test_no_registry_machine_path_or_secret_in_any_file():
    registry = re.compile(r"https?://[^\s\"')]*(?:pypi|pythonhosted|registry|simple/|mirror)", re.IGNORECASE)
    machine = re.compile(r"(?<![\w/])/(?:home|root|work|Users)/\w+")
    secret = re.compile(r"(?i)(?:client_secret|password|api_key)\s*[=:]\s*[\"'][^\"'{}<]{6,}")
    files = tracked()
    if not files:
        pytest.skip("not a git checkout: the list of files is not known")
    for path in files:
        if path.suffix in (".otf", ".woff2", ".png"):
            continue
        text = path.read_text(encoding="utf-8")
        for pattern in (registry, machine, secret):
            found = pattern.search(text)
            assert not found or path == Path(__file__), f"{path.relative_to(ROOT)}: {found and found.group()}"


def test_architecture_names_every_folder_and_module():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for folder in ("models", "data", "analysis", "reports", "app_pages"):
        for path in (ROOT / folder).glob("*.py"):
            assert path.name == "__init__.py" or f"{path.stem}" in text, (
                f"{folder}/{path.name} is not in ARCHITECTURE.md"
            )
