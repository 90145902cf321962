"""What changed between two editions of a dataset: counted, measured (mean revisions), reported; one series by edition.

The comparison itself is the macro revisions (transforms/macros/revisions.sql), so that everybody who asks the database
gets the same rows.

    compare.py   the macro's rows in tables of a connection, in parts where an edition is large
    report.py    counts, causes, mean revisions, the largest revisions; as JSON and Markdown
    triangle.py  one series: periods by vintages
"""

from transforms.revisions.compare import Comparison, compare_editions
from transforms.revisions.report import CAUSES, CHANGES, make_report, render_report
from transforms.revisions.triangle import Triangle, make_triangle

__all__ = [
    "CAUSES",
    "CHANGES",
    "Comparison",
    "Triangle",
    "compare_editions",
    "make_report",
    "make_triangle",
    "render_report",
]
