"""A table whose header stands again in the middle is read piece by piece."""

import io

import pytest

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob
from bouncekit.readers import _blocks, _sections, powermta

HEADER = b"type,timeLogged,rcpt,dsnDiag\n"
OTHER = b"#type,timeLogged,dsnDiag,rcpt\n"


def record(number: int, words: str = "smtp;550 no") -> bytes:
    return f'b,2026-01-02 03:04:05Z,u{number}@example.com,"{words}"\n'.encode()


def recipients(data: bytes, ledger: Ledger | None = None) -> list[tuple[int, str]]:
    ledger = ledger or Ledger("x")
    found = []
    blob = Blob("x", lambda: io.BytesIO(data))
    for part in _sections.records(blob, ledger, powermta._MARK, powermta._header):
        ledger.read += part.cells.num_rows
        found += zip(part.items.to_pylist(), part.cells["rcpt"].to_pylist(), strict=True)
    assert ledger.items == len(found) + ledger.failed
    return found


@pytest.mark.parametrize("size", [64, 200, 8_000_000])
def test_numbers_go_on_over_pieces_and_headers(monkeypatch, size):
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", size)
    swapped = b"".join(
        b'b,2026-01-02 03:04:05Z,"smtp;550 no",u%d@example.com\n' % n for n in range(3, 6)
    )
    data = HEADER + record(1) + record(2) + OTHER + swapped + b"# the end\n" + HEADER + record(6)
    assert recipients(data) == [(n, f"u{n}@example.com") for n in range(1, 7)]


@pytest.mark.parametrize("size", [64, 100, 8_000_000])
def test_lines_inside_a_cell_are_no_headers_and_no_comments(monkeypatch, size):
    monkeypatch.setattr(_blocks, "BLOCK_BYTES", size)
    words = "smtp;550-no\r\n#550 type\r\ntype,of,answer\r\n550 end"
    data = HEADER + b"".join(record(n, words) for n in range(1, 20))
    assert recipients(data) == [(n, f"u{n}@example.com") for n in range(1, 20)]


def test_a_quote_that_is_never_closed_costs_no_more_than_its_record():
    data = HEADER + record(1) + b'b,2026-01-02 03:04:05Z,u2@example.com,"open\n'
    data += b"".join(record(n) for n in range(3, 60))
    ledger = Ledger("x")
    assert len(recipients(data, ledger)) == 58
    assert [problem.item for problem in ledger.failures] == [2]


def test_byte_order_mark_and_lines_before_the_first_header_are_passed_over():
    data = b"\xef\xbb\xbf" + HEADER + record(1)
    assert recipients(data) == [(1, "u1@example.com")]
    assert recipients(b"# made by a server\nstray line\n" + HEADER + record(1)) == [
        (1, "u1@example.com")
    ]
