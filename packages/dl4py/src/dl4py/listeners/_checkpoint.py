"""A listener that saves the network as it trains."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dl4py.listeners._scores import log
from dl4py.listeners._training_listener import TrainingListener

INFO_FILE = "checkpointInfo.txt"
_HEADER = "checkpointNum,timestamp,iteration,epoch,modelType,filename"


@dataclass(frozen=True)
class Checkpoint:
    """One saved state: a line of ``checkpointInfo.txt``.

    Answers to ``org.deeplearning4j.optimize.listeners.Checkpoint``.
    """

    checkpoint_num: int
    timestamp: int  # milliseconds since 1970
    iteration: int
    epoch: int
    model_type: str
    filename: str

    def to_line(self) -> str:
        """The line of the file."""
        return f"{self.checkpoint_num},{self.timestamp},{self.iteration},{self.epoch},{self.model_type},{self.filename}"

    @staticmethod
    def from_line(line: str, where: str) -> Checkpoint:
        """The checkpoint of a line.

        Raises:
            ValueError: the line has not its six values, or the file name leads out of the folder.
        """
        parts = line.rstrip("\r\n").split(",")
        if len(parts) != 6:
            raise ValueError(f"{where}: expected {_HEADER}; received {line!r:.80}")
        if Path(parts[5]).name != parts[5]:
            raise ValueError(f"{where}: expected a plain file name; received {parts[5]!r:.80}")
        try:
            numbers = [int(p) for p in parts[:4]]
        except ValueError:
            raise ValueError(f"{where}: expected four integers; received {line!r:.80}") from None
        return Checkpoint(numbers[0], numbers[1], numbers[2], numbers[3], parts[4], parts[5])


class CheckpointListener(TrainingListener):
    """Saves zips ``checkpoint_<num>_MultiLayerNetwork.zip`` in a folder, and a line each in
    ``checkpointInfo.txt``.

    Args:
        root_dir: the folder; made if it is not there.
        save_every_n_epochs: save at the end of every n-th epoch.
        save_every_n_iterations: save at every n-th iteration.
        iterations_since_last: count the n iterations from the last save.
        save_every_seconds: save when so much time has passed since the start, or since the last
            save.
        seconds_since_last: count the seconds from the last save.
        keep_last: keep only the last so many files; None for all.
        keep_every: with ``keep_last``, also keep every so-manieth.
        log_saving: log every save.
        delete_existing: delete earlier checkpoints in the folder instead of refusing it.

    Raises:
        ValueError: no rule says when to save, or the folder holds checkpoints and
            ``delete_existing`` is off.

    Answers to ``org.deeplearning4j.optimize.listeners.CheckpointListener``.
    """

    def __init__(
        self,
        root_dir: str | os.PathLike[str],
        *,
        save_every_n_epochs: int | None = None,
        save_every_n_iterations: int | None = None,
        iterations_since_last: bool = False,
        save_every_seconds: float | None = None,
        seconds_since_last: bool = False,
        keep_last: int | None = None,
        keep_every: int | None = None,
        log_saving: bool = True,
        delete_existing: bool = False,
    ) -> None:
        rules = (save_every_n_epochs, save_every_n_iterations, save_every_seconds)
        if all(r is None for r in rules):
            raise ValueError(
                "CheckpointListener: give save_every_n_epochs, save_every_n_iterations or save_every_seconds"
            )
        for value in (*rules, keep_last, keep_every):
            if value is not None and value <= 0:
                raise ValueError(
                    f"CheckpointListener: intervals and counts must be positive; received {value}"
                )
        self._folder = Path(root_dir)
        self._folder.mkdir(parents=True, exist_ok=True)
        info = self._folder / INFO_FILE
        if info.exists() and info.stat().st_size > 0:
            if not delete_existing:
                raise ValueError(
                    f"CheckpointListener: {self._folder} holds checkpoints already; use another folder, or "
                    "delete_existing=True"
                )
            for checkpoint in self.available_checkpoints(self._folder):
                (self._folder / checkpoint.filename).unlink(missing_ok=True)
            info.unlink()
        self._epochs = save_every_n_epochs
        self._iterations = save_every_n_iterations
        self._iterations_since_last = iterations_since_last
        self._seconds = save_every_seconds
        self._seconds_since_last = seconds_since_last
        self._keep_last = keep_last
        self._keep_every = keep_every
        self._log = log_saving
        self._next = 0
        self._started: float | None = None
        self._last_save_time = 0.0
        self._last_save_iteration = -1
        self._last: Checkpoint | None = None

    def on_epoch_end(self, model: Any) -> None:
        """Saves at the end of the chosen epochs."""
        if self._epochs is not None and (model.epoch_count + 1) % self._epochs == 0:
            self._save(model)

    def iteration_done(self, model: Any, iteration: int, epoch: int) -> None:
        """Saves at the chosen iterations and times; never at the very first call."""
        now = time.monotonic()
        if self._started is None:
            self._started = self._last_save_time = now
            self._last_save_iteration = iteration
            return
        if self._iterations is not None:
            if self._iterations_since_last:
                due = iteration - self._last_save_iteration >= self._iterations
            else:
                due = iteration > 0 and iteration % self._iterations == 0
            if due:
                self._save(model)
                return
        if self._seconds is not None and now - self._last_save_time >= self._seconds:
            self._save(model)
            if not self._seconds_since_last:  # a fixed grid of times
                passed = int((now - self._started) / self._seconds)
                self._last_save_time = self._started + passed * self._seconds

    def _save(self, model: Any) -> None:
        kind = type(model).__name__
        checkpoint = Checkpoint(
            self._next,
            time.time_ns() // 1_000_000,
            model.iteration_count,
            model.epoch_count,
            kind,
            f"checkpoint_{self._next}_{kind}.zip",
        )
        self._next += 1
        model.save(self._folder / checkpoint.filename, True)
        info = self._folder / INFO_FILE
        with open(info, "a", encoding="utf-8") as file:
            if file.tell() == 0:
                file.write(_HEADER + "\n")
            file.write(checkpoint.to_line() + "\n")
        self._last = checkpoint
        self._last_save_time = time.monotonic()
        self._last_save_iteration = model.iteration_count
        if self._log:
            log.info(
                "Model checkpoint saved: epoch %d, iteration %d, path: %s",
                model.epoch_count,
                model.iteration_count,
                self._folder / checkpoint.filename,
            )
        self._forget_old()

    def _forget_old(self) -> None:
        if self._keep_last is None:
            return
        found = self.available_checkpoints(self._folder)
        for checkpoint in found[: -self._keep_last]:
            number = checkpoint.checkpoint_num
            if self._keep_every is not None and number > 0 and (number + 1) % self._keep_every == 0:
                continue
            (self._folder / checkpoint.filename).unlink(missing_ok=True)

    # -------------------------------------------------------------------------------------- reading

    @staticmethod
    def available_checkpoints(root_dir: str | os.PathLike[str]) -> list[Checkpoint]:
        """The checkpoints of a folder whose files exist, oldest first."""
        info = Path(root_dir) / INFO_FILE
        if not info.exists():
            return []
        lines = info.read_text(encoding="utf-8").splitlines()[1:]
        found = [
            Checkpoint.from_line(line, f"{info}, line {i}")
            for i, line in enumerate(lines, 2)
            if line.strip()
        ]
        return [c for c in found if (Path(root_dir) / c.filename).exists()]

    @staticmethod
    def last_checkpoint(root_dir: str | os.PathLike[str]) -> Checkpoint | None:
        """The newest checkpoint of a folder, None where there is none."""
        found = CheckpointListener.available_checkpoints(root_dir)
        return found[-1] if found else None

    @staticmethod
    def get_file_for_checkpoint(root_dir: str | os.PathLike[str], which: Checkpoint | int) -> Path:
        """The file of a checkpoint or of its number.

        Raises:
            ValueError: the folder has no such checkpoint.
        """
        for checkpoint in CheckpointListener.available_checkpoints(root_dir):
            if which in (checkpoint, checkpoint.checkpoint_num):
                return Path(root_dir) / checkpoint.filename
        raise ValueError(f"{root_dir}: no checkpoint {which}")

    @staticmethod
    def load_checkpoint_mln(root_dir: str | os.PathLike[str], which: Checkpoint | int) -> Any:
        """The network of a checkpoint."""
        from dl4py.nn import MultiLayerNetwork

        return MultiLayerNetwork.load(CheckpointListener.get_file_for_checkpoint(root_dir, which))

    @staticmethod
    def load_last_checkpoint_mln(root_dir: str | os.PathLike[str]) -> Any:
        """The network of the newest checkpoint.

        Raises:
            ValueError: the folder has none.
        """
        last = CheckpointListener.last_checkpoint(root_dir)
        if last is None:
            raise ValueError(f"{root_dir}: no checkpoints")
        return CheckpointListener.load_checkpoint_mln(root_dir, last)
