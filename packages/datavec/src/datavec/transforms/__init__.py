"""The transforms. Importing this package registers all of them for JSON."""

from ._arithmetic import MathFunction as MathFunction
from ._arithmetic import MathOp as MathOp
from ._categorical import *
from ._columns import *
from ._conditional import *
from ._normalize import *
from ._numeric import *
from ._text import *
from ._types import *
from ._time import *
