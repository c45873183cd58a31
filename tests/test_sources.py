import gzip
import io
import os
import zipfile
from pathlib import Path

import pytest

from bouncekit.errors import BouncekitError, InputNotFoundError
from bouncekit.inputs import unpacking
from bouncekit.inputs.sources import Blob, Refusal, find

CSV = b"status,reason,email,created\n5.1.1,550 5.1.1 no,a@example.com,1767225600\n"


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "."), data)
    return out.getvalue()


def contents(src):
    return {
        item.label: item.read_bytes() if isinstance(item, Blob) else item.reason
        for item in find(src)
    }


def test_file_is_named_without_its_folder(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(CSV)
    (blob,) = find(path)
    assert (blob.label, blob.read_bytes(), blob.path) == ("a.csv", CSV, path)
    assert blob.mtime == pytest.approx(path.stat().st_mtime)
    assert contents(str(path)) == {"a.csv": CSV}


def test_folder_is_searched_to_the_bottom_in_sorted_order_without_hidden_files(tmp_path):
    for name in ("b.csv", "a/z.csv", "a/b/c.csv", ".hidden.csv", ".git/x.csv"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(CSV)
    assert list(contents(tmp_path)) == ["a/b/c.csv", "a/z.csv", "b.csv"]


def test_bytes_streams_and_lists_of_them(tmp_path):
    path = tmp_path / "p.csv"
    path.write_bytes(b"path")
    with path.open("rb") as stream:
        found = contents([b"bytes", io.BytesIO(b"stream"), path, stream])
    assert sorted(found.values()) == [b"bytes", b"path", b"path", b"stream"]
    assert contents(b"bytes") == {"<bytes 1>": b"bytes"}
    assert contents(io.StringIO("text \ud800")) == {"<stream 1>": b"text ?"}
    assert contents(iter([b"x"])) == {"<bytes 1>": b"x"}


def test_inputs_of_one_name_are_told_apart_by_their_paths(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.csv").write_bytes(folder.encode())
    folders = [tmp_path / "one", tmp_path / "two"]
    labels = [(folder / "x.csv").as_posix() for folder in folders]
    assert list(contents(folders)) == labels
    assert list(contents([folder / "x.csv" for folder in folders])) == labels


@pytest.mark.parametrize("name", ["no-such-file.csv", "x" * 5_000, "nul\0byte"])
def test_missing_path_raises_before_anything_is_read(tmp_path, name):
    with pytest.raises(InputNotFoundError, match="does not exist") as caught:
        list(find([b"read me", str(tmp_path / name)]))
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("src", [5, [5], None, {"a": object()}.values()])
def test_what_is_no_input_is_said(src):
    with pytest.raises(BouncekitError, match="give a path, bytes, an open file or a list"):
        list(find(src))


def test_link_out_of_the_folder_is_reported_and_a_link_inside_is_read(tmp_path):
    (tmp_path / "secret.csv").write_bytes(b"secret")
    root = tmp_path / "root"
    root.mkdir()
    (root / "a.csv").write_bytes(CSV)
    (root / "inside.csv").symlink_to(root / "a.csv")
    (root / "outside.csv").symlink_to(tmp_path / "secret.csv")
    (root / "up").symlink_to(tmp_path)
    (root / "broken").symlink_to(root / "nowhere")
    found = contents(root)
    assert found["inside.csv"] == CSV
    assert "leads out of the folder" in found["outside.csv"]
    assert "leads out of the folder" in found["up"]
    assert "cannot be opened" in found["broken"]


def test_loop_of_links_ends(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "a.csv").write_bytes(CSV)
    assert list(contents(tmp_path)) == ["a.csv"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the platform has no named pipes")
def test_pipe_is_reported_and_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert contents(tmp_path) == {"pipe": "is not an ordinary file; it was not opened"}


def test_unreadable_folder_is_reported(tmp_path, monkeypatch):
    """A mode of 0 would not do: root opens everything."""
    closed = tmp_path / "closed"
    closed.mkdir()
    scandir = os.scandir

    def refusing(path):
        if Path(path) == closed:
            raise PermissionError(13, "Permission denied", str(closed))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    assert "cannot be opened" in contents(tmp_path)["closed"]


def test_gzip_and_zip_are_opened_whatever_they_are_called(tmp_path):
    (tmp_path / "no_ending").write_bytes(gzip.compress(CSV))
    (tmp_path / "z.bin").write_bytes(zipped(b__csv=CSV, **{"dir/a__csv": CSV, "__MACOSX/x": b"-"}))
    assert contents(tmp_path) == {"no_ending": CSV, "z.bin!b.csv": CSV, "z.bin!dir/a.csv": CSV}


def test_archive_in_an_archive_is_opened_once():
    inner = zipped(a__csv=CSV, b__gz=gzip.compress(CSV))
    assert contents(zipped(inner__zip=inner, c__gz=gzip.compress(CSV))) == {
        "<bytes 1>!c.gz": CSV,
        "<bytes 1>!inner.zip!a.csv": CSV,
        "<bytes 1>!inner.zip!b.gz": "is packed more than twice; unpack it first",
    }


def test_members_of_one_name_are_both_read():
    data = zipped(a__csv=b"first", b__csv=b"second").replace(b"b.csv", b"a.csv")
    assert [blob.read_bytes() for blob in find(data)] == [b"first", b"second"]


def test_member_can_be_opened_again_after_the_search():
    blobs = list(find(zipped(a__csv=CSV, b__csv=b"two")))
    assert [blob.read_bytes() for blob in blobs] == [CSV, b"two"]
    assert [blob.read_bytes() for blob in blobs] == [CSV, b"two"]


def test_member_name_is_a_label_and_never_a_path():
    (blob,) = find(zipped(**{"../../etc/passwd": CSV}))
    assert (blob.label, blob.path) == ("<bytes 1>!../../etc/passwd", None)


def test_encrypted_member_is_reported_and_the_others_are_read():
    data = bytearray(zipped(a__csv=CSV, b__csv=CSV))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    found = contents(bytes(data))
    assert "encrypted" in found["<bytes 1>!a.csv"]
    assert found["<bytes 1>!b.csv"] == CSV


@pytest.mark.parametrize(
    "data",
    [
        gzip.compress(CSV)[:12],
        b"\x1f\x8b" + b"\0" * 40,
        zipped(a__csv=CSV)[:-30],
        b"PK\x03\x04 not a zip",
    ],
    ids=["cut gzip", "no gzip", "cut zip", "no zip"],
)
def test_damaged_archive_is_reported(data):
    (item,) = find(data)
    assert isinstance(item, Refusal)
    assert item.reason.startswith("cannot be opened or unpacked (")


def test_empty_archive_holds_nothing():
    assert list(find(zipped())) == []


@pytest.mark.parametrize(
    "parts",
    [
        {"[Content_Types]__xml": b"<x/>", "word/document__xml": b"<x/>"},
        {"mimetype": b"application/vnd.oasis.opendocument.text", "content__xml": b"<x/>"},
    ],
)
def test_document_is_left_whole(parts):
    document = zipped(**parts)
    assert contents(document) == {"<bytes 1>": document}


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: zipped(a__csv=data)])
def test_bomb_is_stopped_by_what_comes_out(pack):
    (blob,) = find(pack(b"\0" * 20_000_000))
    with pytest.raises(OSError, match="unpacks to more than"):
        blob.read_bytes()


def test_bomb_inside_an_archive_is_stopped(monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_INNER", 10_000)
    (item,) = find(zipped(b__zip=zipped(a__bin=os.urandom(50_000))))
    assert "unpack the outer one" in item.reason


def test_too_many_members_are_refused(monkeypatch):
    monkeypatch.setattr(unpacking, "MAX_MEMBERS", 2)
    (item,) = find(zipped(a=b"1", b=b"2", c=b"3"))
    assert "more than 2 files" in item.reason


def test_zstd_needs_its_package_or_is_opened():
    try:
        import zstandard
    except ImportError:
        (item,) = find(b"\x28\xb5\x2f\xfd\0\0\0\0")
        assert "bouncekit[zstd]" in item.reason
    else:
        assert contents(zstandard.compress(CSV)) == {"<bytes 1>": CSV}


def test_time_of_a_packed_log_is_that_of_what_is_in_it(tmp_path):
    path = tmp_path / "mail.log.1.gz"
    path.write_bytes(gzip.compress(b"x", mtime=1_767_225_600))
    (blob,) = find(path)
    assert blob.mtime == 1_767_225_600
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("mail.log", (2026, 1, 1, 0, 0, 0)), b"x")
    (blob,) = find(out.getvalue())
    assert blob.mtime == 1_767_225_600


def test_head_knows_columns_and_json():
    (blob,) = find('\ufeffsep=;\r\n"E-Mail";Bounce_Type;;E-Mail\r\n1;2;3;4\r\n'.encode())
    assert blob.head.columns == ("e mail", "bounce type", "column 3", "e mail 4")
    assert (blob.head.header.delimiter, blob.head.header.lines) == (";", 2)
    assert not blob.head.is_json
    (blob,) = find(b'\n [{"a": 1}]')
    assert blob.head.is_json
    assert blob.head.columns == ()
