"""What lies where in curated/: the names that every part of the store agrees on."""

from __future__ import annotations

DATABASE = "digitrade.duckdb"
REVISION_REPORT = "revisions.json"
# What an edition gives, each in <folder>/dataset=<dataset>/vintage=<vintage>/.
EDITION_FOLDERS = ("observations", "labels", "quarantine", "texts", "corrections")
STATE = "state"  # what the outputs were made from
# Sizes and times of files on this machine, so that what has not been touched need not be hashed again.
SEEN = "seen"
# What a publication consists of, with the database.
FOLDERS = (
    *EDITION_FOLDERS,
    "indicators",
    "core",
    "comparisons",
    "revisions",
    "checks",
    "rules",
    "audit",
    "validation",
    "exports",
    STATE,
)
