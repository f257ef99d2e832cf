"""classmark's faces: the command line in this process, and Python with files, frames and values."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DRAWS = 100


@dataclass(frozen=True)
class Answer:
    """What a face answers.

    Attributes:
        code: the exit code, or what it would be.
        content: the JSON of the answer; empty where there is none.
        message: standard error, or the text of the exception.
        missing: whether the face does not know an argument or a kind of input.
    """

    code: int
    content: dict[str, Any] = field(default_factory=dict)
    message: str = ""
    missing: bool = False

    @property
    def read(self) -> bool:
        return self.code == 0

    @property
    def values(self) -> dict[str, Any]:
        """Rows, classes, positive and the value of each metric, of a judgement."""
        metrics = {name: estimate["value"] for name, estimate in self.content["metrics"].items()}
        return {**{name: self.content[name] for name in ("rows", "classes", "positive")}, "metrics": metrics}


def option_words(options: Mapping[str, Any]) -> list[str]:
    """Options as the command line takes them."""
    words = []
    for name, value in options.items():
        words.append(f"--{name}")
        if isinstance(value, tuple):
            line = io.StringIO()
            csv.writer(line, lineterminator="").writerow(value)
            words.append(line.getvalue())
        elif value is not True:
            words.append(str(value))
    return words


def command(*words: object, standard_input: Path | None = None) -> Answer:
    """The answer of the command line to these words, in this process."""
    from classmark.cli.main import run

    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _standard_input(standard_input):
        try:
            code = run([str(word) for word in words])
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            return Answer(70, message=f"{type(error).__name__}: {error}")
    message = err.getvalue()
    if code != 0:
        return Answer(code, message=message, missing="No such option" in message)
    try:
        return Answer(0, json.loads(out.getvalue()), message)
    except ValueError:
        return Answer(70, message=f"standard output is no JSON: {out.getvalue()[:200]!r}")


@contextlib.contextmanager
def _standard_input(path: Path | None) -> Iterator[None]:
    """Standard input from a file, for whoever reads the stream and whoever reads the descriptor."""
    if path is None:
        yield
        return
    kept, stream = os.dup(0), sys.stdin
    try:
        with path.open("rb") as file:
            os.dup2(file.fileno(), 0)
            with open(0, encoding="utf-8", closefd=False) as opened:
                sys.stdin = opened
                yield
    finally:
        sys.stdin = stream
        os.dup2(kept, 0)
        os.close(kept)


def python_judge(*given: Any, **options: Any) -> Answer:
    """The answer of `classmark.judge`."""
    import classmark
    from classmark.errors import ClassmarkError

    spelt = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
    try:
        judge: Any = classmark.judge
        shown = judge(*given, **spelt, draws=DRAWS)
        judgement = getattr(shown, "judgement", shown)
        return Answer(0, json.loads(json.dumps(judgement.to_json())))
    except ClassmarkError as error:
        return Answer(error.exit_code, message=f"error: {error}")
    except TypeError as error:
        return Answer(70, message=f"TypeError: {error}", missing="unexpected keyword argument" in str(error))
    except Exception as error:
        return Answer(70, message=f"{type(error).__name__}: {error}")


@contextlib.contextmanager
def without_reports() -> Iterator[None]:
    """Judge and compare without drawing pages, which takes most of the time."""
    from unittest import mock

    with contextlib.ExitStack() as stack:
        for name in ("classmark.report.page.write_report", "classmark.report.comparison.write_comparison"):
            with contextlib.suppress(ImportError, AttributeError):
                stack.enter_context(mock.patch(name))
        yield
