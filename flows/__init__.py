"""The wiring: command line, flow, stages, store.

DuckDB writes whole blocks, and the unused end of a block of strings is whatever lay in memory there. Its allocator is
told, before it is loaded, to hand out memory full of zeros, so that the same input gives the same bytes.
"""

import os

os.environ.setdefault("DUCKDB_JE_MALLOC_CONF", "zero:true")
