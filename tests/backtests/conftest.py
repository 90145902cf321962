"""Makes the small worlds of the indicator tests importable here: publishers' figures go through the same tables."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "indicators"))
