"""``python -m deconvscope exemplars …``: the commands of this package."""

from __future__ import annotations

import argparse
import sys

from .exemplars import command_line


def main() -> int:
    """Read the command line and run the command; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m deconvscope", description="Commands of deconvscope."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    exemplars = commands.add_parser(
        "exemplars", help="the images of a data set that excite each channel most"
    )
    command_line.add_commands(exemplars)
    return command_line.run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(main())
