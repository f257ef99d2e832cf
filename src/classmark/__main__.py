"""The command `classmark`, also as `python -m classmark`."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and leave with its exit code; Ctrl-C while it is loaded ends it without a traceback."""
    try:
        from classmark.cli.main import run

        code = run()
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
