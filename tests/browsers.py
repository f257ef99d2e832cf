"""The browser that tests of pages start, if this machine has one."""

from __future__ import annotations

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = os.environ.get("CLASSMARK_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
NONE_THERE = "there is no Chromium on this machine; CLASSMARK_CHROMIUM may name one"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
