"""PowerMTA accounting files (CSV): one record per delivery attempt, injection or report.

The first line names the columns, which each site chooses for itself (by
record type even), so columns go by their names; after a change of the
configuration another header stands in the middle of the file. Record types:

=======  =============  ==========================================================
``type``  ``event``      what it records
=======  =============  ==========================================================
``r``    sent           a message was received for delivery
``d``    delivered
``t``    deferral       an attempt failed and is made again
``tq``   deferral       the same for a queue; skipped where it names no recipient
``b``    bounce         failed for good
``rb``   bounce         a report of failure came back after the delivery
``rs``   by its action  another report came back: delayed or delivered
``f``    complaint      a feedback loop report; ``not-spam`` is skipped
=======  =============  ==========================================================

``vendor_type`` is the bounce category, else the record type, with the kind of
report behind it (``f/abuse``, ``rs/delayed``): ``bad-configuration``,
``bad-connection``, ``bad-domain``, ``bad-mailbox``, ``content-related``,
``inactive-mailbox``, ``invalid-sender``, ``message-expired``,
``no-answer-from-host``, ``other``, ``policy-related``, ``protocol-errors``,
``quota-issues``, ``relaying-issues``, ``routing-errors``, ``spam-related``,
``success``, ``virus-related``. Sites edit the patterns behind these.
"""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _columns, _sections
from bouncekit.readers._base import CERTAIN, NO, Chunk, Options, Reader

_HEADER = re.compile(rb'#?\s*"?type"?\s*[,;\t|]', re.IGNORECASE)
_MARK = re.compile(rb'^(?:#|"?type"?[,;\t|])[^\n]*\n?', re.IGNORECASE | re.MULTILINE)
_SNIFF = re.compile(r'^#?\s*"?type"?[,;\t|][^\n]*\btimeLogged\b', re.IGNORECASE | re.MULTILINE)
_EVENTS = {
    "r": "sent",
    "d": "delivered",
    "t": "deferral",
    "tq": "deferral",
    "b": "bounce",
    "rb": "bounce",
    "f": "complaint",
    "rs/failed": "bounce",
    "rs/delayed": "deferral",
    "rs/delivered": "delivered",
    "rs/relayed": "delivered",
}
_REPORTED = {"f": "feedbacktype", "rs": "dsnaction"}
"""What says the kind of report, for the types that are reports."""
_REMOVED = r"(?i)deleted by administrator|\bpurged\b"


def sniff(head: Head) -> int:
    """Recognise a header line, with or without the mark of a comment before it."""
    return CERTAIN if _SNIFF.search(head.text) else NO


def _header(line: bytes) -> bytes | None:
    return line.removeprefix(b"#").strip() if _HEADER.match(line) else None


def read(blob: Blob, options: Options, ledger: Ledger) -> Iterator[Chunk]:
    """Read the records, one row each."""
    for found in _sections.records(blob, ledger, _MARK, _header):
        table = _convert(found.cells, options, ledger).append_column("item", found.items)
        word, reason = _columns.column(found.cells, "type"), table.column("reason")
        table, reason = _columns.without_strange(
            table.drop("reason"), word, reason, "PowerMTA", ledger
        )
        yield _columns.leave_out(table, reason, ledger)


def _convert(cells: pa.Table, options: Options, ledger: Ledger) -> pa.Table:
    kind, word = _kinds(cells)
    status, diagnostic = _columns.column(cells, "dsnstatus"), _diagnostic(cells)
    smtp, enhanced = _columns.reply_codes(diagnostic, status)
    recipient = _columns.column(cells, "rcpt")
    category = _columns.column(cells, "bouncecat")
    ids = _columns.column(cells, "header message id")
    return pa.table(
        {
            "timestamp": _columns.local_moments(
                _columns.column(cells, "timelogged"), options, ledger
            ),
            "event": _columns.by_distinct(kind, _EVENTS.get, pa.string()),
            "recipient": recipient,
            "smtp_code": smtp,
            "enhanced_code": enhanced,
            "diagnostic": diagnostic,
            "vendor_type": pc.coalesce(category, word),
            "message_id": pc.utf8_trim(ids, "<> "),
            "campaign": _columns.column(cells, "jobid"),
            "sender": _columns.column(cells, "orig"),
            "sending_ip": _columns.column(cells, "dlvsourceip"),
            "remote_mta": pc.replace_substring_regex(
                _columns.column(cells, "dsnmta"), r"\s*\(.*$", ""
            ),
            "reason": _reasons(kind, word, recipient, diagnostic),
        }
    )


def _kinds(cells: pa.Table) -> tuple[_columns.Column, _columns.Column]:
    """Give what settles the event of each record, and the word for it."""
    kind = pc.ascii_lower(_columns.column(cells, "type"))
    word = kind
    for name, column in _REPORTED.items():
        report = pc.ascii_lower(_columns.column(cells, column))
        named = pc.binary_join_element_wise(kind, report, "/")
        word = pc.if_else(pc.equal(kind, name), pc.coalesce(named, kind), word)
    return pc.if_else(pc.equal(kind, "rs"), word, kind), word


def _diagnostic(cells: pa.Table) -> _columns.Column:
    """Give the receiver's words; where there was no receiver, what stands in the status."""
    told = _columns.column(cells, "dsndiag")
    told = pc.replace_substring_regex(told, r"(?i)^smtp\s*;\s*", "")
    comment = pc.extract_regex(_columns.column(cells, "dsnstatus"), r"\((?P<words>.+)\)\s*$")
    return pc.coalesce(told, pc.struct_field(comment, "words"))


def _reasons(
    kind: _columns.Column,
    word: _columns.Column,
    recipient: _columns.Column,
    diagnostic: _columns.Column,
) -> _columns.Column:
    """Say of each record that is none of ours why."""
    of_a_queue = pc.and_(pc.equal(kind, "tq"), pc.is_null(recipient))
    removed = pc.and_(
        pc.equal(kind, "b"), pc.fill_null(pc.match_substring_regex(diagnostic, _REMOVED), False)
    )
    return pc.case_when(
        pc.make_struct(
            pc.fill_null(of_a_queue, False),
            pc.fill_null(removed, False),
            pc.fill_null(pc.equal(word, "f/not-spam"), False),
            pc.fill_null(pc.equal(word, "rs/expanded"), False),
        ),
        "tells of a whole queue, not of a recipient",
        "was deleted from the queue by the administrator",
        "says that the message is not spam, the opposite of a complaint",
        "says that the message went to the members of a list",
    )


READER = Reader(
    name="powermta",
    title="PowerMTA accounting file (CSV)",
    sniff=sniff,
    read=read,
    has_denominator=True,
    how_to_get=(
        "Copy the files that <acct-file ...> in /etc/pmta/config names, often "
        "/var/log/pmta/acct-*.csv, archived ones too.\n"
        "They should hold records d,b,t and also rb and f: records d,b,t,rb,f in that section.\n"
        "Add header_Message-Id to record-fields, so that bounce mail and log are told to be one."
    ),
    certainty="seen in code",
)
