"""What a spreadsheet does to a table that is opened in it and saved again.

Codes become dates (``5.1.10`` is the 5th of January 2010 to it), long numbers
are rounded: ids of 16 digits to ``1.23457E+17``, epoch seconds to
``1.70E+09``. What was there is lost; all that can be done is to say so.
"""

import re
from collections.abc import Mapping, Sequence

from bouncekit.accounting import Ledger
from bouncekit.inputs.encodings import Header
from bouncekit.readers._words import HEADERS

ROUNDED = r"^[+-]?\d(?:[.,]\d{1,8})?[eE]\+\d{1,3}$"
"""A number that was rounded (RE2 and Python)."""
_ROUNDED = re.compile(ROUNDED)
_DATE = re.compile(
    r"\d{1,4}([/.-])\d{1,2}\1\d{1,4}|\d{1,2}[/-][A-Za-z]{3,9}(?:[/-]\d{2,4})?"
    r"|[A-Za-z]{3,9}[/-]\d{2,4}|(?:\d{2,4}年)?\d{1,2}月(?:\d{1,2}日)?"
)
_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


def is_date(cell: str) -> bool:
    """Say whether a cell is a date and no status code, which has dots as well."""
    return bool(_DATE.fullmatch(cell)) and not _CODE.fullmatch(cell)


def note_damage(header: Header, samples: Mapping[str, Sequence[str]], ledger: Ledger) -> None:
    """Say in the account which columns of a table a spreadsheet has changed.

    Parameters
    ----------
    header : Header
        The names of the columns, folded and as written.
    samples : mapping
        Folded name to some of the column's cells.
    """
    titles = dict(zip(header.names, header.titles, strict=True))
    for name, cells in samples.items():
        of_codes = name in HEADERS["code"] or "enhanced" in name
        for cell in map(str.strip, cells):
            if _ROUNDED.fullmatch(cell):
                ledger.note(_ROUNDS.format(title=titles[name], cell=cell))
                break
            if of_codes and is_date(cell):
                ledger.note(_DATES.format(title=titles[name], cell=cell))
                break


_AGAIN = "export the file anew and read it before a spreadsheet saves it"
_ROUNDS = (
    "the column {title!r} holds numbers that a spreadsheet has rounded ({cell}), which are lost; "
    + _AGAIN
)
_DATES = (
    "the column {title!r} holds dates ({cell}) that a spreadsheet has made of status codes, which "
    "are lost; " + _AGAIN
)
