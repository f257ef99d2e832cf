"""Training speed on images on this machine's processor, beside the tutorial way, timm, and the bare step of the model.

python benchmarks/images_cpu.py --data tiny-imagenet-200.zip [--compile] [--out docs/benchmarks.md]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from images import add_options, in_words, measure, results
from page import write_section

COMMAND = "python benchmarks/images_cpu.py --data tiny-imagenet-200.zip --compile --out docs/benchmarks.md"


def section(found: dict[str, Any]) -> str:
    """The measurement as a Markdown section."""
    environment = found["environment"]
    machine = f"{environment['processor']}, {environment['threads']} threads, {environment['capability']}"
    parts = ["## Images, training on a CPU", in_words(COMMAND, found["workers"]), results(found, machine)]
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    add_options(parser, images=2_000, workers=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        result = measure(options, "cpu", Path(name))
    print(json.dumps(result, indent=1))
    print("\n" + section(result))
    if options.out is not None:
        write_section(options.out, section(result))
