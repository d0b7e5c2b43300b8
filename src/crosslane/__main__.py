"""The program's first lines: ``python -m crosslane``, and the console script."""

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Runs the program; always exits. Ctrl-C while it is still being loaded ends it without a traceback."""
    try:
        from crosslane.cli.main import main as program
    except KeyboardInterrupt:
        print("error: interrupted", file=sys.stderr)
        sys.exit(130)
    program()


if __name__ == "__main__":
    main()
