"""Turn bounced mail into one tidy pandas table with a reason for every failure.

``bk.read("exports/")`` gives the table, ``bk.bounce_rates``, ``bk.flag_domains``
and ``bk.recipients`` answer questions about it, ``bk.report`` makes a report.
"""

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "BouncekitError",
    "Policy",
    "batches",
    "bounce_rates",
    "check",
    "classify",
    "clean",
    "compare",
    "complaint_rates",
    "disagreements",
    "explain",
    "findings",
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
    "reconcile",
    "redact",
    "release",
    "report",
    "unknown",
    "what_if",
]

# Each public name and the module that holds it; imported when first used, so
# that `import bouncekit` costs little.
_HOMES = {
    "BouncekitError": "errors",
    "Policy": "analysis.recipients",
    "batches": "analysis.batches",
    "bounce_rates": "analysis.rates",
    "check": "analysis.watch",
    "classify": "classification.classifier",
    "clean": "lists.cleaning",
    "compare": "analysis.comparing",
    "complaint_rates": "analysis.complaints",
    "disagreements": "classification.disagreements",
    "explain": "classification.explanation",
    "findings": "analysis.findings",
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
    "reconcile": "analysis.reconcile",
    "redact": "redaction",
    "release": "lists.release",
    "report": "reporting.reports",
    "unknown": "classification.unknowns",
    "what_if": "analysis.whatif",
}

if TYPE_CHECKING:
    from bouncekit.accounting import ingest
    from bouncekit.analysis.batches import batches
    from bouncekit.analysis.comparing import compare
    from bouncekit.analysis.complaints import complaint_rates
    from bouncekit.analysis.domains import flag_domains
    from bouncekit.analysis.findings import findings
    from bouncekit.analysis.rates import bounce_rates
    from bouncekit.analysis.recipients import Policy, recipients
    from bouncekit.analysis.reconcile import reconcile
    from bouncekit.analysis.watch import check
    from bouncekit.analysis.whatif import what_if
    from bouncekit.classification.classifier import classify
    from bouncekit.classification.disagreements import disagreements
    from bouncekit.classification.explanation import explain
    from bouncekit.classification.unknowns import unknown
    from bouncekit.errors import BouncekitError
    from bouncekit.lists.cleaning import clean
    from bouncekit.lists.release import release
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
    from bouncekit.reporting.reports import report


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
