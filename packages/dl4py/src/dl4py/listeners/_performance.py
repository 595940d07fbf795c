"""Listeners about speed and progress."""

from __future__ import annotations

import sys
import time
from typing import Any

from dl4py.listeners._scores import log
from dl4py.listeners._training_listener import TrainingListener


class PerformanceListener(TrainingListener):
    """Logs iteration time, examples per second and batches per second every ``frequency``
    iterations.

    Answers to ``org.deeplearning4j.optimize.listeners.PerformanceListener``.

    Attributes:
        samples_per_second, batches_per_second: of the last report; NaN before the first.
    """

    def __init__(self, frequency: int = 1, report_score: bool = False) -> None:
        self.frequency = max(1, frequency)
        self.report_score = report_score
        self.samples_per_second = float("nan")
        self.batches_per_second = float("nan")
        self._since = time.perf_counter()
        self._samples = 0
        self._batches = 0

    def on_epoch_start(self, model: Any) -> None:
        """Starts the clock, unless it runs already."""
        if self._batches == 0:
            self._since = time.perf_counter()

    def iteration_done(self, model: Any, iteration: int, epoch: int) -> None:
        """Counts, and reports at the chosen iterations."""
        now = time.perf_counter()
        self._samples += model.last_batch_size
        self._batches += 1
        if self._batches < self.frequency:
            return
        seconds = max(now - self._since, 1e-9)
        self.samples_per_second = self._samples / seconds
        self.batches_per_second = self._batches / seconds
        score = f"score: {model.score()};" if self.report_score else ""
        log.info(
            "ETL: %d ms; iteration %d; iteration time: %d ms; samples/sec: %.3f; batches/sec: %.3f; %s",
            model.last_etl_time,
            iteration,
            round(1e3 * seconds / self._batches),
            self.samples_per_second,
            self.batches_per_second,
            score,
        )
        self._since, self._samples, self._batches = now, 0, 0


class TimeIterationListener(TrainingListener):
    """Logs the remaining time and the expected end, every ``frequency`` iterations.

    Answers to ``org.deeplearning4j.optimize.listeners.TimeIterationListener``.

    Args:
        iteration_count: iterations that training will have.
        frequency: iterations between lines.
    """

    def __init__(self, iteration_count: int, frequency: int = 1) -> None:
        self._total = iteration_count
        self._frequency = max(1, frequency)
        self._start = time.time()
        self._done = 0

    def iteration_done(self, model: Any, iteration: int, epoch: int) -> None:
        """Logs at the chosen iterations."""
        self._done += 1
        if self._done % self._frequency:
            return
        now = time.time()
        left = max(0.0, (now - self._start) / self._done * (self._total - self._done))
        log.info("Remaining time : %dmn - End expected : %s", left // 60, time.ctime(now + left))


class ProgressBarListener(TrainingListener):
    """A progress bar over epochs or iterations with the current score; drawn on a terminal only.

    Args:
        total: iterations (or epochs) to expect; None where that is not known.
        unit: ``"iteration"`` or ``"epoch"``.
        refresh: iterations between reads of the score.
        file: the stream; standard error unless given.
        disable: None for automatic: no bar where the stream is no terminal.
    """

    def __init__(
        self,
        total: int | None = None,
        *,
        unit: str = "iteration",
        refresh: int = 10,
        file: Any = None,
        disable: bool | None = None,
    ) -> None:
        if unit not in ("iteration", "epoch"):
            raise ValueError(
                f'ProgressBarListener: unit is "iteration" or "epoch"; received {unit!r}'
            )
        self._unit = unit
        self._total = total
        self._refresh = max(1, refresh)
        self._file = sys.stderr if file is None else file
        self._disable = disable
        self._bar: Any = None

    def _tick(self, model: Any, show_score: bool) -> None:
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(
                total=self._total, unit=f" {self._unit}", file=self._file, disable=self._disable
            )
        self._bar.update(1)
        if show_score and not self._bar.disable:
            self._bar.set_postfix(score=f"{model.score():.5g}", refresh=False)

    def iteration_done(self, model: Any, iteration: int, epoch: int) -> None:
        """Moves a bar of iterations."""
        if self._unit == "iteration":
            self._tick(model, iteration % self._refresh == 0)

    def on_epoch_end(self, model: Any) -> None:
        """Moves a bar of epochs."""
        if self._unit == "epoch":
            self._tick(model, True)

    def close(self) -> None:
        """Ends the bar."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
