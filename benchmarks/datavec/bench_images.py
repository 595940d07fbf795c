"""Decode, augment and batch JPEG files, beside loaders made of Pillow.

    python benchmarks/datavec/bench_images.py                   # 10 000 files of 224x224
    python benchmarks/datavec/bench_images.py --files 2000 --threads 4
    python benchmarks/datavec/bench_images.py --peer-python /path/to/python   # one with torch and Pillow

Every loader gives batches of 32 float32 images [32, 3, side, side] in [-1, 1] with their class indices:
parts of 192x192 from random places, mirrored at random, once as they are (``crop``), once resized to
224x224 (``crop and resize``: what training on images of that size does). All have the same number of
threads. Each run is a process of its own, in turns; the files are in the operating system's cache.
Beside the median of the time on the clock stands the least processor time, which other work on the
machine disturbs less.

- ``datavec``: ImageRecordReader in a RecordReaderDataSetIterator, as a user writes it.
- ``Pillow + NumPy``: decoding and cropping by Pillow, the rest by NumPy, in a thread pool with batches
  made ahead.
- ``torchvision-style``: as torchvision's transforms do it (Pillow image, then tensor operations), in a
  thread pool; left out without torch.
- ``torch DataLoader``: the same in torch's worker processes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

BATCH, SIDE, CROP, CLASSES = 32, 224, 192, 10


def generate(folder: Path, count: int) -> None:
    """Files of about 20 kB each: smooth colours, some noise, as photographs compress."""
    import cv2

    rng = np.random.default_rng(7)
    for c in range(CLASSES):
        (folder / f"class{c}").mkdir(exist_ok=True)
    for i in range(count):
        coarse = rng.integers(0, 256, (14, 14, 3), dtype=np.uint8)
        smooth = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        noise = rng.integers(-12, 13, smooth.shape)
        image = np.clip(smooth + noise, 0, 255).astype(np.uint8)
        path = folder / f"class{i % CLASSES}" / f"{i:06d}.jpg"
        cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 90])


def listing(folder: Path) -> list[tuple[str, int]]:
    return [(str(p), int(p.parent.name[5:])) for p in sorted(folder.glob("class*/*.jpg"))]


# --- contestants ---------------------------------------------------------------------------------


def datavec(folder: Path, threads: int, side: int) -> Iterator[Any]:
    from datavec import (
        FlipImageTransform,
        ImageRecordReader,
        ParentPathLabelGenerator,
        PipelineImageTransform,
        RandomCropTransform,
        RecordReaderDataSetIterator,
    )
    from nd4py.normalizers import ImagePreProcessingScaler

    reader = ImageRecordReader(
        folder,
        side,
        side,
        3,
        label_generator=ParentPathLabelGenerator(),
        image_transform=PipelineImageTransform(
            [RandomCropTransform(CROP, CROP), (FlipImageTransform(1), 0.5)]
        ),
        seed=1,
    )
    return RecordReaderDataSetIterator(
        reader, BATCH, preprocessor=ImagePreProcessingScaler(-1, 1), prefetch=threads
    )


def _cut(rng: np.random.Generator) -> tuple[int, int, bool]:
    y, x = rng.integers(0, SIDE - CROP + 1, 2).tolist()
    return y, x, bool(rng.random() < 0.5)


def _ahead(batches: list[Any], work: Callable[[Any], Any], threads: int) -> Iterator[Any]:
    """Batches made in a thread pool, in order, a few ahead."""
    with ThreadPoolExecutor(threads) as pool:
        pending: deque[Any] = deque()
        for batch in batches:
            pending.append(pool.submit(work, batch))
            if len(pending) > threads + 2:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _chunks(items: list[Any]) -> list[Any]:
    return [(i, items[i : i + BATCH]) for i in range(0, len(items), BATCH)]


def _pillow(path: str, rng: np.random.Generator, side: int) -> Any:
    """A part of an image, mirrored or not."""
    from PIL import Image, ImageOps

    y, x, mirrored = _cut(rng)
    with Image.open(path) as opened:
        image = opened.convert("RGB").crop((x, y, x + CROP, y + CROP))
    if side != CROP:
        image = image.resize((side, side), Image.Resampling.BILINEAR)
    return ImageOps.mirror(image) if mirrored else image


def pillow_numpy(folder: Path, threads: int, side: int) -> Iterator[Any]:
    def work(chunk: tuple[int, list[tuple[str, int]]]) -> Any:
        rng = np.random.default_rng(chunk[0])
        images = []
        for path, _ in chunk[1]:
            image = _pillow(path, rng, side)
            array = np.asarray(image).transpose(2, 0, 1).astype(np.float32) / 255
            images.append((array - 0.5) / 0.5)
        return np.stack(images), np.array([label for _, label in chunk[1]])

    return _ahead(_chunks(listing(folder)), work, threads)


def _tensor(path: str, rng: np.random.Generator, side: int) -> Any:
    """What torchvision's RandomCrop, Resize, RandomHorizontalFlip, ToTensor and Normalize do."""
    import torch

    image = _pillow(path, rng, side)
    tensor = torch.from_numpy(np.array(image, copy=True)).permute(2, 0, 1).contiguous()
    tensor = tensor.to(torch.float32).div(255)
    half = torch.full((3, 1, 1), 0.5)
    return tensor.sub_(half).div_(half)


def torchvision_style(folder: Path, threads: int, side: int) -> Iterator[Any]:
    import torch

    torch.set_num_threads(1)

    def work(chunk: tuple[int, list[tuple[str, int]]]) -> Any:
        rng = np.random.default_rng(chunk[0])
        images = torch.stack([_tensor(path, rng, side) for path, _ in chunk[1]])
        return images, torch.tensor([label for _, label in chunk[1]])

    return _ahead(_chunks(listing(folder)), work, threads)


class _Files:
    """A torch data set of files."""

    def __init__(self, folder: Path, side: int) -> None:
        self.items, self.side = listing(folder), side

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Any:
        path, label = self.items[index]
        return _tensor(path, np.random.default_rng(index), self.side), label


def torch_dataloader(folder: Path, threads: int, side: int) -> Iterator[Any]:
    import torch

    torch.set_num_threads(1)
    data: Any = _Files(folder, side)
    return iter(torch.utils.data.DataLoader(data, batch_size=BATCH, num_workers=threads))


CONTESTANTS: dict[str, tuple[Callable[[Path, int, int], Iterator[Any]], tuple[str, ...]]] = {
    "datavec": (
        datavec,
        ("datavec.images", "datavec.batches._iterator", "nd4py.normalizers", "cv2"),
    ),
    "Pillow + NumPy": (pillow_numpy, ("PIL.Image", "PIL.ImageOps")),
    "torchvision-style": (torchvision_style, ("torch", "PIL.Image", "PIL.ImageOps")),
    "torch DataLoader": (torch_dataloader, ("torch", "PIL.Image", "PIL.ImageOps")),
}


# --- measuring -----------------------------------------------------------------------------------


def run_one(name: str, folder: Path, threads: int, side: int) -> dict[str, Any]:
    """One pass in this process; imports and start-up of the interpreter are not timed."""
    import importlib
    import resource

    make, modules = CONTESTANTS[name]
    for module in modules:
        importlib.import_module(module)
    started, before = time.perf_counter(), _cpu_seconds()
    images, total = 0, 0.0
    for batch in make(folder, threads, side):
        features = batch.features if hasattr(batch, "features") else batch[0]
        images += features.shape[0]
        first = np.asarray(features)
        assert first.shape[1:] == (3, side, side)
        assert first.dtype == np.float32
        total += float(first[0, 0, 0, 0])
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu = _cpu_seconds() - before
    return {"images": images, "seconds": seconds, "cpu": cpu, "peak_mb": peak, "check": total}


def _cpu_seconds() -> float:
    """Of this process and of the worker processes that have ended."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def compare(folder: Path, options: argparse.Namespace, work: str, side: int) -> None:
    results: dict[str, list[dict[str, Any]]] = {}
    missing: dict[str, str] = {}
    for _ in range(options.repeats):
        for name in CONTESTANTS:
            if name in missing:
                continue
            python = options.peer_python if "torch" in name else sys.executable
            command = [python, __file__, "--one", name, "--folder", str(folder)]
            command += ["--threads", str(options.threads), "--side", str(side)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                missing[name] = done.stderr.strip().splitlines()[-1]
                continue
            results.setdefault(name, []).append(json.loads(done.stdout.splitlines()[-1]))
    count = len(listing(folder))
    print(
        f"{work}: {count} JPEG of {SIDE}x{SIDE}, batches of {BATCH}, {options.threads} threads, "
        f"{len(os.sched_getaffinity(0))} CPUs, {platform.machine()}"
    )
    print(
        f"{'':<20}{'median s':>9}{'min':>7}{'max':>7}{'images/s':>10}{'ratio':>7}"
        f"{'CPU s':>8}{'ratio':>7}{'peak MB':>9}"
    )
    base = statistics.median(r["seconds"] for r in results["datavec"])
    base_cpu = min(r["cpu"] for r in results["datavec"])
    for name, runs in results.items():
        seconds = [r["seconds"] for r in runs]
        median = statistics.median(seconds)
        peak = statistics.median(r["peak_mb"] for r in runs)
        cpu = min(r["cpu"] for r in runs)  # of a loaded machine the least disturbed run
        print(
            f"{name:<20}{median:>9.2f}{min(seconds):>7.2f}{max(seconds):>7.2f}"
            f"{count / median:>10.0f}{median / base:>7.2f}"
            f"{cpu:>8.2f}{cpu / base_cpu:>7.2f}{peak:>9.0f}"
        )
    for name, reason in missing.items():
        print(f"{name:<20} left out: {reason}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peer-python", default=sys.executable, help="has torch and Pillow")
    parser.add_argument("--folder", type=Path, help="use (or fill) this folder and keep it")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--side", type=int, default=CROP, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(run_one(options.one, options.folder, options.threads, options.side)))
        return
    with tempfile.TemporaryDirectory() as made:
        folder = options.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        if not listing(folder):
            generate(folder, options.files)
        for work, side in (("crop", CROP), ("crop and resize", SIDE)):
            compare(folder, options, work, side)


if __name__ == "__main__":
    main()
