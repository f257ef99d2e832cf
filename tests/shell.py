"""A shell in which the commands that need no process of their own run in this one, which has loaded everything already."""

from __future__ import annotations

import contextlib
import io
import os
import select
import subprocess
import sys
from pathlib import Path

from classmark.cli.main import run

SECONDS = 900
# The shell sends folder and words of a command, and waits for the exit code and what was printed; at its end it says "over".
BEFORE = r"""
trap 'printf over > "$DESK/asked"' EXIT
classmark() {
  case "$1" in
    audit | compare | judge | mix | plan | predict)
      printf '%s\0' "$PWD" "$@" > "$DESK/asked"
      read -r code < "$DESK/answered"
      cat "$DESK/out"
      cat "$DESK/err" >&2
      return "$code" ;;
    *) command classmark "$@" ;;
  esac
}
"""


def run_shell(script: str, desk: Path) -> str:
    """What a shell prints on standard output, with the environment's own commands first.

    Args:
        script: stopped by the first command that fails, which fails the test.
        desk: an empty folder outside the script's own, for what the shell asks and is answered.
    """
    for name in ("asked", "answered"):
        os.mkfifo(desk / name)
    words = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    settings = {**os.environ, "PATH": words, "COLUMNS": "100", "DESK": str(desk)}
    with (desk / "stdout").open("w") as stdout, (desk / "stderr").open("w") as stderr:
        process = subprocess.Popen(["bash", "-e", "-c", BEFORE + script], stdout=stdout, stderr=stderr, env=settings)
        asked = os.open(desk / "asked", os.O_RDWR)
        try:
            while (message := _message(asked)) != b"over":
                _answer(desk, message)
            code = process.wait(SECONDS)
        finally:
            process.kill()
            os.close(asked)
    printed, said = ((desk / name).read_text() for name in ("stdout", "stderr"))
    assert code == 0, f"{script}\n{printed}{said}"
    assert "Warning" not in said
    return printed


def _message(asked: int) -> bytes:
    assert select.select([asked], [], [], SECONDS)[0], "the shell does not end"
    return os.read(asked, select.PIPE_BUF)


def _answer(desk: Path, message: bytes) -> None:
    """Run the command of a message."""
    folder, *words = message.decode().split("\0")[:-1]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    (desk / "out").write_text(out.getvalue())
    (desk / "err").write_text(err.getvalue())
    (desk / "answered").write_text(f"{code}\n")
