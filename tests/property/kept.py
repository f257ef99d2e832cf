"""Tables that break the law, kept for whoever mends the fault."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .random_tables import Meaning, Table
from .render import write_table


def keep_table(table: Table, outcome: Mapping[str, Any], folder: Path) -> Path:
    """The folder with the files of a table and what became of it, for whoever mends the fault."""
    kept = folder / f"table-{table.seed}"
    kept.mkdir(parents=True, exist_ok=True)
    for stem, rows in (("predictions", table.judged), ("validation", table.held_out)):
        if not any(kept.glob(f"{stem}*")):
            write_table(table, rows, kept, stem)
    names = table.meaning.names
    about = {
        "seed": table.seed,
        "again": f"python -m tests.property.run --table {table.seed}",
        "command": outcome["words"],
        "shape": table.shape,
        "format": table.format,
        "remarks": table.remarks,
        "verdict": outcome["verdict"],
        "faults": outcome["faults"],
        "message": outcome["message"],
        "columns": [column.name for column in table.columns],
        "truth": table.truth,
        "classes": names,
        "rows": [_row_text(table.meaning, row) for row in range(min(5, table.problem.judged))],
    }
    (kept / "about.json").write_text(json.dumps(about, indent=1, ensure_ascii=False, default=str), encoding="utf-8")
    return kept


def _row_text(meaning: Meaning, row: int) -> str:
    """What one row means."""
    label = "no label" if meaning.labels[row] < 0 else f"label {meaning.names[meaning.labels[row]]}"
    said = "" if meaning.decisions is None else f", decision {meaning.names[meaning.decisions[row]]}"
    if meaning.probabilities is None:
        return label + said
    shares = zip(meaning.names, np.round(meaning.probabilities[row], 6).tolist(), strict=True)
    return label + said + ", " + ", ".join(f"P({name}) = {share}" for name, share in shares)
