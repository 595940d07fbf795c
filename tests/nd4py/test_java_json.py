"""What all classes with a JSON form share: they are found by their Java name, and never change."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from importlib import import_module

import pytest

from nd4py import _java_json
from nd4py._java_json import JavaObject, from_json

MODULES = sorted(set(_java_json._MODULES.values()))
CLASSES = sorted(
    {
        cls
        for module in MODULES
        for cls in vars(import_module(module)).values()
        if isinstance(cls, type) and vars(cls).get("java_class")
    },
    key=lambda cls: cls.java_class,
)


def test_every_class_has_the_module_of_its_java_package():
    assert {cls.java_class: cls for cls in CLASSES} == _java_json._BY_CLASS
    for cls in CLASSES:
        homes = {m for p, m in _java_json._MODULES.items() if cls.java_class.startswith(p)}
        assert len(homes) == 1
        assert cls.__module__.startswith(homes.pop()), cls


@pytest.mark.parametrize("module", MODULES)
def test_a_file_may_name_a_class_before_its_module_is_imported(module: str):
    names = [cls.java_class for cls in CLASSES if cls.__module__.startswith(module)]
    code = (
        "import json, sys\n"
        "from nd4py import _java_json\n"
        f"assert {module!r} not in sys.modules\n"
        f"print(json.dumps([_java_json._imported(n).java_class for n in {names!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout) == names


def test_unknown_classes_of_known_packages_are_named():
    with pytest.raises(ValueError, match=r"unknown class 'org\.nd4j\.linalg\.schedule\.Strange'"):
        from_json({"@class": "org.nd4j.linalg.schedule.Strange"}, JavaObject)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_objects_never_change(cls: type):
    made = object.__new__(cls)
    for name in ("unheard_of", *(f.name for f in dataclasses.fields(cls))):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(made, name, 1)
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(made, name)
