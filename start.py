# -*- coding: utf-8 -*-
"""The one door to Pingheng: ``python start.py`` (on Windows ``py start.py``).

Makes ``.venv`` beside this file, installs the hash-pinned requirements into it (from ``wheels/`` where that folder is
there), and goes on inside it. Standard library only; the syntax stays old, so that an old Python can say what it lacks.
"""

from __future__ import print_function, unicode_literals

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
OLDEST = (3, 11)
VENV = os.path.join(HERE, ".venv")
PYTHON = os.path.join(VENV, "Scripts", "python.exe") if os.name == "nt" else os.path.join(VENV, "bin", "python")
INSTALLING = os.path.join(VENV, "installing")
RUNTIME, DEVELOPMENT = "requirements.txt", "requirements-dev.txt"

USAGE = """平衡 Pingheng

  python start.py [--book BOOK] [--port N] [--no-browser]
                                    打开页面 / open the page
  python start.py review --help     不开页面，生成费率评审 / the rate review without a page
  python start.py import --help     把台账读入账套 / read ledgers into a book
  python start.py demo --help       生成模拟账套 / write a synthetic book
  python start.py sweep --help      测算一组方案 / evaluate a grid of scenarios
  python start.py form --help       审核并汇总季度报表（附件2） / check and consolidate the quarterly form
  python start.py bulletin --help   生成扩面通报 / the coverage bulletin
  python start.py notices --help    生成浮动费率告知书 / notices to contractors
  python start.py guide             打印全部参数及依据 / print every parameter with its reference
  python start.py notebook          在 JupyterLab 中打开示例笔记 / open the notebooks
  python start.py bundle --help     为无网络的电脑准备 wheels 文件夹 / fill wheels/ for a computer without internet
  python start.py test              运行全部测试 / run all tests

Windows: py start.py"""


class StartError(Exception):
    """Set-up cannot go on; the text says why and what to do, in Chinese and in English."""


def main(arguments):
    """Set up what the command needs, then run it; return its exit code."""
    command = arguments[0] if arguments and not arguments[0].startswith("-") else "page"
    if arguments and arguments[0] in ("-h", "--help", "help"):
        say(USAGE)
        return 0
    try:
        check_python()
        page = page_arguments(arguments) if command == "page" else None
        prepare(DEVELOPMENT if command in ("test", "notebook") else RUNTIME)
    except StartError as error:
        say(error)
        return 1
    except KeyboardInterrupt:
        say("\n已停止；下次启动会从头安装。\nStopped; the next start installs afresh.")
        return 130
    if command == "page":
        return run(["-m", "streamlit", "run", "app.py"] + page, HERE)
    if command == "test":
        return run(["-m", "pytest", "-n", "2", "--dist", "loadfile"] + arguments[1:], HERE)
    if command == "notebook":
        open_lessons_as_notebooks()
        return run(["-m", "jupyterlab", "--ip=127.0.0.1", "--notebook-dir=analysis/notebooks"] + arguments[1:], HERE)
    if command == "bundle":
        return run([os.path.join(HERE, "bundle.py")] + arguments[1:], HERE)
    return run([os.path.join(HERE, "cli.py")] + arguments, os.getcwd())


def open_lessons_as_notebooks():
    """Let JupyterLab open the lessons (.py, by Jupytext) as notebooks at a double click, and ask nothing of the network; the setting lives in .venv."""
    folder = os.path.join(VENV, "etc", "jupyter", "labconfig")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "default_setting_overrides.json"), "w") as file:
        file.write(
            '{"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"python": "Jupytext Notebook"}},\n'
            ' "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": false}}\n'
        )


def say(text):
    """Print at once, whatever the console can show."""
    try:
        print(text)
    except UnicodeEncodeError:
        print("{}".format(text).encode("ascii", "replace").decode("ascii"))
    sys.stdout.flush()


def check_python():
    """Refuse a Python that cannot run Pingheng."""
    if sys.version_info[:2] < OLDEST or sys.maxsize <= 2**32:
        raise StartError(
            "需要 64 位 Python 3.11 或更新版本；现在运行的是 Python {0}（{1} 位）。请安装后重试（Windows：py -3.11 start.py）。\n"
            "Pingheng needs 64-bit Python 3.11 or newer; this is Python {0} ({1}-bit). Install one and try again "
            "(Windows: py -3.11 start.py).".format(sys.version.split()[0], 64 if sys.maxsize > 2**32 else 32)
        )


def page_arguments(arguments):
    """What Streamlit is told; the book goes to the page as PINGHENG_BOOK."""
    parser = argparse.ArgumentParser(prog="start.py", usage=USAGE)
    parser.add_argument("--book")
    parser.add_argument("--port", type=int)
    parser.add_argument("--no-browser", action="store_true")
    chosen = parser.parse_args(arguments)
    if chosen.book:
        is_file = os.path.exists(chosen.book)
        os.environ["PINGHENG_BOOK"] = os.path.abspath(chosen.book) if is_file else chosen.book
    port = ["--server.port", str(chosen.port)] if chosen.port else []
    return port + (["--server.headless", "true"] if chosen.no_browser else [])


def run(arguments, folder):
    """Run Python of .venv with these arguments; its exit code is ours."""
    command = [PYTHON] + arguments
    if os.name == "posix":  # become the program: signals and the exit code are then its own
        os.chdir(folder)
        os.execve(PYTHON, command, environment())
    child = subprocess.Popen(command, cwd=folder, env=environment())
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the child got the same Ctrl-C and ends by itself
            pass


def environment():
    """This environment without what leads Python out of .venv, and with UTF-8 everywhere."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONHOME", "PYTHONPATH")}
    return dict(kept, PYTHONUTF8="1", PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1")


def prepare(requirements):
    """Make .venv hold these requirements; where a stamp says that it does, there is nothing to do."""
    if is_ready(requirements):
        return
    try:
        with open(os.path.join(HERE, ".venv.lock"), "a") as lock:
            wait_for(lock)
            if not is_ready(requirements):
                install(requirements)
    except (EnvironmentError, subprocess.CalledProcessError) as error:
        raise StartError(
            "无法写入本文件夹：{0}\n请把整个文件夹复制到可写的位置，或关闭正在运行的平衡后重试。\n"
            "This folder cannot be written: {0}\nCopy the whole folder to a place where you may write, or close a "
            "running Pingheng, and try again.".format(error)
        )


def is_ready(requirements):
    """Whether a stamp in .venv carries the hash of these requirements and its Python runs."""
    try:
        with open(stamp(requirements)) as file:
            return file.read() == fingerprint(requirements) and works()
    except EnvironmentError:
        return False


def stamp(requirements):
    """The file in .venv that says these requirements are installed."""
    return os.path.join(VENV, "installed-" + requirements)


def fingerprint(requirements):
    """The SHA-256 of a requirements file."""
    with open(os.path.join(HERE, requirements), "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def works():
    """Whether Python of .venv starts, is new enough and has pip (a moved or half-made .venv does not)."""
    test = "import sys, importlib.util as u; sys.exit(sys.version_info[:2] < (3, 11) or not u.find_spec('pip'))"
    try:
        return subprocess.call([PYTHON, "-c", test], env=environment(), stderr=subprocess.DEVNULL) == 0
    except EnvironmentError:
        return False


def wait_for(lock):
    """Hold the lock of set-up; wait where another window has it."""
    told = False
    while True:
        try:
            if os.name == "nt":
                import msvcrt

                msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except EnvironmentError:
            if not told:
                say("另一个窗口正在安装，请稍候……\nAnother window is installing; waiting …")
            told = True
            time.sleep(1)


def install(requirements):
    """Make .venv where there is none that works, and bring the requirements into it."""
    say("正在准备运行环境，第一次启动需要几分钟……\nSetting up; the first start takes a few minutes …")
    if os.path.exists(INSTALLING) or not works():
        make_venv()
    open(INSTALLING, "w").close()
    command = [PYTHON, "-m", "pip", "install", "--no-input", "--require-hashes", "--only-binary=:all:"]
    if os.path.isdir(os.path.join(HERE, "wheels")):
        command += ["--no-index", "--find-links", "wheels"]
    code, last_lines = watch_pip(command + ["--progress-bar=off", "-r", requirements])
    if code >= 0:  # pip ended by itself and left no package half-installed; killed, it leaves INSTALLING behind
        os.remove(INSTALLING)
    if code:
        raise StartError(
            "{0}\n\n安装没有完成（见上）。没有网络时：在能上网的电脑上运行 python start.py bundle，把 wheels 文件夹拷到这里再启动。"
            "使用代理或内部镜像时：先用 pip config 设置。\nThe installation did not finish (see above). Without internet: run "
            "python start.py bundle on a computer that has it, and copy its wheels folder here. Behind a proxy or with "
            "an internal mirror: set it with pip config first.".format("\n".join(last_lines))
        )
    for covered in {RUNTIME, requirements}:
        with open(stamp(covered), "w") as file:
            file.write(fingerprint(covered))


def make_venv():
    """Make .venv afresh."""
    try:
        import ensurepip  # noqa: F401  (Debian and Ubuntu leave it out of python3)
        import venv  # noqa: F401
    except ImportError:
        raise StartError(
            "这个 Python 缺少 venv。Debian、Ubuntu、麒麟、统信：sudo apt install python3-venv\n"
            "This Python lacks venv. Debian and Ubuntu: sudo apt install python3-venv"
        )
    if os.path.isdir(VENV):
        shutil.rmtree(VENV)
    subprocess.check_call([sys.executable, "-m", "venv", VENV])


def watch_pip(command):
    """Run pip, saying how far it is; return its exit code and its last lines."""
    packages, last_lines = 0, []
    with subprocess.Popen(
        command, cwd=HERE, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as pip:
        for line in pip.stdout:
            text = line.decode("utf-8", "replace").rstrip()
            last_lines = last_lines[-11:] + [text]
            if text.startswith(("Collecting ", "Processing ")):
                packages += 1
                if packages % 20 == 0:
                    say("  已取得 {0} 个软件包…… {0} packages …".format(packages))
            elif text.startswith("Installing "):
                say("  正在安装 {0} 个软件包…… installing {0} packages …".format(packages))
    return pip.returncode, last_lines


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    sys.exit(main(sys.argv[1:]))
