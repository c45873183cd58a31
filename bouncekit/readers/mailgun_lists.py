"""Mailgun's suppression lists: bounces, complaints, unsubscribes; JSON of the API or CSV.

A state list: whom Mailgun refuses now. Columns and keys are the same in both
forms (documentation.mailgun.com, Suppressions). Which list it is
(``vendor_type``) is told by the columns, else by the address of the API's
next page, else by the file's name:

=================  ===========  =====================================================
``vendor_type``    ``event``    the list, and what tells it
=================  ===========  =====================================================
``bounces``        bounce       permanent failures; has ``code`` or ``error``
``bounces/498``    bounce       the same with a code of Mailgun's own (498, 499, 6xx)
``complaints``     complaint    recipients pressed the spam button
``unsubscribes``   unsubscribe  has ``tag`` or ``tags``
=================  ===========  =====================================================

Look-alike: a page of the Events API, whose ``items`` have an ``event``.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from bouncekit import times
from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _bodies, _columns, _csv, _json
from bouncekit.readers._base import CERTAIN, NO, BadItem, ByItem, Chunk, Options, Reader, Row
from bouncekit.readers._reply import codes_of
