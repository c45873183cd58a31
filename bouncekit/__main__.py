"""Run the command line as ``python -m bouncekit``."""

import sys

from bouncekit.cli import main

if __name__ == "__main__":
    sys.exit(main())
