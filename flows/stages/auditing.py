"""The audit of what the latest editions print, staged as Parquet: only when these figures are others than last time."""

from __future__ import annotations

import time
from collections.abc import Sequence

from flows.stages.fingerprints import digest
from flows.stages.parquet import load_editions, open_engine, write_parquet
from flows.stages.reading import Reading
from flows.store.workspace import Workspace
from transforms.audit import Budget, audit_figures
from transforms.audit.published import Published, read_published
from transforms.audit.tables import tabulate

SECONDS = 120  # for the search; how far it came is in the table


def read_statements(workspace: Workspace, readings: Sequence[Reading]) -> Published:
    """The figures that the audit judges, of the latest edition of every dataset."""
    with open_engine(workspace) as con:
        load_editions(con, workspace, readings)
        con.execute(
            """CREATE TEMP VIEW latest_observations AS
               FROM observations SEMI JOIN (FROM datasets WHERE latest) USING (dataset, vintage)"""
        )
        return read_published(con)


def hash_statements(published: Published) -> str:
    """A digest of all that the audit looks at."""
    stated, others, labels = published
    rows = [[list(map(str, row.values())) for row in rows] for rows in (stated, others)]
    return digest([rows, sorted([*code, label] for code, label in labels.items())])


def audit_published(workspace: Workspace, published: Published) -> None:
    """Contradictions and derived values as staged Parquet (contracts audit_findings, audit_derived)."""
    stated, others, labels = published
    begun = time.monotonic()
    found = audit_figures(stated, others, budget=Budget(lambda: (time.monotonic() - begun) / SECONDS))
    for name, table in tabulate(found, labels).items():
        write_parquet(table, workspace.staging / "audit" / f"{name}.parquet")
