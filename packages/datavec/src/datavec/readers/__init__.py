"""Record readers and input splits."""
from ._csv import *
from ._csv_parser import *
from ._metadata import *
from ._reader import *
from ._splits import *
