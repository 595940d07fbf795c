"""What dl4py raises beside ``ValueError`` and ``TypeError``; each is also one of these two where
that helps callers.
"""

from __future__ import annotations


class ConfigurationError(ValueError):
    """A configuration that cannot work: the message names the layer and the field, what was
    expected and received.
    """


class UnsupportedLayerError(ConfigurationError, NotImplementedError):
    """A file holds a class of layer, preprocessor or vertex that this version does not have yet.

    Attributes:
        java_class: the full name of the class in the file.
        path: where it stands, such as ``confs[2].layer``, after the file's name when it came from one.
        what: what it is: a layer, a preprocessor, a vertex.
    """

    def __init__(self, java_class: str, path: str, what: str = "layer") -> None:
        self.java_class = java_class
        self.path = path
        self.what = what
        super().__init__(
            f"{path}: {what} class {java_class!r} is not supported by this version of dl4py; "
            "everything else in the file can still be read with a tool that opens its JSON"
        )


class ModelFileError(ValueError):
    """A model file is damaged, hostile or of another kind; the message names the file, the entry
    and the problem.
    """


class NotANumberError(ArithmeticError):
    """Training met a value that is not a number while the check was on; the message names the step
    it appeared in.
    """
