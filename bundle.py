"""Fill ``wheels/`` for a computer without internet: ``python start.py bundle --platform win_amd64 --python 3.11``.

Runs inside ``.venv``. pip chooses wheels for another platform, but reads the conditions of a requirement
(``; sys_platform == 'win32'``) as of the computer it runs on; so the conditions are decided here, for the target.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).resolve().parent
WHEELS = HERE / "wheels"


def _manylinux(machine: str) -> tuple[str, ...]:
    """Wheel tags that a Linux with glibc 2.28 accepts (Debian 10, RHEL 8, 麒麟 V10 and newer)."""
    return *(f"manylinux_2_{minor}_{machine}" for minor in range(28, 16, -1)), f"manylinux2014_{machine}"


def _macos(machine: str) -> tuple[str, ...]:
    return tuple(f"macosx_{major}_0_{kind}" for major in range(14, 10, -1) for kind in (machine, "universal2"))


_WINDOWS = {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"}
_LINUX = {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"}
_MACOS = {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"}
TARGETS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "win_amd64": (("win_amd64",), _WINDOWS | {"platform_machine": "AMD64"}),
    "linux_x86_64": (_manylinux("x86_64"), _LINUX | {"platform_machine": "x86_64"}),
    "linux_aarch64": (_manylinux("aarch64"), _LINUX | {"platform_machine": "aarch64"}),
    "macos_arm64": (_macos("arm64"), _MACOS | {"platform_machine": "arm64"}),
}


def requirements_for(text: str, platform: str, python: str) -> str:
    """Return the lines of a locked requirements file that hold on a platform, without their conditions.

    >>> print(requirements_for("a==1 ; sys_platform == 'win32' \\\\\\n    --hash=sha256:0\\nb==2 ; os_name != 'nt'", "win_amd64", "3.11"))
    a==1 --hash=sha256:0
    """
    target = TARGETS[platform][1] | {
        "python_version": python,
        "python_full_version": f"{python}.99",  # the newest patch release of that Python
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    chosen = []
    for line in text.replace("\\\n", " ").splitlines():
        requirement, *hashes = line.split(" --hash=")
        if not requirement.strip() or requirement.lstrip().startswith("#"):
            continue
        parsed = Requirement(requirement)
        if parsed.marker is None or parsed.marker.evaluate(target):
            parsed.marker = None
            chosen.append(" --hash=".join([str(parsed), *(one.strip() for one in hashes)]))
    return "\n".join(chosen)


def main() -> int:
    """Download the wheels; return pip's exit code."""
    parser = argparse.ArgumentParser(prog="start.py bundle", description=__doc__)
    parser.add_argument("--platform", choices=TARGETS, default="win_amd64", help="of the computer without internet")
    parser.add_argument("--python", default="3.11", help="version of Python there, as 3.11")
    parser.add_argument("--dev", action="store_true", help="also what the notebooks and the tests need")
    chosen = parser.parse_args()
    file = HERE / ("requirements-dev.txt" if chosen.dev else "requirements.txt")
    lines = requirements_for(file.read_text(encoding="utf-8"), chosen.platform, chosen.python)
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "requirements.txt")
        wanted.write_text(lines, encoding="utf-8")
        command = [sys.executable, "-m", "pip", "download", "--no-input", "--progress-bar=off", "--quiet", "--no-deps"]
        command += [
            "--require-hashes",
            "--only-binary=:all:",
            "--implementation=cp",
            f"--python-version={chosen.python}",
        ]
        command += [f"--platform={tag}" for tag in TARGETS[chosen.platform][0]]
        code = subprocess.call([*command, "--dest", str(WHEELS), "--requirement", str(wanted)])
    if code == 0:
        files = list(WHEELS.glob("*.whl"))
        size = sum(one.stat().st_size for one in files) / 1e6
        print(
            f"{len(files)} 个文件，{size:.0f} MB。请把整个文件夹（不含 .venv）拷到那台电脑，再运行 py start.py。\n"
            f"{len(files)} files, {size:.0f} MB. Copy this whole folder (without .venv) there and run py start.py."
        )
    return code


if __name__ == "__main__":
    sys.exit(main())
