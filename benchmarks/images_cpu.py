"""Training speed on images on this machine's processor, beside the tutorial way, timm, and the bare step of the model.

    python benchmarks/images_cpu.py --data tiny-imagenet-200.zip [--compile] [--out docs/benchmarks.md]

`--images 2000 --batch 64 --size 64 --backbone densenet121 --rounds 3` unless something else is said: a few minutes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from images import add_options, measure, section
from page import write_section

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, images=2_000, workers=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        result = measure(options, "cpu", Path(name))
    environment = result["environment"]
    machine = f"{environment['processor']}, {environment['threads']} threads, {environment['capability']}"
    written = section("Images, training on a CPU", "images_cpu.py", result, machine)
    print(json.dumps(result, indent=1))
    print("\n" + written)
    if options.out is not None:
        write_section(options.out, written)
