"""The history of the runs as SELECTs over the records in a folder, curated/runs: what ran, on what, how long it took.

The database holds no clock, so that the same input gives the same bytes: the history lies beside it, one JSON file a
run, and is read from there. Times are UTC, durations seconds.
"""

from __future__ import annotations

_EDITION = (
    "STRUCT(dataset VARCHAR, vintage VARCHAR, state VARCHAR, reason VARCHAR, observations BIGINT, "
    "quarantined BIGINT, problem VARCHAR)[]"
)
_RULE = "STRUCT(rule VARCHAR, dataset VARCHAR, vintage VARCHAR, severity VARCHAR, failed BIGINT, waived BIGINT)[]"
_RECORDS = f"""
    SELECT run_id, coalesce(kind, 'run') AS kind, try_strptime(run_id, '%Y%m%dT%H%M%SZ-%f') AS started,
           coalesce(problem, '') AS problem, coalesce(datasets, []) AS datasets,
           coalesce(failing_rules, []) AS failing_rules, rules, seconds
    FROM read_json(curated || '/runs/**/*.json', maximum_object_size = 268435456, columns = {{
        run_id: 'VARCHAR', kind: 'VARCHAR', problem: 'VARCHAR', datasets: '{_EDITION}', failing_rules: '{_RULE}',
        rules: 'MAP(VARCHAR, BIGINT)', seconds: 'MAP(VARCHAR, DOUBLE)'}})"""

# Name -> SELECT with the name curated in it for the folder.
HISTORY = {
    "runs": f"""
    SELECT run_id, kind, started, seconds['all'] AS seconds,
           CASE WHEN problem <> '' THEN 'failed'
                WHEN len(list_filter(datasets, lambda d: d.state IN ('kept', 'blocked', 'failed'))) > 0
                THEN 'incomplete' ELSE 'done' END AS outcome,
           len(datasets) AS editions,
           len(list_filter(datasets, lambda d: d.state IN ('read', 'landed') AND d.reason IS DISTINCT FROM 'unchanged'))
               AS editions_made,
           CAST(list_sum(list_transform(datasets, lambda d: d.observations)) AS BIGINT) AS observations,
           rules['pass'] AS rules_passed, rules['fail'] AS rules_failed, rules['not_judged'] AS rules_not_judged,
           problem
    FROM ({_RECORDS}) ORDER BY run_id""",
    "run_editions": f"""
    SELECT run_id, kind, started, d.dataset AS dataset, d.vintage AS vintage, d.state AS state,
           coalesce(d.reason, '') AS reason, d.observations AS observations, d.quarantined AS quarantined,
           len(list_filter(failing_rules, lambda r: r.dataset = d.dataset AND r.vintage = d.vintage)) AS rules_failed,
           coalesce(d.problem, '') AS problem
    FROM (SELECT *, unnest(datasets) AS d FROM ({_RECORDS})) ORDER BY run_id, dataset, vintage""",
    "run_steps": f"""
    SELECT run_id, kind, started, s.key AS step, s.value AS seconds
    FROM (SELECT *, unnest(map_entries(seconds)) AS s FROM ({_RECORDS})) WHERE s.key <> 'all'
    ORDER BY run_id, seconds DESC, step""",
}
