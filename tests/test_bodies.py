"""Bodies of webhooks come out of whatever a queue or a logger put around them."""

import io
import json
from urllib.parse import urlencode

import pytest

from bouncekit.accounting import Ledger
from bouncekit.inputs.sources import Blob, Head
from bouncekit.readers import _bodies, _json
from bouncekit.readers._base import Options

EVENT = {"event": "bounced", "recipient": "ann@example.com", "error": "550 5.1.1 no & never = no"}
unwrap = _bodies.unwrapper(lambda value: "event" in value, "items")


def blob(data: bytes) -> Blob:
    return Blob("bodies", lambda: io.BytesIO(data))


@pytest.mark.parametrize(
    "stored",
    [
        EVENT,
        [EVENT],
        {"items": [EVENT], "paging": {}},
        {"body": json.dumps(EVENT)},
        {"body": json.dumps(json.dumps([EVENT]))},
        {"body": urlencode(EVENT)},
        {"Records": [{"body": json.dumps({"Message": json.dumps(EVENT)})}]},
        {"time": "2026-01-01", "request": {"rawBody": urlencode(EVENT)}},
        {"Message": "webhook came in", "body": json.dumps(EVENT)},
    ],
)
def test_an_event_comes_out_of_any_wrapping(stored):
    assert list(unwrap(stored)) == [EVENT]


def test_forms_are_read_line_by_line_and_what_is_none_is_counted():
    ledger = Ledger("forms")
    lines = f"{urlencode(EVENT)}\r\n\nnot a form\n{urlencode(EVENT)}"
    found = list(_bodies.items(unwrap)(blob(lines.encode()), Options(), ledger))
    assert found == [(1, EVENT), (3, EVENT)]
    assert [(problem.item, problem.reason) for problem in ledger.failures] == [
        (2, "is neither JSON nor a form-encoded body")
    ]


@pytest.mark.parametrize("text", ["", "plain words", "a=b c", "From: ann@example.com", "{a=b}"])
def test_text_that_is_no_form_is_none(text):
    assert _bodies.form(text) is None


def test_something_endless_ends():
    deep = EVENT
    for _ in range(40):
        deep = {"body": deep}
    assert len(list(unwrap(deep))) == 1


def test_a_page_longer_than_the_head_is_recognised_by_its_first_events():
    page = json.dumps({"paging": {"next": "x"}, "data": {"items": [EVENT] * 5}})
    head = Head("page.json", page[:-200].encode())
    assert _bodies.first_objects(head, unwrap)[0] == EVENT
    (value,) = _json.first_values(head)
    assert value["paging"] == {"next": "x"}


@pytest.mark.parametrize("layout", ["flat", "nested", "two lists"])
def test_a_page_longer_than_any_event_is_read_event_by_event(monkeypatch, layout):
    """Some 100 000 entries in one object: none is lost, and what is about the page gives none."""
    monkeypatch.setattr(_json, "MAX_EVENT", 5_000)
    monkeypatch.setattr(_json, "_CHUNK", 700)
    events = [{"event": "bounced", "n": n, "text": 'a "quoted" } ] , {'} for n in range(400)]
    page = {"total": 400, "links": {"next": "x"}, "items": events, "paging": {"next": "y" * 600}}
    if layout == "nested":
        page = {"meta": [1, 2], "data": {"info": page, "more": [1]}, "count": 5}
    if layout == "two lists":
        page |= {"second": [{"event": "late"}], "last": None}
    for indent in (None, 1):
        data = json.dumps(page, indent=indent).encode() * 2
        found = [value for value in _json.values(blob(data)) if not isinstance(value, int)]
        late = [{"event": "late"}] if layout == "two lists" else []
        assert found == [*events, *late] * 2
