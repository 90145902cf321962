"""How fast bulk files are read, and in how much memory: beside DuckDB's bare copy, and beside a pandas script."""

import flows  # noqa: F401 - before DuckDB is loaded: see there
