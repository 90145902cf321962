"""Long bulk files (CSV, TSV, SDMX-CSV, Parquet; plain, gzip, zip, 7z) to observations, by DuckDB, streaming.

The meaning is that of the cell reader (transforms/observe.py): the same layout keys, the same parsers of labels and
figures. Only the way is another: each distinct text is read once in Python, the rest is SQL over small numbers.

    source.py    the file as DuckDB can read it: unpacked, UTF-8, its header found, its line numbers known
    said.py      what the distinct texts of the key columns say, as small tables to join
    figures.py   printed figures in SQL; the rare other forms by the cell reader's own parser
    observe.py   the observations of a staged file as one SELECT
    words.py     small numbers of a row in few columns
    faults.py    what could not be read: one message, or the quarantine
    store.py     how the observations lie on disk, and the SELECT that gives the contract's columns
    read.py      the order of the steps
"""

from transforms.bulk.faults import FaultKind
from transforms.bulk.read import BulkReadout, read_bulk
from transforms.bulk.store import select_observations

__all__ = ["BulkReadout", "FaultKind", "read_bulk", "select_observations"]
