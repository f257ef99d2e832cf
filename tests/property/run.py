"""Judge many random tables: python -m tests.property.run --tables 20000 --seed 1 --jobs 2."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

from .kept import keep_table
from .law import FACES, Outcome, check_seed
from .random_tables import draw_table

SEEDS_APART = 1_000_000  # table i of a run with seed s has the seed s × 1,000,000 + i
VERDICTS = ("right", "less", "refused", "wrong")


def prepare() -> None:
    """Draw no pages from now on, and be silent about warnings."""
    import atexit
    import warnings

    from .faces import without_reports

    warnings.simplefilter("ignore")
    patched = without_reports()
    patched.__enter__()
    atexit.register(patched.__exit__, None, None, None)  # keeps it alive


def outcomes(
    seeds: Sequence[int], jobs: int, faces: Sequence[Sequence[str]], keep: Path | None = None
) -> Iterator[Outcome]:
    """What becomes of the tables of these seeds, in their order.

    Args:
        seeds: of the tables.
        jobs: processes at the same time.
        faces: those that each table goes through beside `judge`.
        keep: folder for the tables that break the law.
    """
    for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=prepare) as pool:
        yield from pool.map(check_seed, seeds, faces, repeat(keep), chunksize=10)


def counted(found: Sequence[Outcome], of: str) -> list[str]:
    """A table as lines: value of `of` × verdicts."""
    counts: Counter[tuple[str, str]] = Counter((getattr(one, of), one.verdict) for one in found)
    names = sorted({name for name, _ in counts})
    width = max(map(len, names), default=0)
    lines = [f"{of:{width}}  " + "".join(f"{verdict:>9}" for verdict in VERDICTS)]
    lines += [f"{name:{width}}  " + "".join(f"{counts[name, verdict]:9,}" for verdict in VERDICTS) for name in names]
    totals: Counter[str] = Counter(one.verdict for one in found)
    return [*lines, f"{'all':{width}}  " + "".join(f"{totals[verdict]:9,}" for verdict in VERDICTS)]


def summary(found: Sequence[Outcome]) -> str:
    """What a run says: verdicts by shape and format, plain tables, faces, and the kinds of faults."""
    plain = [one for one in found if one.plain]
    read = sum(one.verdict == "right" for one in plain)
    kinds = Counter((fault.face, fault.kind) for one in found for fault in one.faults)
    faces = Counter((face, state) for one in found for face, state in one.faces.items())
    lines = [*counted(found, "shape"), "", *counted(found, "format"), ""]
    lines += [f"plain tables: {read:,} of {len(plain):,} are read and right"]
    lines += [*counted(plain, "shape"), ""] if plain else [""]
    lines += [f"{face:13} {state:8} {count:7,}" for (face, state), count in sorted(faces.items())]
    lines += ["", f"tables with a fault: {sum(bool(one.faults) for one in found):,}"]
    lines += [f"{face:13} {kind:13} {count:7,}" for (face, kind), count in sorted(kinds.items())]
    return "\n".join(lines)


def described(one: Outcome) -> str:
    """A failure in a few lines, with what makes it again."""
    about = ", ".join([one.shape, one.format, *(["plain"] if one.plain else []), *one.remarks])
    lines = [f"--table {one.seed}   {about}", f"    classmark {' '.join(map(repr, one.words))}"]
    return "\n".join([*lines, *(f"    {fault}" for fault in one.faults[:4])])


def main(words: Sequence[str] | None = None) -> int:
    """The exit code: 1 where a table breaks the law."""
    parser = argparse.ArgumentParser(prog="python -m tests.property.run", description=__doc__)
    parser.add_argument("--tables", type=int, default=500, help="how many")
    parser.add_argument("--seed", type=int, default=1, help="of the run")
    parser.add_argument("--jobs", type=int, default=2, help="processes at the same time")
    parser.add_argument("--table", type=int, action="append", help="the seed of one table, which is kept and described")
    parser.add_argument("--failures", type=Path, default=Path("property-failures"), help="folder for failing tables")
    parser.add_argument("--show", type=int, default=40, help="how many failures are printed")
    parser.add_argument("--refusals", action="store_true", help="print one refusal per shape too")
    parser.add_argument("--faces", default=",".join(FACES), help="beside judge, separated by commas")
    asked = parser.parse_args(words)
    faces = [face for face in asked.faces.split(",") if face]
    if asked.table:
        return _show_tables(asked.table, faces, asked.failures)
    start = time.monotonic()
    seeds = [asked.seed * SEEDS_APART + number for number in range(asked.tables)]
    found = []
    for number, one in enumerate(outcomes(seeds, asked.jobs, [faces] * len(seeds), asked.failures), start=1):
        found.append(one)
        if number % 500 == 0:
            broken = sum(bool(each.faults) for each in found)
            print(f"{number:,} tables, {broken:,} with a fault, {time.monotonic() - start:.0f} s", file=sys.stderr)
    failing = [one for one in found if one.faults]
    for one in failing[: asked.show]:
        print(described(one))
    unread = [one for one in found if one.verdict != "right" and one.plain and not one.faults]
    if asked.refusals:
        unread += list({one.shape: one for one in found if one.verdict == "refused" and not one.plain}.values())
    for one in unread:
        print(f"{described(one)}\n    {one.message.strip() or 'its probabilities are not read'}")
    print(f"\n{len(found):,} tables, seed {asked.seed}, {time.monotonic() - start:.0f} seconds\n\n{summary(found)}")
    return int(bool(failing))


def _show_tables(seeds: Sequence[int], faces: Sequence[str], keep: Path) -> int:
    prepare()
    failed = 0
    for seed in seeds:
        one = check_seed(seed, faces)
        print(f"{described(one)}\n    verdict: {one.verdict}; {dict(one.faces)}")
        if one.message:
            print(f"    {one.message.strip()}")
        print(f"    kept in {keep_table(draw_table(seed), asdict(one), keep)}")
        failed += bool(one.faults)
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
