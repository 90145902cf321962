"""The stages of a run as plain functions: read, check, compute, judge, export, publish. No Prefect here.

Every stage takes a Workspace and leaves its output in the staging folder; flows/pipeline.py puts them in order, once
as plain calls and once as Prefect tasks, and both write the same bytes. What has not changed since the last run is
taken over from its publication (fingerprints.py, plans.py).
"""

from expectations.run import Outcome
from flows.stages.auditing import audit_published, hash_statements, read_statements
from flows.stages.checking import (
    check_codelists,
    check_edition,
    check_editions,
    check_results,
    judge_catalogue,
    write_checks,
)
from flows.stages.computing import compute
from flows.stages.fingerprints import UNCHANGED, is_forced, refuse_unknown_force
from flows.stages.manifest import load_release_settings, publish_release
from flows.stages.plans import (
    Plan,
    keep_state,
    plan_audit,
    plan_codelists,
    plan_release,
    plan_results,
    plan_rules,
    take_over,
)
from flows.stages.reading import (
    Reading,
    check_corrections,
    keep_last_good,
    list_editions,
    observe_edition,
    read_edition,
    use_codelists,
)
from flows.stages.releasing import (
    build_database,
    export_tables,
    find_tables,
    record_run,
    report_revisions,
    summarise,
)
from flows.stages.remembering import has_history, remember_rules
from flows.stages.republished import compare_with_published
from flows.stages.settling import load_settings

__all__ = [
    "UNCHANGED",
    "Outcome",
    "Plan",
    "Reading",
    "audit_published",
    "build_database",
    "check_codelists",
    "check_corrections",
    "check_edition",
    "check_editions",
    "check_results",
    "compare_with_published",
    "compute",
    "export_tables",
    "find_tables",
    "has_history",
    "hash_statements",
    "is_forced",
    "judge_catalogue",
    "keep_last_good",
    "keep_state",
    "list_editions",
    "load_release_settings",
    "load_settings",
    "observe_edition",
    "plan_audit",
    "plan_codelists",
    "plan_release",
    "plan_results",
    "plan_rules",
    "publish_release",
    "read_edition",
    "read_statements",
    "record_run",
    "refuse_unknown_force",
    "remember_rules",
    "report_revisions",
    "summarise",
    "take_over",
    "use_codelists",
    "write_checks",
]
