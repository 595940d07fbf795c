"""FFmpeg's filters on one image, through PyAV."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from .._errors import DataVecError

__all__ = ["filtered"]

Array = np.ndarray[Any, Any]


def filtered(
    image: Array, steps: list[tuple[str, str]], expected: tuple[int, int, int], pixels: str
) -> Array:
    """Run an image through a chain of filters; the result has the same kind of pixels.

    Raises:
        ImportError: PyAV is not installed.
        DataVecError: the image has another size, or FFmpeg refuses.
    """
    try:
        import av
    except ImportError as e:
        raise ImportError(
            f'FilterImageTransform needs PyAV ({e}); pip install "datavec[ffmpeg]"', name="av"
        ) from None
    if image.shape != expected or image.dtype != np.uint8:
        raise DataVecError(
            f"FilterImageTransform: expected an image of {expected[1]}x{expected[0]} with "
            f"{expected[2]} channels of uint8, received {image.shape[1]}x{image.shape[0]} with "
            f"{image.shape[2]} of {image.dtype}"
        )
    plane = image[:, :, 0] if image.shape[2] == 1 else image
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(plane), format=pixels)
    frame.pts = 0
    try:
        graph = av.filter.Graph()
        nodes = [
            graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=Fraction(1, 25),
            )
        ]
        nodes += [graph.add(name, arguments) for name, arguments in steps]
        nodes += [graph.add("format", f"pix_fmts={pixels}"), graph.add("buffersink")]
        for first, second in pairwise(nodes):
            first.link_to(second)
        graph.configure()
        graph.vpush(frame)
        graph.vpush(None)  # some filters hold frames back until the end
        found = graph.vpull()
    except (av.FFmpegError, ValueError, OSError) as e:
        text = ",".join(f"{n}={a}" if a else n for n, a in steps)
        raise DataVecError(f"FilterImageTransform: FFmpeg refuses {text!r}: {e}") from None
    result: Array = found.to_ndarray(format=pixels)
    return result
