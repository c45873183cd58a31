"""Write the sample and its truth: ``python -m bouncekit.simulate -o data``."""

import argparse
import sys
from collections.abc import Sequence

from bouncekit.errors import BouncekitError
from bouncekit.simulate import CONTACTS, SEED, default_plan, random_plan, simulate, write


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate and write; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m bouncekit.simulate",
        description="Simulate half a year of cold outreach and write it as the files a seller has.",
        epilog="example: python -m bouncekit.simulate --contacts 2000 -o /tmp/half-year",
    )
    parser.add_argument("--seed", type=int, default=SEED, help="seed of the world (%(default)s)")
    parser.add_argument(
        "--contacts", type=int, default=CONTACTS, help="people on the list (%(default)s)"
    )
    parser.add_argument(
        "--random-plan", action="store_true", help="random incidents instead of the fixed ones"
    )
    parser.add_argument(
        "-o",
        "--output",
        default="data",
        help="folder that gets the folders sample and truth (%(default)s)",
    )
    chosen = parser.parse_args(arguments)
    plan = default_plan(chosen.contacts)
    try:
        if chosen.random_plan:
            plan = random_plan(chosen.seed, chosen.contacts)
        world = simulate(chosen.seed, chosen.contacts, plan)
        files = write(world, chosen.output)
    except (BouncekitError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    size = sum(path.stat().st_size for path in files)
    sys.stdout.write(
        f"{len(world.messages):,} messages to {len(world.contacts):,} addresses: "
        f"{len(files)} files, {size / 1e6:.2f} MB, in {chosen.output}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
