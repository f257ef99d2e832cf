"""One thread for what runs inside the test process: tiny tensors only wait for each other on more."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
