"""Standard output and standard error as a shell may give them to us: closed, full, without readers, without characters."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from classmark.cli.main import run

resource = pytest.importorskip("resource")

CLASSMARK = str(Path(sys.executable).with_name("classmark"))
FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")


def shell(line: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """What a line of bash gives; `classmark` is the one of this environment."""
    line = f"set -o pipefail; {line.replace('classmark ', f'{CLASSMARK} ')}"
    whole = {**os.environ, **environment}
    return subprocess.run(
        ["bash", "-c", line], cwd=folder, env=whole, capture_output=True, text=True, check=False, errors="replace"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Predictions with classes that few terminals can show."""
    made = tmp_path_factory.mktemp("streams")
    rows = [f"{row},{'好坏'[row % 2]},{0.3 + row % 2 * 0.4},{0.7 - row % 2 * 0.4}" for row in range(40)]
    (made / "p.csv").write_text("id,label,p_坏,p_好\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return made


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1"])
def test_what_a_terminal_cannot_show_is_replaced(folder: Path, encoding: str) -> None:
    done = shell(
        f"ulimit -v 4000000; classmark judge p.csv --out {encoding} --draws 100", folder, PYTHONIOENCODING=encoding
    )
    assert done.returncode == 0, done.stderr
    assert "P(?) " in done.stdout


def test_json_is_escaped_and_not_replaced(folder: Path) -> None:
    done = shell(
        "ulimit -v 4000000; classmark judge p.csv --out json --draws 100 --json", folder, PYTHONIOENCODING="ascii"
    )
    assert '"\\u597d"' in done.stdout
    assert "?" not in done.stdout


@pytest.mark.parametrize(
    "command", ["recipes", "recipes show imdb-bilstm", "recipes schema", "--help", "runs", "study --list"]
)
def test_a_reader_may_leave(folder: Path, command: str) -> None:
    done = shell(f"classmark {command} | head -1", folder)
    assert (
        done.returncode,
        done.stderr.replace("No runs in runs. Start one: classmark train reviews-quick\n", ""),
    ) == (0, "")


def test_nobody_reads_the_notes(folder: Path) -> None:
    done = shell("(classmark judge nothing.csv; echo $? >code) 2>&1 | true", folder)
    assert (done.stdout, (folder / "code").read_text()) == ("", "2\n")


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_closed_streams(folder: Path, closed: str) -> None:
    done = shell(f"classmark recipes show text-csv {closed}", folder)
    assert (done.returncode, done.stderr) == (0, "")


@FULL
def test_an_answer_that_is_lost_is_no_success(folder: Path) -> None:
    done = shell("classmark recipes show text-csv >/dev/full", folder)
    assert (done.returncode, done.stderr) == (
        2,
        "error: standard output: the disk is full. The answer is lost; name another place for it.\n",
    )


def test_file_names_that_are_no_text_are_printed_as_they_are(folder: Path) -> None:
    program = "from classmark.cli.streams import patient_streams\nwith patient_streams(): print('caf\\udce9 好')"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert done.stdout == b"caf\xe9 ?\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_a_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: signal.Signals, code: int
) -> None:
    monkeypatch.setattr("classmark.cli.recipes.list_recipes", lambda: signal.raise_signal(number))
    before = signal.getsignal(number)
    assert run(["recipes"]) == code
    assert capsys.readouterr().err.strip() == "stopped"
    assert signal.getsignal(number) is before


ESCAPED = [
    (MemoryError(), 2, "error: there is not enough memory. Close other programs, take less data, or allow more memory.\n"),
    (
        PermissionError(errno.EACCES, "Permission denied", "a.csv"), 2,
        "error: a.csv: you may not read or write there. Name another place, or get the right to it.\n",
    ),
    (
        ZeroDivisionError("division by zero"), 70,
        "error: a fault of classmark: ZeroDivisionError: division by zero\nShow where: classmark --traceback recipes\n",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("error", "code", "said"), ESCAPED, ids=[type(error).__name__ for error, *_ in ESCAPED])
def test_what_escapes_every_other_net(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, code: int, said: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("classmark.cli.recipes.list_recipes", fail)
    assert run(["recipes"]) == code
    assert capsys.readouterr().err == said


LIMITS = [
    (resource.RLIMIT_NOFILE, 30, "this process may open 30 files at once, and classmark needs 64. Allow more and start again: "
     "ulimit -n 4096"),
    (resource.RLIMIT_AS, 1 << 30, "this process may address 1.0 GiB of memory, and classmark needs 1.5. Allow more and start "
     "again: ulimit -v unlimited"),
]  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has other limits")
@pytest.mark.parametrize(("limit", "most", "said"), LIMITS, ids=["files", "memory"])
def test_limits_under_which_nothing_can_work(tmp_path: Path, limit: int, most: int, said: str) -> None:
    done = subprocess.run(
        [CLASSMARK, "recipes"],
        **{"preexec_fn": lambda: resource.setrlimit(limit, (most, most))},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"error: {said}\n")


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has other limits")
def test_fewer_files_than_allowed_are_raised() -> None:
    program = "import resource\nfrom classmark.system.limits import allow_open_files\n" \
              "resource.setrlimit(resource.RLIMIT_NOFILE, (40, 100)); allow_open_files()\n" \
              "print(resource.getrlimit(resource.RLIMIT_NOFILE))"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "(100, 100)\n"


@pytest.mark.skipif(sys.platform != "linux", reason="macOS has other limits")
def test_without_addresses_for_charts_the_report_has_none(folder: Path) -> None:
    done = shell("ulimit -v 4000000; classmark judge p.csv --out few --draws 100", folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr.startswith(
        "note: the report has no charts: drawing them reserves 80 GiB of addresses, and this process may use 3.8 (ulimit -v). "
        "Without that limit, judge the run again.\n"
    )
    assert ": not drawn: ulimit -v leaves too few addresses</text>" in (folder / "few" / "report.html").read_text()
