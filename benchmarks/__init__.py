"""Speed of bouncekit beside named peers, in one run: ``python -m benchmarks``."""
