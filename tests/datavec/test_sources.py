"""Opening files, compressed and remote, and what is said when they are not as they should be."""

from __future__ import annotations

import bz2
import gzip
import http.server
import io
import lzma
import threading
from pathlib import Path

import fsspec
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from datavec import (
    CsvError,
    CSVRecordReader,
    CSVSequenceRecordReader,
    DataVecError,
    FileRecordReader,
    FileSplit,
    InputStreamInputSplit,
    LineRecordReader,
    ParentPathLabelGenerator,
    Schema,
    SourceError,
    StreamInputSplit,
    StringSplit,
)
from datavec.readers import _csv_sequences, _files
from datavec.readers._files import (
    as_location,
    list_files,
    location_name,
    location_parts,
    open_binary,
    read_bytes,
)


def zstd(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


COMPRESS = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
    ".zstd": zstd,
}
LINES = b"".join(b"%d,line\n" % i for i in range(20_000))


# --- compressed files ---------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", COMPRESS)
def test_compressed_files_read_as_plain_ones(tmp_path, suffix):
    path = tmp_path / f"data.csv{suffix}"
    path.write_bytes(COMPRESS[suffix](LINES))
    assert read_bytes(path) == LINES
    assert sum(1 for _ in CSVRecordReader(path)) == 20_000
    # Two streams one after the other are one file, as their tools have it.
    path.write_bytes(COMPRESS[suffix](LINES) * 2)
    assert read_bytes(path) == LINES * 2


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_stream_cut_off_names_the_file(tmp_path, suffix):
    path = tmp_path / f"cut.csv{suffix}"
    whole = COMPRESS[suffix](LINES)
    path.write_bytes(whole[: len(whole) - 20])
    schema = Schema.builder().add_column_integer("i").add_column_string("s").build()
    for read in (
        lambda: read_bytes(path),
        lambda: list(CSVRecordReader(path)),
        lambda: CSVRecordReader(path, schema=schema).to_table(),
        lambda: list(FileRecordReader(path)),
        lambda: list(CSVSequenceRecordReader(path)),
    ):
        with pytest.raises(SourceError, match=r"cut\.csv.*damaged, cut off.*get a whole copy"):
            read()


@pytest.mark.parametrize("suffix", COMPRESS)
def test_a_stream_of_another_kind_names_the_file(tmp_path, suffix):
    path = tmp_path / f"odd{suffix}"
    path.write_bytes(b"this is no compressed stream at all")
    with pytest.raises(SourceError, match=f"odd\\{suffix}: the file is damaged"):
        list(LineRecordReader(path))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(list(COMPRESS)),
    st.integers(0, 400),
    st.integers(0, 255),
    st.integers(0, 400),
    st.binary(max_size=40),
)
def test_damaged_streams_give_data_or_our_error(
    tmp_path_factory, suffix, position, value, cut, tail
):
    data = bytearray(COMPRESS[suffix](LINES[:3000]))
    data[position % len(data)] = value
    path = tmp_path_factory.mktemp("fuzz") / f"x{suffix}"
    path.write_bytes(data[: len(data) - cut] + tail)
    told = ""
    try:
        assert len(read_bytes(path, 1 << 20)) <= 1 << 20
        list(LineRecordReader(path))
    except DataVecError as e:
        told = str(e)
    assert not told or str(path) in told


def test_a_decompression_bomb_stays_bounded(tmp_path, monkeypatch):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"\n" * (8 << 20)))
    with pytest.raises(SourceError, match=r"bomb\.gz: more than 1000 bytes"):
        read_bytes(path, 1000)
    monkeypatch.setattr(_csv_sequences, "MAX_FILE_BYTES", 10_000)
    with pytest.raises(SourceError, match=r"bomb\.gz: more than 10000 bytes for one sequence"):
        list(CSVSequenceRecordReader(path))


def test_whole_files_have_a_limit(tmp_path, monkeypatch):
    (tmp_path / "big.txt").write_bytes(b"x" * 2000)
    monkeypatch.setattr(_files.read_limited, "__defaults__", (1000,))
    with pytest.raises(SourceError, match=r"big\.txt: more than 1000 bytes"):
        list(FileRecordReader(tmp_path / "big.txt"))


# --- local files --------------------------------------------------------------------------------


def test_missing_files_say_where_they_were_looked_for(tmp_path):
    for read in (
        lambda: list(CSVRecordReader(tmp_path / "no.csv")),
        lambda: list(FileRecordReader(tmp_path / "no.csv")),
        lambda: FileSplit(tmp_path / "no.csv").locations(),
        lambda: open_binary(tmp_path / "no.csv"),
    ):
        with pytest.raises(FileNotFoundError, match=r"no\.csv.*check the path"):
            read()


def test_a_folder_or_a_bad_name_is_no_file(tmp_path):
    with pytest.raises(SourceError, match="cannot be opened: Is a directory"):
        open_binary(tmp_path)
    with pytest.raises(SourceError, match="cannot be opened"):
        open_binary(Path("a\0b"))


def test_locations_are_paths_or_urls():
    assert as_location("file:///data/a%20b.csv") == Path("/data/a b.csv")
    assert as_location("file:/data/a.csv") == Path("/data/a.csv")
    assert as_location("C:/data/a.csv") == Path("C:/data/a.csv")
    assert as_location("s3://b/a.csv") == "s3://b/a.csv"
    assert as_location("zip://a.csv::https://host/x.zip") == "zip://a.csv::https://host/x.zip"
    assert location_name(as_location("a.csv")) == "a.csv"
    assert location_parts("s3://b/c/a.csv.gz") == ("b", "c", "a.csv.gz")
    assert location_parts("https://host/c/a.csv.gz?token=1.bz2#x") == ("c", "a.csv.gz")
    with pytest.raises(TypeError, match="path or a URL"):
        as_location(b"bytes")


# --- text ---------------------------------------------------------------------------------------


class Endless(io.RawIOBase):
    """A line that does not end; counts what was asked of it."""

    given = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        buffer[:] = b"x" * len(buffer)
        self.given += len(buffer)
        return len(buffer)


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_line_of_gigabytes_is_refused_within_bounds(encoding):
    source = Endless()
    reader = LineRecordReader(InputStreamInputSplit(source, "huge.csv"), encoding=encoding)
    with pytest.raises(CsvError, match=r"huge\.csv, line 1: a line of more than 67108864 bytes"):
        reader.next()
    assert source.given <= 160 << 20


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-8-sig", "cp1252"])
def test_text_of_other_encodings(tmp_path, encoding):
    path = tmp_path / "text.csv"
    rows = [[f"é{i}", "ß"] for i in range(30_000)]
    path.write_bytes("".join(f"{a},{b}\n" for a, b in rows).encode(encoding))
    assert list(CSVRecordReader(path, encoding=encoding)) == rows


def test_bytes_of_another_encoding_name_the_line(tmp_path):
    path = tmp_path / "text.csv"
    path.write_bytes(b"ok\n" * 7 + b"\xff\xfe\n")
    for encoding in ("utf-8", "ascii", "shift_jis"):
        with pytest.raises(CsvError, match=r"text\.csv, line 8: bytes that are not"):
            list(LineRecordReader(path, encoding=encoding))
    with pytest.raises(DataVecError, match=r"text\.csv: not utf-8 at byte 21"):
        list(FileRecordReader(path))
    for unknown in ("klingon", "rot13"):
        with pytest.raises(DataVecError, match=f"no encoding '{unknown}'"):
            list(LineRecordReader(path, encoding=unknown))


def test_nul_bytes_are_text_and_no_numbers(tmp_path):
    path = tmp_path / "nul.csv"
    path.write_bytes(b"1,a\0b\n2\0,c\n")
    assert list(CSVRecordReader(path)) == [["1", "a\0b"], ["2\0", "c"]]
    schema = Schema.builder().add_column_integer("i").add_column_string("s").build()
    with pytest.raises(DataVecError, match=r'nul\.csv, line 2, column "i".*2\\x00'):
        CSVRecordReader(path, schema=schema).to_table()


# --- remote files -------------------------------------------------------------------------------


@pytest.fixture
def memory():
    fs = fsspec.filesystem("memory")
    fs.pipe(
        {
            "/data/b.csv": b"3\n",
            "/data/a.csv": b"1\n2\n",
            "/data/deep/c.csv.gz": gzip.compress(b"4\n"),
        }
    )
    yield fs
    fs.rm("/data", recursive=True)


def test_remote_folders_are_listed_in_order(memory):
    split = FileSplit("memory://data")
    assert split.locations() == [f"memory:///data/{n}" for n in ("a.csv", "b.csv", "deep/c.csv.gz")]
    assert [v for (v,) in LineRecordReader(split)] == ["1", "2", "3", "4"]
    flat = FileSplit("memory://data", recursive=False, extensions=["b.csv"])
    assert flat.locations() == ["memory:///data/b.csv"]
    assert FileSplit("memory://data/a.csv").locations() == ["memory://data/a.csv"]


def test_records_of_remote_files_are_found_again(memory):
    reader = LineRecordReader("memory://data")
    entries = []
    while reader.has_next():
        entries.append(reader.next_record()[1])
    assert reader.load_from_metadata([entries[3], entries[1]]) == [["4"], ["2"]]
    whole = FileRecordReader("memory://data", append_label=True)
    assert [label for _, label in whole] == [0, 0, 1]


def test_remote_files_that_do_not_exist(memory):
    for read in (
        lambda: list(LineRecordReader(["memory://data/none.csv"])),
        lambda: list_files("memory://nowhere", recursive=True),
    ):
        with pytest.raises(FileNotFoundError, match=r"memory://.*check the address"):
            read()
    with pytest.raises(SourceError, match=r"gopher9://x: .*URL that fsspec knows"):
        read_bytes("gopher9://x")


def test_a_missing_package_is_named_with_its_extra(monkeypatch):
    def refuse(url):
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr("fsspec.core.url_to_fs", refuse)
    with pytest.raises(SourceError, match=r'Install s3fs.*pip install "datavec\[s3\]"'):
        read_bytes("s3://bucket/a.csv")
    with pytest.raises(SourceError, match=r'pip install "datavec\[remote\]"'):
        read_bytes("https://host/a.csv")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path = self.path.partition("?")[0]
        if path == "/dir/":
            body = b'<a href="b.csv">b</a> <a href="/dir/a.csv">a</a>'
        elif path in ("/dir/a.csv", "/dir/b.csv"):
            body = path.encode() + b",1\n"
        elif path == "/big.csv.gz":
            body = gzip.compress(LINES)
        elif path == "/cut.csv":
            body = LINES
        elif path == "/broken":
            self.send_error(500)
            return
        else:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: len(body) // 2] if path == "/cut.csv" else body)
        self.close_connection = True

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_http_files_and_folders(address):
    assert list(CSVRecordReader(f"{address}/dir/a.csv")) == [["/dir/a.csv", "1"]]
    assert sum(1 for _ in CSVRecordReader(f"{address}/big.csv.gz?version=2")) == 20_000
    assert FileSplit(f"{address}/dir/").locations() == [
        f"{address}/dir/a.csv",
        f"{address}/dir/b.csv",
    ]


def test_http_errors_name_the_address(address):
    with pytest.raises(FileNotFoundError, match=r"http://127.*/none\.csv.*check the address"):
        list(CSVRecordReader(f"{address}/none.csv"))
    with pytest.raises((SourceError, FileNotFoundError), match=r"http://127.*/broken"):
        list(CSVRecordReader(f"{address}/broken"))
    with pytest.raises(SourceError, match=r"http://127.*/cut\.csv: .*could not be fetched"):
        list(CSVRecordReader(f"{address}/cut.csv"))
    with pytest.raises(FileNotFoundError, match=r"http://127\.0\.0\.1:1/x.*Connect"):
        list(CSVRecordReader("http://127.0.0.1:1/x"))


# --- streams ------------------------------------------------------------------------------------


class OneWay(io.BytesIO):
    def seekable(self):
        return False


def test_a_stream_is_read_again_if_it_can_seek():
    stream = io.BytesIO(b"header\n1\n2\n")
    stream.readline()
    reader = LineRecordReader(InputStreamInputSplit(stream))
    assert list(reader) == list(reader) == [["1"], ["2"]]
    assert not stream.closed
    reader = LineRecordReader(InputStreamInputSplit(OneWay(b"1\n")))
    assert list(reader) == [["1"]]
    with pytest.raises(SourceError, match="cannot seek; open a new one"):
        list(reader)


def test_streams_of_your_own(tmp_path):
    opened = []

    def opener(name):
        opened.append(name)
        return io.BytesIO(f"{name},x\n".encode())

    split = StreamInputSplit(["store://a", "store://b"], opener)
    reader = CSVRecordReader(split)
    assert list(reader) == [["store://a", "x"], ["store://b", "x"]]
    metadata = [reader.next_record()[1], reader.next_record()[1]] if not reader.reset() else []
    assert reader.load_from_metadata(metadata[1:]) == [["store://b", "x"]]
    assert opened[-1] == "store://b"
    assert list(FileRecordReader(split)) == [["store://a,x\n"], ["store://b,x\n"]]


def test_text_instead_of_a_file():
    assert list(FileRecordReader(StringSplit("a\r\nb"))) == [["a\r\nb"]]
    with pytest.raises(DataVecError, match="append_label needs data that have a path"):
        list(FileRecordReader(StringSplit("a"), append_label=True))


@settings(deadline=None)
@given(
    st.sampled_from(["", "file:", "file://", "http://", "s3://", "zip://x::http://"]),
    st.text(max_size=20),
)
def test_any_text_is_a_location_or_our_error(scheme, text):
    told = None
    try:
        location = as_location(scheme + text)
        assert all(isinstance(p, str) for p in location_parts(location))
        ParentPathLabelGenerator().label_for_path(location)
    except DataVecError as e:
        told = str(e)
    assert told is None or "is no URL" in told or "an empty text" in told
