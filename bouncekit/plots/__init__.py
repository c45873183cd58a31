"""One chart for each question: ``plot_*(table, ax=None) -> Axes``.

Charts are built with matplotlib's object interface: no window, no global
state. In a notebook the Axes that comes back shows itself as the picture;
``ax.figure.savefig("rates.png")`` keeps it.

Colours are from Okabe and Ito's palette for colour-blind readers, and every
kind has a marker or hatch of its own as well, so that grey prints read too.
"""

from bouncekit.plots.domains import plot_domains
from bouncekit.plots.groups import plot_providers, plot_reasons
from bouncekit.plots.people import plot_addresses
from bouncekit.plots.policies import plot_what_if
from bouncekit.plots.rates import plot_rates

__all__ = [
    "plot_addresses",
    "plot_domains",
    "plot_providers",
    "plot_rates",
    "plot_reasons",
    "plot_what_if",
]
