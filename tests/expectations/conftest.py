"""The hand-made worlds of tests/indicators are also what the rules are tried on."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "indicators"))
