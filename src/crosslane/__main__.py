"""``python -m crosslane``: the program where its script is not on the path."""

from crosslane.cli.main import main

main()
