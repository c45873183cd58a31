import random
import struct
import uuid

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from bouncekit.arrays import hashing, threads
from bouncekit.arrays.buffers import behind_last, is_printable, is_trim, slices
from bouncekit.arrays.encoding import combine, encode, replaced
from bouncekit.arrays.hashing import hash_texts, hash_words, hexadecimal
from bouncekit.arrays.memory import remembered
from bouncekit.schema import TEXT

WORD = 2**64 - 1


def murmur(data):
    """MurmurHash3_x64_128 as published, one text at a time."""

    def rotated(x, places):
        return (x << places | x >> (64 - places)) & WORD

    def spread(x):
        x = (x ^ x >> 33) * 0xFF51AFD7ED558CCD & WORD
        x = (x ^ x >> 33) * 0xC4CEB9FE1A85EC53 & WORD
        return x ^ x >> 33

    h1 = h2 = 0
    padded = data + bytes(-len(data) % 16)
    for start in range(0, len(padded), 16):
        k1, k2 = struct.unpack_from("<QQ", padded, start)
        h1 ^= rotated(k1 * 0x87C37B91114253D5 & WORD, 31) * 0x4CF5AD432745937F & WORD
        whole = start + 16 <= len(data)
        if whole:
            h1 = ((rotated(h1, 27) + h2) * 5 + 0x52DCE729) & WORD
        h2 ^= rotated(k2 * 0x4CF5AD432745937F & WORD, 33) * 0x87C37B91114253D5 & WORD
        if whole:
            h2 = ((rotated(h2, 31) + h1) * 5 + 0x38495AB5) & WORD
    h1, h2 = h1 ^ len(data), h2 ^ len(data)
    h1 = (h1 + h2) & WORD
    h2 = (h2 + h1) & WORD
    h1, h2 = spread(h1), spread(h2)
    h1 = (h1 + h2) & WORD
    return h1, (h2 + h1) & WORD


def texts(values):
    return pa.array(values, pa.large_string())


def digits(values):
    return hexadecimal(hash_texts(texts(values))).to_pylist()


def test_hashes_that_are_published_for_these_texts():
    assert digits(["", "hello", "The quick brown fox jumps over the lazy dog", None]) == [
        "0" * 32,
        "cbd8a7b341bd9b025b1e906a48ae1d19",
        "e34bbc7bbc071b6c7a433ca9c49a9347",
        "0" * 32,
    ]


def test_texts_of_every_length_hash_like_the_plain_algorithm():
    dice = random.Random(7)
    words = ["".join(dice.choices("ab @é邮\0", k=size)) for size in range(200)]
    dice.shuffle(words)
    assert hash_texts(texts(words)).tolist() == [list(murmur(word.encode())) for word in words]


def test_integers_hash_like_their_bytes():
    columns = [np.array([0, 1, -1, 2**63 - 1]), np.array([5, -(2**63), 0, 9])]
    expected = [list(murmur(struct.pack("<qq", *row))) for row in zip(*columns, strict=True)]
    assert hash_words(*columns).tolist() == expected


@pytest.mark.parametrize("rows", [1, 3, 1_000])
@pytest.mark.parametrize("cores", [1, 2, 5])
def test_hashes_hang_on_neither_blocks_nor_threads_nor_slices(monkeypatch, rows, cores):
    words = texts([None if n % 7 == 0 else f"user{n * n}@example.com" for n in range(500)])
    expected = hash_texts(words)
    monkeypatch.setattr(hashing, "_ROWS", rows)
    monkeypatch.setattr(threads, "usable_cores", lambda: cores)
    assert (hash_texts(words) == expected).all()
    assert (hash_texts(words.cast(pa.string())) == expected).all()
    assert (hash_texts(words.slice(123, 200)) == expected[123:323]).all()
    assert hash_texts(words.slice(0, 0)).shape == (0, 2)


@pytest.mark.parametrize("kind", ["addresses", "numbers"])
def test_millions_of_much_alike_rows_collide_no_more_than_chance(kind):
    """Full hashes never; of their 32-bit quarters as many pairs as the birthday bound says."""
    count = 2_000_000
    if kind == "addresses":
        numbers = pa.array(range(count)).cast(pa.string())
        found = hash_texts(pa.compute.binary_join_element_wise(numbers, "example.com", "@"))
    else:
        found = hash_words(np.arange(count) % 1_000, np.arange(count) // 1_000)
    assert len(np.unique(found[:, 0])) == len(np.unique(found[:, 1])) == count
    expected = count**2 / 2**33
    for quarter in found.view(np.uint32).T:
        pairs = count - len(np.unique(quarter))
        assert abs(pairs - expected) < 6 * expected**0.5


def test_each_bit_of_a_text_moves_half_of_the_bits_of_its_hash():
    base = bytearray(b"user12345@example.com")
    variants = [bytes(base)]
    for bit in range(7 * len(base)):
        changed = bytearray(base)
        changed[bit // 7] ^= 1 << bit % 7
        variants.append(bytes(changed))
    found = hash_texts(texts([variant.decode("ascii") for variant in variants]))
    moved = np.bitwise_count(found[1:] ^ found[0]).sum(axis=1)
    assert abs(moved.mean() - 64) < 2
    assert moved.min() > 32


def test_codes_name_each_distinct_text():
    codes, distinct = encode(pa.chunked_array([["b", None], ["a", "b"]]))
    assert codes.tolist() == [0, -1, 1, 0]
    assert distinct.to_pylist() == ["b", "a"]
    assert encode(pa.chunked_array([], pa.string()))[0].tolist() == []


@pytest.mark.parametrize("spread", [1, 10**6])
def test_combinations_are_numbered_and_know_their_first_row(spread):
    left, right = np.array([0, 0, -1, 0, 2 * spread]), np.array([1, 1, 1, -1, 0])
    numbers, first = combine([(left, 2 * spread + 1), (right, 2), (right, 0)], 5)
    assert numbers[0] == numbers[1]
    assert sorted(numbers[1:].tolist()) == [0, 1, 2, 3]
    assert sorted(first.tolist()) == [0, 2, 3, 4]
    assert all(numbers[row] == number for number, row in enumerate(first))
    assert combine([(left[:0], 3)], 0)[1].tolist() == []


def test_only_the_marked_texts_are_replaced_each_distinct_one_once():
    asked = []

    def upper(text):
        asked.append(text)
        return None if text == "c" else text.upper()

    where = pa.array([False, True, True, True, True])
    found = replaced(texts(["a", "b", None, "c", "b"]), where, upper)
    assert found.to_pylist() == ["a", "B", None, None, "B"]
    assert sorted(asked) == ["b", "c"]


def test_what_stands_behind_the_last_mark():
    words = texts(["skipped@", "a@b", "a@b@c", "none", "", None, "x@", "@y", "@@"])[1:]
    assert behind_last(words, "@").to_pylist() == ["b", "c", "none", "", None, "", "y", ""]
    assert behind_last(words[:0], "@").to_pylist() == []


def test_pieces_and_edges_of_texts():
    content = np.frombuffer("ab邮cd".encode(), np.uint8)
    assert slices(content, np.array([0, 2, 5]), np.array([1, 5, 5])).to_pylist() == ["a", "邮", ""]
    assert slices(content, np.array([], np.int64), np.array([], np.int64)).to_pylist() == []
    assert is_trim(texts(["a b", None, "c"]))
    assert not any(is_trim(texts([word, "x"])) for word in ("", " a", "a\t", "\xa0a", "a\u3000"))
    assert is_printable(texts(["a b~", "", None]))
    assert not any(is_printable(texts(["x", word])) for word in ("a\nb", "\x7f", "é"))
    assert is_printable(texts(["é", "x"]).slice(1))


@pytest.mark.parametrize("cores", [1, 3])
def test_work_ahead_keeps_its_order_and_what_came_before_an_error(monkeypatch, cores):
    monkeypatch.setattr(threads, "usable_cores", lambda: cores)

    def items():
        yield from range(20)
        msg = "broken"
        raise OSError(msg)

    squares = threads.ahead(lambda n: n * n, items())
    assert [next(squares) for _ in range(20)] == [n * n for n in range(20)]
    with pytest.raises(OSError, match="broken"):
        next(squares)
    assert threads.in_threads(str, range(5)) == ["0", "1", "2", "3", "4"]


def test_a_column_is_asked_once_as_long_as_it_lives():
    asked = []

    @remembered
    def size(values):
        asked.append(len(values))
        return len(values)

    table = pd.DataFrame({"text": pd.array(["a", None, str(uuid.uuid4())], dtype=TEXT)})
    assert [size(table["text"]), size(table.copy()["text"])] == [3, 3]
    assert size(table["text"].iloc[:2]) == 2
    assert size(table["text"].astype(object)) == 3
    assert asked == [3, 2, 3]
    del table
    assert size(pd.Series(["b"], dtype=TEXT)) == 1
