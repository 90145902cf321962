-- What can stand for a figure that several statuses went into: said once for every set of them, with and without a value.
CREATE OR REPLACE TEMP TABLE status_texts AS
WITH RECURSIVE met AS (
    SELECT bit FROM obs_status WHERE (bit & (SELECT bit_or(statuses) FROM core_measured)) <> 0
), sets(statuses) AS (
    SELECT bit FROM met
    UNION
    SELECT statuses | bit FROM sets, met
)
SELECT statuses, has_value, status_text(lawful(statuses, has_value)) AS obs_status
FROM sets, (VALUES (true), (false)) v(has_value);

CREATE OR REPLACE TEMP TYPE a_status AS ENUM (SELECT obs_status FROM status_texts UNION SELECT 'O' ORDER BY obs_status);
CREATE OR REPLACE TEMP TABLE status_words AS
SELECT statuses, has_value, CAST(obs_status AS a_status) AS obs_status FROM status_texts;

CREATE OR REPLACE TEMP TABLE stored_levels AS
SELECT geo, flow, item, period, form, value, lower, upper, obs_status, coverage, method, n_members, n_valued, contested
FROM core_levels l JOIN status_words w ON w.statuses = l.statuses AND w.has_value = (l.value IS NOT NULL);

CREATE OR REPLACE TEMP TABLE stored_forms AS FROM forms;
