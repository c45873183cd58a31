import pytest

from bouncekit.inputs.encodings import decode_head, delimiter_of, fold_header, header_of

TEXT = "邮箱,退信原因\n王@example.cn,邮箱不存在\n"


@pytest.mark.parametrize(
    ("encoding", "name"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("gb18030", "gb18030"),
        ("gbk", "gb18030"),
    ],
)
def test_character_set_of_chinese_text(encoding, name):
    assert decode_head(TEXT.encode(encoding)) == (TEXT, name)


@pytest.mark.parametrize("text", ["email,reason\na@example.com,550 no\n", TEXT])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf16_without_a_mark_is_known_by_its_zero_bytes(encoding, text):
    assert decode_head(text.encode(encoding)) == (text, encoding)


TRADITIONAL = "收件人,退信原因\nwang@example.com.tw,收件者信箱已滿，請稍後再試\n"
JAPANESE = "宛先,エラー内容\ntanaka@example.jp,メールボックスが見つかりません\n"


@pytest.mark.parametrize(
    ("text", "encoding", "name"),
    [
        (TRADITIONAL, "big5", "big5hkscs"),
        (TRADITIONAL, "gb18030", "gb18030"),
        (TRADITIONAL[:8], "cp950", "big5hkscs"),
        (JAPANESE, "shift_jis", "cp932"),
        ("宛先,理由\na@example.jp,受信拒否\n", "cp932", "cp932"),
    ],
)
def test_character_sets_of_taiwan_and_japan(text, encoding, name):
    assert decode_head(text.encode(encoding)) == (text, name)


@pytest.mark.parametrize(
    "text",
    [
        "Empfänger;Straße;größer\nJörg;Müllerstraße;übel\n",
        "Destinataire;Raison\nétienne@example.fr;Boîte pleine à été refusée\n",
        "ÄÖÜ;É\n",
    ],
)
def test_western_text_is_not_taken_for_east_asian(text):
    assert decode_head(text.encode("cp1252")) == (text, "cp1252")


def test_one_damaged_cell_does_not_make_the_file_another_encoding():
    data = (TEXT * 20).encode()
    at = data.index("在".encode())
    text, encoding = decode_head(data[:at] + b"\xff" + data[at + 1 :])
    assert encoding == "utf-8"
    assert text.count("邮箱不存在") == 19


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("cut", range(1, 12))
def test_head_cut_inside_a_character_keeps_its_encoding(encoding, cut):
    data = (TEXT * 5).encode(encoding)[:-cut]
    text, found = decode_head(data)
    assert found == encoding
    assert (TEXT * 5).startswith(text)


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"\xff", b"\xff\xfe", b"\x80\x81\x82" * 9, b"\0" * 99]
)
def test_any_bytes_become_text(data):
    text, encoding = decode_head(data)
    assert isinstance(text, str)
    assert encoding


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [
        ("a,b,c", ","),
        ("a;b;c", ";"),
        ("a\tb,c\td", "\t"),
        ("a|b", "|"),
        ("email", ","),
        ("", ","),
        ('"a;b;c",d', ","),
    ],
)
def test_delimiter_is_the_most_frequent_of_the_header(line, delimiter):
    assert delimiter_of(line) == delimiter


@pytest.mark.parametrize(
    ("name", "folded"),
    [
        (" Bounce_Type ", "bounce type"),
        ("Message-ID", "message id"),
        ('"E\u00a0Mail"', "e mail"),
        ("\ufeffemail", "email"),
        ("收件人　地址", "收件人 地址"),
    ],
)
def test_header_names_are_folded(name, folded):
    assert fold_header(name) == folded


def test_header_may_span_lines_inside_quotes_and_follow_blank_ones():
    header = header_of('\n\r\n"Bounce\nreason",email\nx,y\n')
    assert header.names == ("bounce reason", "email")
    assert header.lines == 4


def test_no_text_has_no_header():
    assert header_of("").names == ()
    assert header_of("\n\n").names == ()
