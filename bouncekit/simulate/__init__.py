"""Simulate half a year of cold outreach, with its truth, for samples and proofs.

>>> from bouncekit.simulate import bounce_events, random_plan, simulate
>>> world = simulate(seed=7, contacts=400, plan=random_plan(7, 400))
>>> table = bounce_events(world)
"""

from bouncekit.simulate.incidents import Incident, Plan, default_plan, random_plan
from bouncekit.simulate.sample import write
from bouncekit.simulate.table import bounce_events
from bouncekit.simulate.world import CONTACTS, SEED, World, simulate

__all__ = [
    "CONTACTS",
    "SEED",
    "Incident",
    "Plan",
    "World",
    "bounce_events",
    "default_plan",
    "random_plan",
    "simulate",
    "write",
]
