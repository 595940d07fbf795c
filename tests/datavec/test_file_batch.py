"""FileBatch, its zip file, and the readers over it."""

from __future__ import annotations

import io
import zipfile

import pytest

from datavec import (
    CSVRecordReader,
    CSVSequenceRecordReader,
    DataVecError,
    FileBatch,
    FileBatchRecordReader,
    FileBatchSequenceRecordReader,
    JacksonRecordReader,
    LineRecordReader,
    RecordFormatError,
    RecordMetaDataLine,
)

BATCH = FileBatch((b"1,2\n3,4\n", b"5,6\n"), ("file:/data/1.csv", "file:/data/two"))


def zipped(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    stream.seek(0)
    return stream


def test_zip_file_has_the_originals_layout(tmp_path):
    path = tmp_path / "batch.zip"
    BATCH.write_zip(path)
    with zipfile.ZipFile(path) as archive:
        assert {n: archive.read(n) for n in archive.namelist()} == {
            "originalUris.txt": b"file:/data/1.csv\nfile:/data/two",
            "file_0.csv": b"1,2\n3,4\n",
            "file_1.bin": b"5,6\n",
        }
    assert FileBatch.read_zip(path) == BATCH
    first = path.read_bytes()
    BATCH.write_zip(path)
    assert path.read_bytes() == first
    assert [p.name for p in tmp_path.iterdir()] == ["batch.zip"]
    stream = io.BytesIO()
    FileBatch((), ()).write_zip(stream)
    stream.seek(0)
    assert FileBatch.read_zip(stream) == FileBatch((), ())


def test_files_keep_their_address(tmp_path):
    path = tmp_path / "a b.csv"
    path.write_bytes(b"1")
    batch = FileBatch.for_files([path])
    assert batch.uris == (f"file:{tmp_path.as_posix()}/a%20b.csv",)
    assert FileBatchRecordReader(CSVRecordReader, batch).next_record()[1].uri == str(path)


def test_one_record_or_sequence_of_each_file():
    reader = FileBatchRecordReader(CSVRecordReader, BATCH)
    assert list(reader) == [["1", "2"], ["5", "6"]]
    reader.reset()
    metadata = [reader.next_record()[1] for _ in range(2)]
    assert metadata[1] == RecordMetaDataLine(0, "/data/two")
    assert reader.load_from_metadata(metadata[::-1]) == [["5", "6"], ["1", "2"]]
    sequences = FileBatchSequenceRecordReader(CSVSequenceRecordReader, BATCH)
    assert list(sequences) == [[["1", "2"], ["3", "4"]], [["5", "6"]]]
    sequences.reset()
    second = [sequences.next_sequence()[1] for _ in range(2)][1]
    assert sequences.load_from_metadata([second]) == [[["5", "6"]]]
    with pytest.raises(DataVecError, match="no file /other"):
        reader.load_from_metadata([RecordMetaDataLine(0, "/other")])


def test_reader_with_options(tmp_path):
    BATCH.write_zip(tmp_path / "b.zip")
    made = FileBatchRecordReader(
        lambda split: CSVRecordReader(split, delimiter=";"), tmp_path / "b.zip"
    )
    assert list(made) == [["1,2"], ["5,6"]]
    documents = FileBatch((b'{"a": 1}',), ("file:/x.json",))
    made = FileBatchRecordReader(lambda split: JacksonRecordReader(split, ["a"]), documents)
    assert list(made) == [["1"]]


def test_a_file_without_a_record():
    with pytest.raises(DataVecError, match=r"x\.txt holds no record"):
        list(FileBatchRecordReader(LineRecordReader, FileBatch((b"",), ("file:/x.txt",))))


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"file_0.csv": b""}, r"no originalUris\.txt"),
        ({"originalUris.txt": b"a\nb", "file_0.csv": b""}, "names 2 files, .* holds 1"),
        ({"originalUris.txt": b"a", "file_7.csv": b""}, "names 1 files, .* holds 1"),
        ({"originalUris.txt": b"a", "../evil": b""}, r"received '\.\./evil'"),
        ({"originalUris.txt": b"\xff"}, "not UTF-8"),
        ({"originalUris.txt": b"a\n", "file_0.c": b"", "file_1.c": b""}, "one line of text"),
    ],
)
def test_zip_files_that_are_no_batch(members, message):
    with pytest.raises(RecordFormatError, match=message):
        FileBatch.read_zip(zipped(members))


def test_zip_bombs(tmp_path):
    bomb = zipped({"originalUris.txt": b"a", "file_0.bin": bytes(50 << 20)})
    assert len(bomb.getvalue()) < 100_000
    with pytest.raises(RecordFormatError, match="unpacks to more than 1048576 bytes"):
        FileBatch.read_zip(bomb, max_bytes=1 << 20)
    many = zipped({f"file_{i}.x": b"" for i in range(50)})
    with pytest.raises(RecordFormatError, match="50 members; at most 11"):
        FileBatch.read_zip(many, max_files=10)
    (tmp_path / "t.zip").write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(RecordFormatError, match=r"t\.zip: not a zip file that can be read"):
        FileBatch.read_zip(tmp_path / "t.zip")


def test_arguments():
    with pytest.raises(ValueError, match="1 files, but 2 addresses"):
        FileBatch((b"",), ("a", "b"))
    with pytest.raises(ValueError, match="one line of text, received 'a"):
        FileBatch((b"",), ("a\nb",))
