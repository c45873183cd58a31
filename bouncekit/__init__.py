"""Turn bounced mail into one tidy pandas table with a reason for every failure.

>>> import bouncekit as bk
>>> df = bk.read("exports/")  # doctest: +SKIP
>>> bk.bounce_rates(df)  # doctest: +SKIP
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "BouncekitError",
    "Policy",
    "bounce_rates",
    "classify",
    "explain",
    "flag_domains",
    "ingest",
    "plot_addresses",
    "plot_domains",
    "plot_providers",
    "plot_rates",
    "plot_reasons",
    "plot_what_if",
    "read",
    "recipients",
    "redact",
    "report",
    "unknown",
    "what_if",
]

# Each public name and the module that holds it; imported when first used, so
# that `import bouncekit` costs little.
_HOMES = {
    "BouncekitError": "errors",
    "Policy": "analysis.recipients",
    "bounce_rates": "analysis.rates",
    "classify": "classifier",
    "explain": "explanation",
    "flag_domains": "analysis.domains",
    "ingest": "accounting",
    "plot_addresses": "plots",
    "plot_domains": "plots",
    "plot_providers": "plots",
    "plot_rates": "plots",
    "plot_reasons": "plots",
    "plot_what_if": "plots",
    "read": "reading",
    "recipients": "analysis.recipients",
    "redact": "redaction",
    "report": "reports",
    "unknown": "unknowns",
    "what_if": "analysis.whatif",
}

if TYPE_CHECKING:
    from bouncekit.accounting import ingest
    from bouncekit.analysis.domains import flag_domains
    from bouncekit.analysis.rates import bounce_rates
    from bouncekit.analysis.recipients import Policy, recipients
    from bouncekit.analysis.whatif import what_if
    from bouncekit.classifier import classify
    from bouncekit.errors import BouncekitError
    from bouncekit.explanation import explain
    from bouncekit.plots import (
        plot_addresses,
        plot_domains,
        plot_providers,
        plot_rates,
        plot_reasons,
        plot_what_if,
    )
    from bouncekit.reading import read
    from bouncekit.redaction import redact
    from bouncekit.reports import report
    from bouncekit.unknowns import unknown


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        msg = f"module 'bouncekit' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(f"bouncekit.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
