"""What ``import dl4py`` gives and costs."""

from __future__ import annotations

import ast
import importlib
import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import dl4py


def test_every_public_name_exists():
    for name in dl4py.__all__:
        assert getattr(dl4py, name) is not None
    assert set(dl4py.__all__) <= set(dir(dl4py))


def test_names_are_the_objects_of_their_modules():
    from dl4py.conf import InputType
    from dl4py.conf.layers import DenseLayer

    assert dl4py.InputType is InputType
    assert dl4py.DenseLayer is DenseLayer


def _names_for_type_checkers(module):
    """What a module imports as public, at run time or for type checkers only."""
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return {alias.asname for node in imports for alias in node.names if alias.name == alias.asname}


def test_type_checkers_see_the_same_names():
    from dl4py.conf import layers

    assert _names_for_type_checkers(dl4py) == set(dl4py.__all__)
    classes = {name for name in dir(layers) if isinstance(getattr(layers, name), type)}
    assert _names_for_type_checkers(layers) == {n for n in classes if n[0] != "_"} - {"Any"}


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'dl4py' has no attribute 'Nonsense'"):
        _ = dl4py.Nonsense


def test_import_leaves_out_what_is_rarely_needed():
    code = "import sys, json, dl4py; print(json.dumps(sorted(sys.modules)))"
    found = set(
        json.loads(
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        )
    )
    assert found.isdisjoint({"datavec", "pyarrow", "click", "tqdm", "samediff", "nd4py", "numpy"})
    code = (
        "import sys, json; from dl4py import MultiLayerNetwork, NeuralNetConfiguration, DenseLayer;"
        "from nd4py.updaters import Adam; from nd4py.data import DataSet;"
        "print(json.dumps(sorted(sys.modules)))"
    )
    found = set(
        json.loads(
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
        )
    )
    assert found.isdisjoint({"datavec", "pyarrow", "click", "tqdm", "nd4py.evaluation", "pathlib"})
    assert found.isdisjoint({"nd4py.activations", "nd4py.losses", "nd4py.weights"})
    assert found.isdisjoint({"nd4py.data._async", "nd4py.formats._array_files"})
    assert found.isdisjoint({"nd4py.ops", "samediff._samediff"})
    code = "import sys, nd4py; nd4py.backend_info(); print('nd4py.ops' in sys.modules)"
    asked = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert asked.stdout.strip() == b"False"


def test_every_layer_class_is_public():
    from dl4py.conf import layers
    from dl4py.conf.layers._base import FAMILY

    for module in pkgutil.iter_modules(layers.__path__, "dl4py.conf.layers."):
        importlib.import_module(module.name)  # also one that the table of modules has forgotten
    assert {c.__name__ for c in FAMILY} <= set(dl4py.__all__)
