"""`python -m classmark`, the same as the command `classmark`."""

import sys

from classmark.cli.main import run

sys.exit(run())
