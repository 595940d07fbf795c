"""Sounds as arrays: windows, spectrograms, other sample rates."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..columns._frame import Array

__all__ = ["WINDOW_FUNCTIONS", "resample", "sound_frames", "spectrogram"]

WINDOW_FUNCTIONS = ("rectangular", "bartlett", "hann", "hamming", "blackman")
"""Names of the windows that `spectrogram` knows."""


def _window(name: str, length: int) -> Array:
    if name not in WINDOW_FUNCTIONS:
        raise ValueError(f"window must be one of {', '.join(WINDOW_FUNCTIONS)}, received {name!r}")
    made: dict[str, Any] = {
        "rectangular": np.ones,
        "bartlett": np.bartlett,
        "hann": np.hanning,
        "hamming": np.hamming,
        "blackman": np.blackman,
    }
    return np.asarray(made[name](length), np.float32)


def sound_frames(samples: Array, frame_length: int, hop_length: int | None = None) -> Array:
    """Pieces of a sound, which overlap where `hop_length` is smaller than `frame_length`.

    Args:
        samples: float, shape (samples,).
        frame_length: samples per frame.
        hop_length: samples from one frame's start to the next; the default is `frame_length`.

    Returns:
        A read-only view of shape (frames, frame_length); samples behind the last whole frame are
        left out, and a sound shorter than a frame gives none.

    Raises:
        ValueError: a length that is not positive, or more than one channel.

    >>> from datavec import sound_frames
    >>> sound_frames(np.arange(5.0), 3, 2).tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 4.0]]
    """
    hop = frame_length if hop_length is None else hop_length
    if frame_length < 1 or hop < 1:
        raise ValueError(
            f"frame_length and hop_length must be positive, received {frame_length} and {hop}"
        )
    samples = np.asarray(samples)
    if samples.ndim != 1:
        raise ValueError(f"expected the samples of one channel, received shape {samples.shape}")
    if len(samples) < frame_length:
        return np.empty((0, frame_length), samples.dtype)
    return np.lib.stride_tricks.sliding_window_view(samples, frame_length)[::hop]


def spectrogram(
    samples: Array,
    frame_length: int = 1024,
    hop_length: int | None = None,
    *,
    window: str = "hamming",
    normalize: bool = False,
) -> Array:
    """Magnitudes of the frequencies over time.

    Row t is ``|FFT(window · frame t)|`` for the frequencies from 0 to half the sample rate. Answers
    to ``Spectrogram`` of Deeplearning4j's old audio module.

    Args:
        samples: float, shape (samples,).
        frame_length: samples per frame.
        hop_length: samples from frame to frame; the default is `frame_length`.
        window: one of `WINDOW_FUNCTIONS`.
        normalize: give the decibels, scaled so that the least is 0 and the greatest 1.

    Returns:
        float32, shape (frames, frame_length // 2 + 1).

    Raises:
        ValueError: as `sound_frames`; an unknown window.

    >>> from datavec import spectrogram
    >>> wave = np.sin(2 * np.pi * 100 * np.arange(8000) / 8000)  # 100 Hz at 8000 samples/s
    >>> power = spectrogram(wave, 800)
    >>> power.shape, int(power[0].argmax())  # bins of 10 Hz
    ((10, 401), 10)
    """
    frames = sound_frames(samples, frame_length, hop_length)
    power = np.abs(np.fft.rfft(frames * _window(window, frame_length))).astype(np.float32)
    if not normalize or not power.size:
        return power
    decibels = 10 * np.log10(np.maximum(power, np.float32(1e-10)))
    low, high = decibels.min(), decibels.max()
    if high == low:
        return np.zeros_like(decibels)
    return np.asarray((decibels - low) / (high - low), np.float32)


def resample(samples: Array, rate: int, new_rate: int) -> Array:
    """A sound at another sample rate; frequencies that the new one cannot hold are removed.

    Args:
        samples: float, shape (…, samples).
        rate: samples per second now.
        new_rate: samples per second wanted.

    Returns:
        float32, shape (…, round(samples · new_rate / rate)).

    Raises:
        ValueError: a rate that is not positive.

    >>> from datavec import resample
    >>> resample(np.ones(8), 8, 4).round(3).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """
    if rate < 1 or new_rate < 1:
        raise ValueError(f"sample rates must be positive, received {rate} and {new_rate}")
    samples = np.asarray(samples, np.float32)
    count = samples.shape[-1]
    wanted = round(count * new_rate / rate)
    if rate == new_rate or count == 0 or wanted == 0:
        return samples[..., :wanted]
    spectrum = np.fft.rfft(samples)[..., : wanted // 2 + 1]
    return np.asarray(np.fft.irfft(spectrum, wanted) * (wanted / count), np.float32)
