"""Write docs/results.md and the table of README from the records in docs/results; make records of finished runs.

    python scripts/make_results.py add RUN... [--recipe NAME] [--machine TEXT] [--tag TEXT]
    python scripts/make_results.py ablation NAME RUN... [--recipe NAME]
    python scripts/make_results.py [--check]

Each form writes the pages anew. With --check they are only compared with the records.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from classmark.errors import ClassmarkError, InputError
from classmark.runs import open_run
from classmark.system.files import read_json, write_json, write_text
from result_pages import readme_table, results_page
from result_records import ablation_record, run_record

ROOT = Path(__file__).parents[1]
START, END = "<!-- results: written by scripts/make_results.py -->\n", "<!-- end of results -->\n"
# What a record has to share with the one whose place it takes, and what is said where it does not.
SAME = {"recipe": "another recipe", "seed": "another seed", "machine": "another machine", "changes": "other changes"}


def add(runs: Sequence[Path], options: argparse.Namespace, root: Path) -> None:
    """Write a record of each finished run.

    Raises:
        ClassmarkError: a run cannot be read, or a record of another run has the name.
    """
    for folder in runs:
        record = run_record(open_run(folder), options.recipe, options.machine)
        path = record_path(record, options.tag, root)
        if path.exists() and (other := differs(read_json(path), record)):
            raise InputError(
                f"{path}: this record is of a run with {other}.", "Name the new one with --tag, or delete this."
            )
        write_json(path, record)


def record_path(record: dict[str, Any], tag: str | None, root: Path) -> Path:
    """`docs/results/imdb-bilstm-1.json`; without a tag a graphics card gives one, such as `h200`."""
    tag = tag or re.sub(r"[^a-z0-9]+", "-", (record["gpu"] or "").lower()).removeprefix("nvidia-").strip("-")
    return records_folder(root) / f"{'-'.join([record['recipe'], str(record['seed']), *([tag] if tag else [])])}.json"


def differs(one: dict[str, Any], other: dict[str, Any]) -> str:
    """In words, what one record has otherwise than another; empty if they are of the same run, repeated."""
    return next((words for name, words in SAME.items() if one.get(name) != other[name]), "")


def pages(root: Path) -> dict[Path, str]:
    """Path → content of each page, from the records.

    Raises:
        ClassmarkError: a record is damaged, or README has no place for its table.
    """
    folder, readme = records_folder(root), root / "README.md"
    records = [read_json(path) for path in sorted(folder.glob("*.json"))]
    ablations = {path.stem: read_json(path) for path in sorted((folder / "ablations").glob("*.json"))}
    written = readme.read_text(encoding="utf-8")
    before, start, rest = written.partition(START)
    _, end, after = rest.partition(END)
    if not start or not end:
        raise InputError(
            f"{readme}: the place of the table is not marked.", f"Add the lines {START.strip()} and {END.strip()}"
        )
    return {
        root / "docs" / "results.md": results_page(records, ablations),
        readme: f"{before}{start}\n{readme_table(records)}\n{end}{after}",
    }


def records_folder(root: Path) -> Path:
    """Where the records are."""
    return root / "docs" / "results"


def options_of(words: Sequence[str]) -> argparse.Namespace:
    """The command line, read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="only say whether the pages are what the records give")
    forms = parser.add_subparsers(dest="form")
    adding = forms.add_parser("add", help="make records of finished runs")
    adding.add_argument("--machine", help="what to call the machine")
    adding.add_argument("--tag", help="at the end of the record's name, to keep it beside another")
    ablating = forms.add_parser(
        "ablation", help="make a table of validation scores; the first run is what others differ from"
    )
    ablating.add_argument("name")
    ablating.add_argument(
        "--note", default="", help="a sentence on what a reader cannot know, such as what a file holds"
    )
    for form in (adding, ablating):
        form.add_argument("runs", nargs="+", type=Path)
        form.add_argument("--recipe", help="the shipped recipe that the command names, if the run's has another name")
    return parser.parse_args(words)


def main(words: Sequence[str], root: Path = ROOT) -> int:
    """Write records and pages, or with --check compare; the exit code."""
    options = options_of(words)
    try:
        if options.form == "add":
            add(options.runs, options, root)
        if options.form == "ablation":
            record = ablation_record([open_run(folder) for folder in options.runs], options.recipe)
            record["note"] = options.note
            write_json(records_folder(root) / "ablations" / f"{options.name}.json", record)
        for path, content in pages(root).items():
            if not options.check:
                write_text(path, content)
            elif not path.exists() or path.read_text(encoding="utf-8") != content:
                print(f"{path.name} is not what the records give: python scripts/make_results.py", file=sys.stderr)
                return 1
    except ClassmarkError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
