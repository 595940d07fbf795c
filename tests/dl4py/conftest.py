"""Lets tests of this folder import its shared networks."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
