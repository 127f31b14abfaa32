"""The door: start.py in a folder of its own, with blanks and Chinese characters in its path, as a new user has it."""

import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest

import start
from bundle import requirements_for

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def door(tmp_path):
    folder = tmp_path / "平衡 测试 folder"
    folder.mkdir()
    for name in ("start.py", "bundle.py"):
        shutil.copy(ROOT / name, folder)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (folder / name).write_text("", encoding="utf-8")
    (folder / "cli.py").write_text("import sys\nprint('ran', *sys.argv[1:])\nsys.exit(7)\n", encoding="utf-8")
    return folder


def call(folder, *arguments, python=sys.executable, **more):
    return subprocess.run(
        [str(python), "start.py", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=240,
        **more,
    )


def test_first_start_sets_up_the_second_goes_straight_on(door):
    first = call(door, "review", "--book", "有 空格.sqlite")
    assert first.returncode == 7, first.stdout + first.stderr  # the command's own exit code
    assert "ran review --book 有 空格.sqlite" in first.stdout
    assert (door / ".venv").is_dir()
    began = time.monotonic()
    again = call(door, "review")
    assert again.returncode == 7
    assert "Setting up" not in again.stdout
    assert time.monotonic() - began < 20  # no second set-up; the speed itself is a benchmark's business


def test_changed_requirements_are_installed_anew_and_wheels_need_no_network(door):
    assert call(door, "review").returncode == 7
    wheels = door / "wheels"
    wheels.mkdir()
    (door / "requirements.txt").write_text(
        "nowhere-to-be-found==1.0 --hash=sha256:" + "0" * 64 + "\n", encoding="utf-8"
    )
    done = call(door, "review")
    assert done.returncode == 1
    assert "bundle" in done.stdout
    assert "没有网络" in done.stdout


def test_a_broken_environment_is_made_again(door):
    assert call(door, "review").returncode == 7
    python = door / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python.unlink()
    assert call(door, "review").returncode == 7


def test_help_needs_no_set_up(door):
    done = call(door, "--help")
    assert done.returncode == 0
    assert "python start.py test" in done.stdout
    assert not (door / ".venv").exists()


def test_an_old_python_is_refused_clearly(monkeypatch, capsys):
    monkeypatch.setattr(start, "OLDEST", (99, 0))
    assert start.main(["review"]) == 1
    said = capsys.readouterr().out
    assert "Python" in said
    assert "需要" in said


def test_a_python_without_venv_is_told_what_to_install(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(start, "VENV", str(tmp_path / "v"))
    monkeypatch.setattr(start, "PYTHON", str(tmp_path / "v" / "python"))
    monkeypatch.setattr(start, "INSTALLING", str(tmp_path / "v" / "installing"))
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert start.main(["review"]) == 1
    assert "python3-venv" in capsys.readouterr().out
    assert venv.__name__ == "venv"


def test_start_parses_on_an_old_python():
    import ast

    ast.parse((ROOT / "start.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_bundle_decides_conditions_for_the_target():
    text = "a==1 ; sys_platform == 'win32' \\\n    --hash=sha256:0\nb==2 ; os_name != 'nt' \\\n    --hash=sha256:1\nc==3 \\\n    --hash=sha256:2\n"
    assert requirements_for(text, "win_amd64", "3.11").splitlines() == ["a==1 --hash=sha256:0", "c==3 --hash=sha256:2"]
    assert requirements_for(text, "linux_x86_64", "3.11").splitlines() == [
        "b==2 --hash=sha256:1",
        "c==3 --hash=sha256:2",
    ]


def test_requirements_are_pinned_with_hashes_and_name_no_place():
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert "://" not in text
        pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
        assert all("==" in line for line in pins)
        assert text.count("--hash=sha256:") >= len(pins)
