"""Images: loading, changing and reading them into batches. Needs ``pip install "datavec[images]"``.

An image is an array [height, width, channels] with blue, green and red in that order, as OpenCV and
Deeplearning4j have it; batches are float32 [examples, channels, height, width].
"""

# A module's __all__ is the only list of its public names, so a class is added in one file.
# ruff: noqa: F403

from typing import TYPE_CHECKING

from .._on_first_use import on_first_use

if TYPE_CHECKING:
    from ._colour import *
    from ._cropping import *
    from ._detection import *
    from ._draws import *
    from ._errors import *
    from ._geometry import *
    from ._loader import *
    from ._objects import *
    from ._pipelines import *
    from ._process import *
    from ._reader import *
    from ._showing import *
    from ._transform import *
else:  # for type checkers the names are those above, with their types
    __getattr__, __dir__, __all__ = on_first_use(__name__)
