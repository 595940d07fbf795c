"""WAV and other sound files as records and sequences."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import numpy as np

from .._errors import DataVecError, RecordFormatError
from .._policy import ErrorPolicy
from ..columns._frame import Array, Frame
from ..process._process import ReadPlan
from ..schema._metadata import IntegerMetaData, NDArrayMetaData
from ..schema._schema import Schema
from ._files import read_limited
from ._metadata import RecordMetaDataURI
from ._path_labels import AbstractPathLabelGenerator, ParentPathLabelGenerator
from ._reader import AbstractRecordReader, RecordTask
from ._sequence_reader import AbstractSequenceRecordReader, Steps
from ._sound import WINDOW_FUNCTIONS, resample, sound_frames, spectrogram
from ._splits import AbstractInputSplit, InputPart, as_split
from ._tolerant import AbstractTolerant

__all__ = ["NativeAudioRecordReader", "WavFileRecordReader", "WavFileSequenceRecordReader"]

MAX_SAMPLES = 1 << 26
_BLOCK = 1 << 16
_FILES_AT_A_TIME = 16


class _Bytes(io.BytesIO):
    """Stays where it is when told to go before its start, as damaged files do.

    The library calls this from C, where an exception would be printed and lost.
    """

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


def read_sound(data: bytes, file: str | None, max_samples: int) -> tuple[Array, int]:
    """The samples, float32 (samples, channels) from −1 to 1, and the sample rate.

    Raises:
        RecordFormatError: no sound file, or more than `max_samples` values.
        ImportError: soundfile is not installed.
    """
    try:
        import soundfile
    except ImportError as e:
        raise ImportError(
            f'reading sound needs soundfile ({e}); install it with pip install "datavec[audio]"'
        ) from None
    blocks, total = [], 0
    try:
        with soundfile.SoundFile(_Bytes(data)) as sound:
            # Block by block: the number of samples that the header names may be anything.
            while len(block := sound.read(_BLOCK, dtype="float32", always_2d=True)):
                total += block.size
                if total > max_samples:
                    raise RecordFormatError(
                        f"more than {max_samples} samples; divide the file, or raise max_samples",
                        file=file,
                    )
                blocks.append(block)
            rate = int(sound.samplerate)
            if not blocks:
                blocks.append(np.empty((0, sound.channels), np.float32))
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError, OverflowError) as e:
        if isinstance(e, DataVecError):
            raise
        reason = getattr(e, "error_string", e)  # without the object that stands for the file
        raise RecordFormatError(f"not a sound file that can be read: {reason}", file=file) from None
    return np.concatenate(blocks), rate


class _AbstractSounds(AbstractTolerant):
    """What both readers know about their files."""

    def set_sounds(
        self,
        source: Any,
        *,
        append_label: bool,
        label_generator: AbstractPathLabelGenerator | None,
        sample_rate: int | None,
        max_samples: int,
        on_invalid: str | ErrorPolicy,
    ) -> None:
        if sample_rate is not None and sample_rate < 1:
            raise ValueError(f"sample_rate must be positive, received {sample_rate}")
        self.set_policy(on_invalid)
        self.split: AbstractInputSplit = as_split(source)
        self.sample_rate = sample_rate
        self.max_samples = max_samples
        self.label_generator = label_generator or ParentPathLabelGenerator()
        self.append_label = append_label
        self.labels: list[str] = []
        if append_label:
            found = {self.label_generator.label_for_path(p) for p in self.split.locations()}
            self.labels = sorted(found)

    def samples(self, part: InputPart) -> Array:
        """Samples of a file, (channels, samples), at the sample rate asked for."""
        with part.open() as f:
            data = read_limited(f, part.name)
        values, rate = read_sound(data, part.name, self.max_samples)
        channels = np.ascontiguousarray(values.T)
        return channels if self.sample_rate is None else resample(channels, rate, self.sample_rate)

    def label(self, part: InputPart) -> list[int]:
        """The label of a file, where one is wanted."""
        if not self.append_label:
            return []
        if part.name is None:
            raise DataVecError(f"{type(self).__name__}: a label needs data that have a path")
        return [self.labels.index(self.label_generator.label_for_path(part.name))]

    def parts_of(self, metadata: Iterable[Any]) -> list[InputPart]:
        """The files that metadata name, in that order."""
        wanted = [m.uri or None for m in metadata]
        parts = {part.name: part for part in self.split.parts_named(wanted)}
        missing = [name for name in wanted if name not in parts]
        if missing:
            raise DataVecError(f"{type(self).__name__}: {missing[0]} is not among the files read")
        return [parts[name] for name in wanted]


class WavFileRecordReader(_AbstractSounds, AbstractRecordReader):
    """One record per sound file: its samples from −1 to 1 as one array, and maybe a label.

    Reads WAV, FLAC, OGG, MP3 and AIFF. Needs ``pip install "datavec[audio]"``. Answers to
    ``WavFileRecordReader`` and ``NativeAudioRecordReader`` of Deeplearning4j's old audio module,
    whose records hold each sample as a value of its own (`as_array` false).

    Args:
        source: a path or URL, several of them, or an input split.
        append_label: add the position of the file's label in `labels`, the sorted list of labels.
        label_generator: gives the label of a file; the default is its folder.
        mono: the mean of all channels, an array of shape (samples,); otherwise (channels, samples).
        as_array: the samples are one value, an array; otherwise each is a value.
        sample_rate: samples per second; other sounds are resampled.
        max_samples: of a file, all channels together.
        on_invalid: ``raise``, or ``skip`` a file that cannot be read and count it in `skipped`.

    Raises:
        RecordFormatError: a file that is no sound, is damaged or too long.

    >>> import io, soundfile
    >>> from datavec import InputStreamInputSplit, WavFileRecordReader
    >>> stream = io.BytesIO()
    >>> soundfile.write(stream, np.array([0.0, 0.5, -0.5]), 8000, format="WAV")
    >>> _ = stream.seek(0)
    >>> WavFileRecordReader(InputStreamInputSplit(stream)).next()[0].tolist()
    [0.0, 0.5, -0.5]
    """

    def __init__(
        self,
        source: Any,
        *,
        append_label: bool = False,
        label_generator: AbstractPathLabelGenerator | None = None,
        mono: bool = True,
        as_array: bool = True,
        sample_rate: int | None = None,
        max_samples: int = MAX_SAMPLES,
        on_invalid: str | ErrorPolicy = "raise",
    ) -> None:
        super().__init__()
        self.set_sounds(
            source,
            append_label=append_label,
            label_generator=label_generator,
            sample_rate=sample_rate,
            max_samples=max_samples,
            on_invalid=on_invalid,
        )
        self.mono = mono
        self.as_array = as_array

    @property
    def schema(self) -> Schema | None:
        """The columns ``audio`` and, with labels, ``label``; None where samples are values."""
        if not self.as_array:
            return None
        audio = NDArrayMetaData("audio", (-1,) if self.mono else (-1, -1))
        if not self.append_label:
            return Schema((audio,))
        return Schema((audio, IntegerMetaData("label", 0, max(0, len(self.labels) - 1))))

    def _record(self, part: InputPart) -> list[Any]:
        samples = self.samples(part)
        if self.mono:
            samples = samples.mean(axis=0, dtype=np.float32)
        values = [samples] if self.as_array else samples.ravel(order="F").tolist()
        return [*values, *self.label(part)]

    def read_parts(self, parts: Iterable[InputPart]) -> Iterator[tuple[list[Any], Any]]:
        """The records of some files, each with its metadata."""
        for part in parts:
            try:
                record = self._record(part)
            except RecordFormatError as e:
                self.leave_out(e)
                continue
            yield record, RecordMetaDataURI(part.name or "")

    def records(self) -> Iterator[tuple[list[Any], Any]]:
        self.begin_pass()
        yield from self.read_parts(self.split.parts())

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[list[Any]]:
        return [self._record(part) for part in self.parts_of(metadata)]

    def frame_tasks(self, schema: Schema, plan: ReadPlan) -> Iterator[Callable[[], Frame]]:
        self.begin_pass()
        parts = self.split.parts()
        while chunk := list(islice(parts, _FILES_AT_A_TIME)):
            yield _SoundTask(self, schema, chunk)


NativeAudioRecordReader = WavFileRecordReader


class _SoundTask(RecordTask):
    """Reads some files where it is called, in a thread."""

    def __init__(self, reader: WavFileRecordReader, schema: Schema, parts: list[InputPart]) -> None:
        super().__init__(schema, ())
        self.reader, self.parts = reader, parts

    def load(self) -> None:
        self.chunk = list(self.reader.read_parts(self.parts))


class WavFileSequenceRecordReader(_AbstractSounds, AbstractSequenceRecordReader):
    """One sequence per sound file: its frames, as samples or frequencies, are the steps.

    The channels' mean is used. Needs ``pip install "datavec[audio]"``.

    Args:
        source: a path or URL, several of them, or an input split.
        frame_length: samples per frame.
        hop_length: samples from one frame's start to the next; the default is `frame_length`.
        features: ``samples`` (`frame_length` values a step) or ``spectrogram``
            (``frame_length // 2 + 1`` values a step).
        window: for ``spectrogram``, one of `WINDOW_FUNCTIONS`.
        normalize: for ``spectrogram``, decibels scaled from 0 to 1 over the file.
        append_label: add the file's label number to each step.
        label_generator, sample_rate, max_samples, on_invalid: as in `WavFileRecordReader`.

    Raises:
        RecordFormatError: a file that is no sound, is damaged or too long.

    >>> import io, soundfile
    >>> from datavec import InputStreamInputSplit, WavFileSequenceRecordReader
    >>> stream = io.BytesIO()
    >>> soundfile.write(stream, np.array([0.0, 0.5, -0.5, 0.25]), 8000, format="WAV")
    >>> _ = stream.seek(0)
    >>> WavFileSequenceRecordReader(InputStreamInputSplit(stream), frame_length=2).next()
    [[0.0, 0.5], [-0.5, 0.25]]
    """

    def __init__(
        self,
        source: Any,
        *,
        frame_length: int = 1024,
        hop_length: int | None = None,
        features: str = "samples",
        window: str = "hamming",
        normalize: bool = False,
        append_label: bool = False,
        label_generator: AbstractPathLabelGenerator | None = None,
        sample_rate: int | None = None,
        max_samples: int = MAX_SAMPLES,
        on_invalid: str | ErrorPolicy = "raise",
    ) -> None:
        super().__init__()
        if features not in ("samples", "spectrogram"):
            raise ValueError(f"features must be 'samples' or 'spectrogram', received {features!r}")
        if window not in WINDOW_FUNCTIONS:
            raise ValueError(
                f"window must be one of {', '.join(WINDOW_FUNCTIONS)}, received {window!r}"
            )
        sound_frames(np.empty(0, np.float32), frame_length, hop_length)  # checks the lengths
        self.set_sounds(
            source,
            append_label=append_label,
            label_generator=label_generator,
            sample_rate=sample_rate,
            max_samples=max_samples,
            on_invalid=on_invalid,
        )
        self.frame_length = frame_length
        self.hop_length = hop_length
        self.features = features
        self.window = window
        self.normalize = normalize

    def _steps(self, part: InputPart) -> Steps:
        samples = self.samples(part).mean(axis=0, dtype=np.float32)
        label = self.label(part)
        hop = self.frame_length if self.hop_length is None else self.hop_length
        per_step = self.frame_length if self.features == "samples" else self.frame_length // 2 + 1
        if len(samples) // hop * per_step > self.max_samples:
            raise RecordFormatError(
                f"its frames would hold more than {self.max_samples} values; "
                "use a longer hop_length",
                file=part.name,
            )
        if self.features == "samples":
            frames = sound_frames(samples, self.frame_length, self.hop_length)
        else:
            frames = spectrogram(
                samples,
                self.frame_length,
                self.hop_length,
                window=self.window,
                normalize=self.normalize,
            )
        return [[*step, *label] for step in frames.tolist()]

    def sequences(self) -> Iterator[tuple[Steps, Any]]:
        self.begin_pass()
        for part in self.split.parts():
            try:
                steps = self._steps(part)
            except RecordFormatError as e:
                self.leave_out(e)
                continue
            yield steps, RecordMetaDataURI(part.name or "")

    def load_from_metadata(self, metadata: Iterable[Any]) -> list[Steps]:
        return [self._steps(part) for part in self.parts_of(metadata)]
