"""Windows and macOS lack modules and functions that Linux has; everything is imported, and locks work, without them."""

from __future__ import annotations

import subprocess
import sys

WITHOUT = """
import os, signal, sys
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty"):
    sys.modules[name] = None
for name in ("sysconf", "getuid", "geteuid", "fork", "sched_getaffinity", "getpgid", "killpg", "setsid", "getloadavg"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGPIPE"):
    delattr(signal, name)
"""
IMPORTS = """
import importlib, pkgutil
import classmark
for module in pkgutil.walk_packages(classmark.__path__, "classmark."):
    importlib.import_module(module.name)
"""
COMMANDS = """
import tempfile
from pathlib import Path
from classmark.cli.main import run
from classmark.errors import RunError
from classmark.system.locks import owned, owner_of
assert run(["recipes"]) == 0
folder = Path(tempfile.mkdtemp())
with owned(folder, "is at work"):
    assert owner_of(folder).pid == os.getpid()
    try:
        with owned(folder, "is at work"):
            raise AssertionError
    except RunError as error:
        print(str(error).startswith(f"{folder}: process {os.getpid()} is at work."))
assert owner_of(folder) is None
"""


def test_every_module_is_imported_and_a_folder_has_one_owner() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WITHOUT + IMPORTS + COMMANDS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["True"]), done.stderr
