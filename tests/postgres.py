"""A PostgreSQL server of our own for the tests: made in a temporary folder, on a free port, stopped at the end."""

import contextlib
import os
import shutil
import socket
import subprocess
from pathlib import Path


def programs():
    """Return the folder of PostgreSQL's programs, None where it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    path = shutil.which("initdb")
    return Path(path).parent if path else None


def as_user(command):
    """PostgreSQL refuses to run as root; Debian's package brings the user postgres."""
    return ["runuser", "-u", "postgres", "--", *command] if os.name == "posix" and os.geteuid() == 0 else command


@contextlib.contextmanager
def server(folder):
    """Start a server in an empty folder; yield its URL."""
    bin_folder = programs()
    folder.mkdir(parents=True, exist_ok=True)
    for parent in (folder, *folder.parents):  # the server's own user must reach its folder
        with contextlib.suppress(PermissionError):
            if str(parent).startswith("/tmp/") and parent.stat().st_uid == os.geteuid():
                parent.chmod(0o777 if parent == folder else parent.stat().st_mode | 0o055)
    data = folder / "data"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*command):
        subprocess.run(
            as_user([str(bin_folder / command[0]), *command[1:]]),
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=120,
        )

    run("initdb", "-D", str(data), "-U", "pingheng", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    run("pg_ctl", "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield f"postgresql+pg8000://pingheng@127.0.0.1:{port}/postgres"
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):  # it is gone already
            run("pg_ctl", "-D", str(data), "-m", "immediate", "stop")
