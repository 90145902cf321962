"""From a published number back to the cells it rests on, their files and editions; and the same as OpenLineage events.

cells.py     how a cell is named: dataset/vintage/locator, and what a name says
select.py    which value or which cell is meant; what tells several apart
core.py      the cells of a core indicator of a large edition, by a query on it
build.py     the trail of one number: formula, definition, cells, files, editions
lineage.py   the publication as a whole, as OpenLineage events
"""

from transforms.trace.build import Trail, trace_cell, trace_core_indicator, trace_indicator, trace_table_cell
from transforms.trace.cells import CellName, parse_cell
from transforms.trace.lineage import make_events
from transforms.trace.select import KEYS, AmbiguousError, find_indicator, find_observation, find_table_cell

__all__ = [
    "KEYS",
    "AmbiguousError",
    "CellName",
    "Trail",
    "find_indicator",
    "find_observation",
    "find_table_cell",
    "make_events",
    "parse_cell",
    "trace_cell",
    "trace_core_indicator",
    "trace_indicator",
    "trace_table_cell",
]
