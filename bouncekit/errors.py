"""The errors that bouncekit raises on purpose.

Each message is one sentence: what was given, where it stands, and what would
have worked. Every class is a ``ValueError`` too, so a plain ``except`` in a
notebook still works.
"""


class BouncekitError(ValueError):
    """Base of every error that bouncekit raises on purpose."""


class InputNotFoundError(BouncekitError, FileNotFoundError):
    """Say that a named input does not exist."""

    # OSError prints its errno pair; people want the sentence.
    __str__ = ValueError.__str__


class UnknownFormatError(BouncekitError):
    """Say that no reader recognises anything in the input."""


class UnreadableFileError(BouncekitError):
    """Say that one file cannot be opened, decoded or unpacked."""


class RuleError(BouncekitError):
    """Say that a rules file is wrong, naming the file and the rule."""


class TableError(BouncekitError):
    """Say that a table lacks what an analysis needs."""


class ReportError(BouncekitError):
    """Say that a report could not be made."""
