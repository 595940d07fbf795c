"""Readers of sound files, and spectrograms."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
import soundfile

from datavec import (
    DataVecError,
    InputStreamInputSplit,
    NativeAudioRecordReader,
    RecordFormatError,
    RecordMetaDataURI,
    RecordReaderDataSetIterator,
    TransformProcess,
    WavFileRecordReader,
    WavFileSequenceRecordReader,
    resample,
    sound_frames,
    spectrogram,
)

RATE = 8000


def tone(hertz, seconds=0.1, rate=RATE):
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate) * 0.5


@pytest.fixture
def sounds(tmp_path):
    paths = []
    for folder, hertz in (("low", 200), ("high", 1000)):
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / "a.wav")
        soundfile.write(paths[-1], tone(hertz), RATE, subtype="PCM_16")
    return paths


def wav(samples, rate=RATE, format="WAV", **options):
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate, format=format, **options)
    stream.seek(0)
    return InputStreamInputSplit(stream)


def test_samples_and_labels(sounds):
    reader = WavFileRecordReader(sounds, append_label=True)
    assert reader.labels == ["high", "low"]
    (low, y0), (_, y1) = list(reader)
    assert (y0, y1) == (1, 0)
    assert low.dtype == np.float32
    np.testing.assert_allclose(low, tone(200), atol=1e-4)
    metadata = [RecordMetaDataURI(str(p)) for p in sounds[::-1]]
    assert [r[1] for r in reader.load_from_metadata(metadata)] == [0, 1]
    with pytest.raises(DataVecError, match="is not among the files read"):
        reader.load_from_metadata([RecordMetaDataURI("other.wav")])
    assert NativeAudioRecordReader is WavFileRecordReader


def test_typed_in_threads(sounds):
    reader = WavFileRecordReader(sounds, append_label=True)
    table = TransformProcess(reader.schema, ()).execute(reader, threads=2).read_all()
    assert table["label"].to_pylist() == [1, 0]
    assert table["audio"].to_pylist()[0]["shape"] == [800]


def test_batches_of_equally_long_sounds(sounds):
    from datavec import IntegerMetaData, NDArrayMetaData, Schema

    schema = Schema((NDArrayMetaData("audio", (800,)), IntegerMetaData("label")))
    reader = WavFileRecordReader(sounds, append_label=True)
    batches = RecordReaderDataSetIterator(
        reader, 2, label_index="label", num_classes=2, schema=schema
    )
    (batch,) = list(batches)
    assert batch.features.shape == (2, 800)
    np.testing.assert_allclose(np.asarray(batch.features)[1], tone(1000), atol=1e-4)


def test_channels_and_single_values():
    stereo = np.stack([tone(200), -tone(200)], axis=1)
    (both,) = WavFileRecordReader(wav(stereo), mono=False).next()
    assert both.shape == (2, 800)
    np.testing.assert_allclose(both[1], -tone(200), atol=1e-4)
    (mixed,) = WavFileRecordReader(wav(stereo)).next()
    np.testing.assert_allclose(mixed, 0, atol=1e-4)
    values = WavFileRecordReader(wav(np.array([0.0, 0.5])), as_array=False)
    assert values.next() == [0.0, 0.5]
    assert values.schema is None


@pytest.mark.parametrize("format", ["FLAC", "OGG", "AIFF"])
def test_other_formats(format):
    (samples,) = WavFileRecordReader(wav(tone(200), format=format)).next()
    assert len(samples) == 800
    np.testing.assert_allclose(samples[100:700], tone(200)[100:700], atol=0.05)


def test_another_sample_rate():
    (samples,) = WavFileRecordReader(wav(tone(200, rate=16000), 16000), sample_rate=8000).next()
    np.testing.assert_allclose(samples[50:-50], tone(200)[50:-50], atol=0.01)
    up = resample(tone(200), 8000, 16000)
    np.testing.assert_allclose(up[100:-100], tone(200, rate=16000)[100:-100], atol=0.01)
    high = resample(tone(3000), 8000, 4000)  # cannot be held: removed, not folded back
    assert np.abs(high).max() < 0.05


def test_sequences_of_frames():
    reader = WavFileSequenceRecordReader(wav(np.arange(6) / 8), frame_length=4, hop_length=2)
    assert list(reader) == [[[0, 0.125, 0.25, 0.375], [0.25, 0.375, 0.5, 0.625]]]


def test_sequences_of_frequencies(sounds):
    reader = WavFileSequenceRecordReader(
        sounds, frame_length=160, features="spectrogram", append_label=True
    )
    low, high = list(reader)
    assert len(low) == 5
    assert len(low[0]) == 160 // 2 + 1 + 1
    assert [int(np.argmax(s[0][:-1])) for s in (low, high)] == [4, 20]  # bins of 50 Hz
    assert [s[0][-1] for s in (low, high)] == [1, 0]
    assert reader.load_from_metadata([RecordMetaDataURI(str(sounds[1]))]) == [high]
    scaled = spectrogram(tone(200), 160, normalize=True)
    assert (scaled.min(), scaled.max()) == (0.0, 1.0)
    assert spectrogram(np.zeros(500), 100, normalize=True).max() == 0.0


def test_files_that_are_no_sound(tmp_path, sounds):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF" + bytes(40))
    with pytest.raises(RecordFormatError, match=r"bad\.wav: not a sound file"):
        list(WavFileRecordReader([bad]))
    reader = WavFileRecordReader([bad, *sounds], on_invalid="skip")
    assert len(list(reader)) == 2
    assert reader.skipped == 1
    sequences = WavFileSequenceRecordReader([bad, *sounds], on_invalid="skip")
    assert len(list(sequences)) == 2
    assert sequences.skipped == 1


def test_limits():
    with pytest.raises(RecordFormatError, match="more than 500 samples"):
        WavFileRecordReader(wav(tone(200)), max_samples=500).next()
    reader = WavFileSequenceRecordReader(
        wav(tone(200)), frame_length=100, hop_length=1, max_samples=10_000
    )
    with pytest.raises(RecordFormatError, match="more than 10000 values; use a longer hop_length"):
        reader.next()


def test_a_header_that_promises_too_much():
    stream = io.BytesIO()
    soundfile.write(stream, tone(200), RATE, format="WAV", subtype="PCM_16")
    data = bytearray(stream.getvalue())
    at = data.index(b"data")
    data[at + 4 : at + 8] = (0x7FFFFFF0).to_bytes(4, "little")
    reader = WavFileRecordReader(InputStreamInputSplit(io.BytesIO(bytes(data))))
    (samples,) = reader.next()
    assert len(samples) == 800


def test_options_that_make_no_sense():
    with pytest.raises(ValueError, match="features must be 'samples' or 'spectrogram'"):
        WavFileSequenceRecordReader(wav(tone(1)), features="mfcc")
    with pytest.raises(
        ValueError, match=r"window must be one of rectangular, .* received 'kaiser'"
    ):
        WavFileSequenceRecordReader(wav(tone(1)), window="kaiser")
    with pytest.raises(ValueError, match="must be positive, received 0 and 0"):
        WavFileSequenceRecordReader(wav(tone(1)), frame_length=0)
    with pytest.raises(ValueError, match="sample_rate must be positive"):
        WavFileRecordReader(wav(tone(1)), sample_rate=0)
    with pytest.raises(ValueError, match="one channel, received shape"):
        sound_frames(np.zeros((2, 2)), 1)
    with pytest.raises(ValueError, match="sample rates must be positive"):
        resample(np.zeros(2), 0, 1)
    with pytest.raises(ValueError, match="window must be one of"):
        spectrogram(np.zeros(2), 1, window="x")


def test_without_the_sound_package(monkeypatch):
    source = wav(tone(1))
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(ImportError, match=r"pip install \"datavec\[audio\]\""):
        WavFileRecordReader(source).next()
