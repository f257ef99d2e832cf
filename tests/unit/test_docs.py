"""The written pages are current."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_reference_of_recipe_keys_is_current() -> None:
    script = Path(__file__).parents[2] / "scripts" / "make_reference.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
