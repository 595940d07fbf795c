"""Choice of the backend: discovery, the CPU check before opening, names and order, errors, threads."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nd4py as nd
from nd4py import _core
from nd4py._backend import _discovery, _extras, _selection, _threads


class Fake:
    """A backend package that notes whether its kernels were opened."""

    isa = "fake"
    version = "9.9.9"

    def __init__(
        self,
        name: str,
        priority: int,
        requires: tuple[str, ...] = (),
        fails: Exception | None = None,
    ):
        self.name, self.priority, self.requires, self.fails = name, priority, requires, fails
        self.opened = False

    def load(self) -> object:
        self.opened = True
        if self.fails is not None:
            raise self.fails
        return None


@pytest.fixture
def backends(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Installs fake backends in place of the real ones, with nothing selected yet."""
    before = _selection.current()

    def install(*fakes: Fake) -> None:
        module = SimpleNamespace(**{f.name: f for f in fakes})
        monkeypatch.setitem(sys.modules, "fake_backends", module)
        found = {f.name: f"fake_backends:{f.name}" for f in fakes}
        monkeypatch.setattr(_selection, "entry_points", lambda: found)
        monkeypatch.setitem(_selection._state, "capsules", {})
        monkeypatch.setitem(_selection._state, "current", None)
        monkeypatch.setitem(_selection._state, "skipped", {})
        for name in ("ND4PY_BACKEND", "ND4PY_BACKEND_PRIORITY"):
            monkeypatch.delenv(name, raising=False)

    yield install
    monkeypatch.undo()
    nd.use_backend(before or "numpy")


def test_kernels_of_a_lacking_cpu_are_never_opened(backends: Any) -> None:
    fake = Fake("wide", 900, requires=("avx9000", "sse2"))
    backends(fake)
    with pytest.raises(
        nd.BackendUnavailableError,
        match=r"'wide' needs instructions.*lacks: avx9000; install the kernels",
    ):
        nd.use_backend("wide")
    assert not fake.opened


def test_automatic_choice_skips_what_cannot_run_and_says_why(backends: Any) -> None:
    wide, broken = (
        Fake("wide", 900, ("avx9000",)),
        Fake("broken", 800, fails=ImportError("no such library")),
    )
    backends(wide, broken)
    with pytest.warns(RuntimeWarning, match=r"slow NumPy reference.*pip install 'nd4py\["):
        _selection.ensure_selected()
    assert not wide.opened
    info = nd.backend_info()
    assert info.backend == "numpy"
    reasons = {s.name: s.reason for s in info.skipped}
    assert "avx9000" in reasons["wide"]
    assert "no such library" in reasons["broken"]
    assert "skipped wide" in str(info)


def test_the_warning_comes_once(backends: Any) -> None:
    backends()
    with pytest.warns(RuntimeWarning):
        _selection.ensure_selected()
    _selection.ensure_selected()


def test_priority_decides_and_the_environment_overrides_it(
    backends: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    low, high = Fake("low", 100), Fake("high", 200)
    backends(low, high)
    assert [b.name for b in _selection.candidates({})] == ["high", "low"]
    monkeypatch.setenv("ND4PY_BACKEND_PRIORITY", "low")
    assert [b.name for b in _selection.candidates({})] == ["low", "high"]
    monkeypatch.setenv("ND4PY_BACKEND_PRIORITY", "low, numpy, high")
    assert [b.name for b in _selection.candidates({})] == ["low"]


def test_unknown_name_in_the_priority_is_an_error(
    backends: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    backends(Fake("low", 100))
    monkeypatch.setenv("ND4PY_BACKEND_PRIORITY", "lwo")
    with pytest.raises(
        nd.BackendUnavailableError, match="names 'lwo'; installed backends are low, numpy"
    ):
        _selection.candidates({})


def test_environment_names_the_backend(backends: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    high = Fake("high", 200)
    backends(high)
    monkeypatch.setenv("ND4PY_BACKEND", "numpy")
    _selection.ensure_selected()
    assert _selection.current() == "numpy"
    assert not high.opened


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (
            "cuda",
            r"'cuda' is not installed \(installed: .*numpy\); install it with pip install 'nd4py\[cuda\]'",
        ),
        ("quantum", "there is no backend 'quantum'; installed are .*numpy"),
    ],
)
def test_names_that_are_not_installed(backends: Any, name: str, text: str) -> None:
    backends()
    with pytest.raises(nd.BackendUnavailableError, match=text):
        nd.use_backend(name)


def test_another_abi_says_which_version_to_install(
    backends: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(capsule: object) -> None:
        if capsule == "old table":
            raise ValueError("set_table: ABI 1 wanted, ABI 7 given")

    fake = Fake("avx2", 200)
    monkeypatch.setattr(fake, "load", lambda: "old table")
    backends(fake)
    monkeypatch.setattr(
        _selection,
        "_core",
        SimpleNamespace(
            set_table=refuse,
            cpu_features=_core.cpu_features,
            ABI_VERSION=_core.ABI_VERSION,
            table_info=_core.table_info,
        ),
    )
    text = rf"'avx2' 9\.9\.9 does not fit nd4py .*ABI 7 given; install nd4py-native-avx2=={nd.__version__}"
    with pytest.raises(nd.BackendUnavailableError, match=text):
        nd.use_backend("avx2")


def test_context_restores_the_backend_before() -> None:
    before = nd.backend_info().backend
    with nd.use_backend("numpy"):
        assert nd.backend_info().backend == "numpy"
        assert (nd.array([1.0]) + 1).tolist() == [2.0]
    assert nd.backend_info().backend == before


def test_a_backend_that_fails_leaves_the_active_one() -> None:
    before = nd.backend_info().backend
    with pytest.raises(nd.BackendUnavailableError):
        nd.use_backend("quantum")
    assert nd.backend_info().backend == before
    assert nd.tanh(nd.array([0.0])).tolist() == [0.0]


def test_entry_points_are_read_from_metadata_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "some_kernels-1.0.dist-info"
    folder.mkdir()
    (folder / "entry_points.txt").write_text(
        "[console_scripts]\nx = y:z\n\n[nd4py.backends]\n# a comment\nspecial = some_kernels:backend [extra]\n"
    )
    (tmp_path / "other-1.0.dist-info").mkdir()
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "missing")])
    _discovery.entry_points.cache_clear()
    try:
        assert _discovery.entry_points() == {"special": "some_kernels:backend"}
    finally:
        _discovery.entry_points.cache_clear()


def test_entry_points_are_those_of_importlib() -> None:
    from importlib.metadata import entry_points

    assert {
        e.name: e.value for e in entry_points(group="nd4py.backends")
    } == _discovery.entry_points()


@pytest.mark.parametrize(
    ("features", "extra"),
    [
        (_extras._X86_64_V4 | {"amx_tile"}, "avx512"),
        (_extras._X86_64_V3 | {"avx512f"}, "avx2"),
        (_extras._X86_64_V2, "native"),
        (frozenset({"sse2"}), None),
    ],
)
def test_advice_fits_the_cpu(features: frozenset[str], extra: str | None) -> None:
    assert _extras.best_extra(features) == extra


def test_importing_a_backend_package_opens_no_shared_object() -> None:
    code = """
        import sys
        import nd4py_native
        opened = [line for line in open("/proc/self/maps") if "_kernels" in line]
        sys.exit(bool(opened))
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=True)


def test_import_selects_no_backend() -> None:
    code = """
        import nd4py as nd
        from nd4py._backend import _selection
        assert _selection.current() is None
        nd.zeros((2,))
        a = nd.array([1.0]) + nd.array([2.0])
        assert a.tolist() == [3.0]
        assert _selection.current() == "numpy"
    """
    subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        check=True,
        env={**os.environ, "ND4PY_BACKEND": "numpy"},
    )


# ---------------------------------------------------------------------------------------------------------- threads


def cgroup(root: Path, groups: str, **files: str) -> str:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root)


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 8), ("250000 100000", 2), ("50000 100000", 1), ("nonsense", 8)],
)
def test_threads_from_cgroup_v2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    root = cgroup(tmp_path, "0::/user/app\n", **{"sys/fs/cgroup/user/app/cpu.max": quota + "\n"})
    assert _threads.available_cpus(root) == expected


def test_the_tightest_group_on_the_way_up_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    root = cgroup(
        tmp_path,
        "0::/a/b\n",
        **{
            "sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
            "sys/fs/cgroup/a/cpu.max": "300000 100000\n",
        },
    )
    assert _threads.available_cpus(root) == 3


def test_threads_from_cgroup_v1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    folder = "sys/fs/cgroup/cpu,cpuacct/job/"
    root = cgroup(
        tmp_path,
        "4:cpu,cpuacct:/job\n3:memory:/job\n",
        **{folder + "cpu.cfs_quota_us": "450000\n", folder + "cpu.cfs_period_us": "100000\n"},
    )
    assert _threads.available_cpus(root) == 4


def test_affinity_limits_threads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {3})
    assert _threads.available_cpus(cgroup(tmp_path, "")) == 1


def test_environment_sets_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_threads, "_requested", None)
    monkeypatch.setenv("ND4PY_NUM_THREADS", "3")
    assert _threads.configured() == 3
    monkeypatch.setenv("ND4PY_NUM_THREADS", "many")
    with pytest.raises(
        ValueError, match="ND4PY_NUM_THREADS: expected an integer of at least 1, received 'many'"
    ):
        _threads.configured()


def test_set_num_threads_is_kept_across_backends() -> None:
    before = nd.get_num_threads()
    try:
        nd.set_num_threads(1)
        assert nd.get_num_threads() == 1
        with nd.use_backend("numpy"):
            pass
        assert nd.get_num_threads() == 1
        with pytest.raises(ValueError, match="expected at least 1 thread, received 0"):
            nd.set_num_threads(0)
    finally:
        nd.set_num_threads(before)


def test_results_do_not_depend_on_threads() -> None:
    x = nd.array(np.random.default_rng(0).normal(size=(300, 700)).astype(np.float32))
    before = nd.get_num_threads()
    try:
        results = []
        for count in (1, 2):
            nd.set_num_threads(count)
            results.append(np.asarray(nd.nn.softmax(x)))
        np.testing.assert_array_equal(*results)
    finally:
        nd.set_num_threads(before)
