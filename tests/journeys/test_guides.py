"""The guides do what they say: their blocks are run in order in one folder, and what a `text` block shows is printed.

In a `text` block "..." stands for anything, and white space is free.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from shell import run_shell

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
BLOCK = re.compile(r"^```(python|sh|text|yaml|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(guide: Path) -> list[tuple[str, str]]:
    return BLOCK.findall(guide.read_text(encoding="utf-8"))


def run_python(script: str, names: dict[str, Any]) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(script, "guide", "exec"), names)
    return printed.getvalue()


def shows(expected: str, printed: str) -> bool:
    """Whether what was printed is the expected, "..." standing for anything."""
    parts = (re.escape(" ".join(part.split())) for part in expected.split("..."))
    return re.fullmatch(".*".join(parts), " ".join(printed.split())) is not None


def end_processes(folder: Path) -> None:
    """End what a guide that failed midway has started and named in a file such as `serve.pid`."""
    for file in folder.glob("*.pid"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(file.read_text()), signal.SIGKILL)


def test_a_block_that_shows_something_else_is_found() -> None:
    assert shows("a  b\n...\n", "a b\nc\n")
    assert shows("a\n...\nd", "a\nb c\nd\n")
    assert not shows("a 1\n", "a 2\n")
    assert not shows("a\n", "a\nb\n")


@pytest.mark.parametrize("guide", sorted(path.name for path in GUIDES.glob("*.md")))
def test_a_guide(
    guide: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (GUIDES / "published").iterdir():
        shutil.copy(path, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    names: dict[str, Any] = {}
    printed, ran = "", 0
    try:
        for kind, content in blocks(GUIDES / guide):
            match kind:
                case "sh":
                    printed, ran = run_shell(content, tmp_path_factory.mktemp("desk")), ran + 1
                case "python":
                    printed, ran = run_python(content, names), ran + 1
                case "text":
                    assert shows(content, printed), f"{content}\n--- is not\n{printed}"
    except BaseException:
        end_processes(tmp_path)
        raise
    assert ran, f"{guide} runs nothing"


def test_every_page_is_linked_from_the_index() -> None:
    docs = GUIDES.parent
    index = (docs / "README.md").read_text(encoding="utf-8")
    pages = [*docs.glob("*.md"), *GUIDES.glob("*.md")]
    linked = [path.relative_to(docs).as_posix() for path in pages if path.name != "README.md"]
    assert [name for name in linked if f"({name})" not in index] == []


def test_every_link_of_the_pages_leads_somewhere() -> None:
    docs = GUIDES.parent
    for page in [docs.parent / "README.md", docs / "README.md", *GUIDES.glob("*.md")]:
        links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        assert [link for link in links if not (page.parent / link).exists()] == [], page.name
