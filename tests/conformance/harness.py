"""Finds recorded cases, gives them to the handler of their kind, and compares numbers.

A *case* is a JSON object with a ``kind`` in a folder or zip; its arrays lie in the ``.npz`` of the same stem and its
companion files beside it. A *set* (a JSON with a list ``cases``) holds many. The runner knows kinds, never case names.

A module ``kinds_<topic>.py`` beside this file declares ``KINDS: dict[str, Callable[[Case], None]]``.  A handler returns
when the case holds, raises ``AssertionError`` when it does not, and raises ``NotSupported(reason)`` for what the
project does not do yet; the closing table counts all three.
"""

from __future__ import annotations

import importlib.util
import io
import json
import sys
import tempfile
import tomllib
import traceback
import zipfile
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
DEFAULT_FIXTURES = REPOSITORY / "tests" / "fixtures"
OUTCOME = (
    "conformance_outcome"  # name of the property under which an item reports to the closing table
)
INVENTORIES = frozenset(
    {"config-raises"}
)  # texts for the project's own tests, which a runner cannot replay
DIFFERENCES = REPOSITORY / "docs" / "differences.toml"


class NotSupported(Exception):
    """The project does not do this yet; the reason is counted in the closing table."""


# ---------------------------------------------------------------------------------------------------------- sources


class FolderSource:
    """Cases below a folder, companions beside their JSON."""

    def __init__(self, root: Path, family: str) -> None:
        self.root = root
        self.family = family

    def json_names(self) -> list[str]:
        return sorted(p.relative_to(self.root).as_posix() for p in self.root.rglob("*.json"))

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def exists(self, name: str) -> bool:
        return (self.root / name).is_file()

    def path(self, name: str) -> Path:
        found = self.root / name
        if not found.is_file():
            raise FileNotFoundError(f"{self.root}: no file {name}")
        return found


class ZipSource:
    """Cases inside a zip; companions are extracted to a temporary folder when asked for."""

    def __init__(self, archive: Path) -> None:
        self.family = archive.stem
        self._archive = archive
        self._zip = zipfile.ZipFile(archive)
        self._names = set(self._zip.namelist())
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def json_names(self) -> list[str]:
        return sorted(n for n in self._names if n.endswith(".json"))

    def read(self, name: str) -> bytes:
        return self._zip.read(name)

    def exists(self, name: str) -> bool:
        return name in self._names

    def path(self, name: str) -> Path:
        if name not in self._names:
            raise FileNotFoundError(f"{self._archive}: no member {name}")
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix=f"fixtures-{self.family}-")
        return Path(self._zip.extract(name, self._folder.name))


Source = FolderSource | ZipSource


def find_sources(path: Path) -> list[Source]:
    """The zip at ``path``, or the folder and every zip of cases below it."""
    if path.is_file():
        return [ZipSource(path)]
    if not path.is_dir():
        raise FileNotFoundError(f"--fixtures {path}: no such folder or zip")
    sources: list[Source] = [FolderSource(path, path.name)]
    sources += [ZipSource(p) for p in sorted(path.rglob("*.zip")) if _holds_cases(p)]
    return sources


def _holds_cases(archive: Path) -> bool:
    """Whether a zip holds cases; a saved model lying beside its case is a zip with JSON as well."""
    try:
        with zipfile.ZipFile(archive) as opened:
            names = (n for n in opened.namelist() if n.endswith(".json"))
            return any(_parse(opened.read(n)) is not None for n in names)
    except zipfile.BadZipFile:
        return False  # companions may be damaged on purpose


def _parse(text: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except ValueError:
        return None  # companions may hold anything
    if not isinstance(found, dict) or not isinstance(found.get("kind"), str):
        return None
    return found if "case" in found or isinstance(found.get("cases"), list) else None


# ------------------------------------------------------------------------------------------------------------ cases


class Arrays(Mapping[str, np.ndarray]):
    """The arrays of a case, read on first use; names listed in ``bfloat16`` hold bit patterns as uint16."""

    def __init__(self, source: Source, member: str) -> None:
        self._source = source
        self._member = member

    @property
    def _npz(self) -> Mapping[str, np.ndarray]:
        return _open_npz(self._source, self._member)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._npz[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._npz)

    def __len__(self) -> int:
        return len(self._npz)


@cache
def _open_npz(source: Source, member: str) -> Mapping[str, np.ndarray]:
    if not source.exists(member):
        return {}
    with np.load(io.BytesIO(source.read(member)), allow_pickle=False) as opened:
        return dict(opened)


class Case:
    """One recorded case: ``meta`` (its JSON), ``arrays``, and ``path`` of companion files."""

    def __init__(self, source: Source, json_name: str, meta: dict[str, Any]) -> None:
        self._source = source
        self._folder = PurePosixPath(json_name).parent
        self.meta = meta
        self.kind: str = meta["kind"]
        self.name: str = meta["case"]
        self.stem = PurePosixPath(json_name).stem
        self.family = source.family
        self.rtol = _tolerance(meta.get("rtol"))
        self.atol = _tolerance(meta.get("atol"))
        self.arrays: Mapping[str, np.ndarray] = Arrays(source, self._member(self.stem + ".npz"))
        self.bfloat16 = frozenset(meta.get("bfloat16") or ())
        self.differences: list[str] = []

    @property
    def id(self) -> str:
        return f"{self.family}/{self.name}"

    def _member(self, name: str) -> str:
        return (self._folder / name).as_posix()

    def path(self, name: str) -> Path:
        """The companion file ``name`` as a file on disk."""
        return self._source.path(self._member(name))

    def has(self, name: str) -> bool:
        """Whether a companion file of this name exists."""
        return self._source.exists(self._member(name))

    def read(self, name: str) -> bytes:
        """The bytes of the companion file ``name``."""
        return self._source.read(self._member(name))

    def differs(self, name: str) -> dict[str, str]:
        """Mark that the project differs here on purpose: the row ``name`` of the table of differences."""
        row = differences().get(name)
        if row is None:
            raise AssertionError(
                f"{DIFFERENCES.name} has no row {name!r}: add one or follow the original"
            )
        if name not in self.differences:
            self.differences.append(name)
        return row

    def compare(self, actual: Any, expected: Any, what: str = "") -> None:
        """``compare`` with the tolerances of this case."""
        compare(actual, expected, self.rtol, self.atol, what)


def _tolerance(declared: Any) -> float:
    """Sets may declare tolerances by dtype in ``meta``; their handler reads them there."""
    return float(declared) if isinstance(declared, (int, float)) else 0.0


def find_cases(paths: list[Path]) -> list[Case]:
    """All cases below the given folders and zips; a set gives one case per entry."""
    found = []
    for source in (s for path in paths for s in find_sources(path)):
        for name in source.json_names():
            meta = _parse(source.read(name))
            if meta is None:
                continue
            if "cases" not in meta or "case" in meta:
                found.append(Case(source, name, meta))
                continue
            shared = {k: v for k, v in meta.items() if k != "cases"}
            found += [
                Case(source, name, {**shared, **entry, "kind": meta["kind"]})
                for entry in meta["cases"]
            ]
    return found


# ------------------------------------------------------------------------------------------------------------ kinds


Handler = Callable[[Case], None]


@cache
def load_kinds() -> tuple[dict[str, Handler], dict[str, str]]:
    """Handlers by kind, and the traceback of each ``kinds_*.py`` that could not be imported."""
    handlers: dict[str, Handler] = {}
    broken: dict[str, str] = {}
    for file in sorted(HERE.glob("kinds_*.py")):
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[file.stem] = module
        try:
            spec.loader.exec_module(module)
            twice = handlers.keys() & module.KINDS.keys()
            if twice:
                raise ValueError(f"{file.name}: kinds {sorted(twice)} have a handler already")
        except Exception:
            broken[file.name] = traceback.format_exc()
            continue
        handlers.update(module.KINDS)
    return handlers, broken


def is_compared(case: Case) -> bool:
    """Whether a case is one to replay: not informative only, and not part of an inventory that has no handler."""
    inventory = case.kind in INVENTORIES and case.kind not in load_kinds()[0]
    return not case.meta.get("informative") and not inventory


def run(case: Case) -> None:
    """Give the case to the handler of its kind."""
    handler = load_kinds()[0].get(case.kind)
    if handler is None:
        raise NotSupported(f"kind {case.kind}: not built yet")
    handler(case)


# ------------------------------------------------------------------------------------------------------- comparisons


def number(value: Any) -> Any:
    """A JSON value with the texts ``NaN``, ``Infinity``, ``-Infinity`` as floats."""
    named = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
    return named.get(value, value) if isinstance(value, str) else value


def bfloat16_to_float32(bits: np.ndarray) -> np.ndarray:
    """Values of bfloat16 bit patterns given as uint16."""
    return (np.asarray(bits, np.uint16).astype(np.uint32) << 16).view(np.float32)


def compare(
    actual: Any, expected: Any, rtol: float = 0.0, atol: float = 0.0, what: str = ""
) -> None:
    """Assert ``|actual - expected| <= atol + rtol * |expected|``, NaN equal to NaN, shapes and dtypes equal.

    Dtypes are compared where ``expected`` is an array; a plain number or list is compared by shape and value.
    """
    label = f"{what}: " if what else ""
    is_array = isinstance(expected, (np.ndarray, np.generic))
    want = np.asarray(expected if is_array else _numbers(expected))
    got = np.asarray(actual)
    assert got.shape == want.shape, f"{label}shape {got.shape}, expected {want.shape}"
    if is_array:
        same = got.dtype == want.dtype or (got.dtype.kind in "UO" and want.dtype.kind in "UO")
        assert same, f"{label}dtype {got.dtype}, expected {want.dtype}"
    if want.dtype.kind in "USObiu" and (want.dtype.kind in "USOb" or (rtol == 0 and atol == 0)):
        wrong = np.asarray(got != want)
    else:
        a, b = (x.astype(np.complex128 if x.dtype.kind == "c" else np.float64) for x in (got, want))
        with np.errstate(invalid="ignore", over="ignore"):
            near = np.isfinite(b) & (np.abs(a - b) <= atol + rtol * np.abs(b))
        wrong = ~(near | (a == b) | (np.isnan(a) & np.isnan(b)))
    count = int(np.count_nonzero(wrong))
    if count:
        where = tuple(int(i) for i in np.argwhere(wrong)[0]) if wrong.ndim else ()
        raise AssertionError(
            f"{label}{count} of {want.size} values differ (rtol {rtol:g}, atol {atol:g}); "
            f"at {where}: {got[where]!r}, expected {want[where]!r}"
        )


def _numbers(value: Any) -> Any:
    return [_numbers(v) for v in value] if isinstance(value, (list, tuple)) else number(value)


# ------------------------------------------------------------------------------------------------------- differences


@cache
def differences() -> dict[str, dict[str, str]]:
    """Rows of the table of deliberate differences by name; each has all fields."""
    with DIFFERENCES.open("rb") as file:
        rows = tomllib.load(file).get("difference", [])
    table: dict[str, dict[str, str]] = {}
    for row in rows:
        missing = {"name", "area", "original", "ours", "get_original"} - row.keys()
        if missing or row["name"] in table:
            raise ValueError(
                f"{DIFFERENCES.name}: row {row.get('name')!r} lacks {sorted(missing)} or is repeated"
            )
        table[row["name"]] = row
    return table
