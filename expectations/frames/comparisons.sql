-- The comparisons of one edition: what is printed against what the published figures give. wanted: the verdict that the
-- two ranges ask for (an average of unstated method is judged only when none of the three methods gives it).
WITH read AS (
    SELECT *, computed_value IS NOT NULL OR computed_lower IS NOT NULL OR computed_upper IS NOT NULL AS is_computed,
           coalesce(printed_lower <= computed_upper, true) AND coalesce(printed_upper >= computed_lower, true) AS meets,
           rule = 'average_growth' AND contains(note, 'the document states no method') AS is_unstated
    FROM comparisons
    WHERE dataset = $dataset AND vintage = $vintage
), counted AS (
    SELECT *, bool_or(is_computed AND meets) OVER same_cell AS is_met,
           count(*) FILTER (WHERE is_computed) OVER same_cell AS n_computed
    FROM read
    WINDOW same_cell AS (PARTITION BY table_id, locator, rule)
), asked AS (
    SELECT *,
           CASE WHEN NOT is_computed THEN 'not_computable'
                WHEN list_contains(string_split(obs_status, ';'), 'D') THEN 'not_comparable'
                WHEN NOT meets AND is_unstated AND (is_met OR n_computed < 3) THEN 'not_comparable'
                WHEN NOT meets THEN 'contradictory'
                WHEN computed_value IS NULL THEN 'not_computable'
                WHEN coalesce(printed_lower <= computed_value, true) AND coalesce(computed_value <= printed_upper, true)
                THEN 'equal'
                ELSE 'within_rounding' END AS wanted
    FROM counted
)
SELECT table_id || ' ' || locator AS locator, rule, indicator,
       concat_ws('|', table_id, locator, rule, indicator) AS key,
       CASE WHEN verdict = 'contradictory'
            THEN rule || ': printed ' || printed || ', computed '
                 || coalesce(CAST(round(computed_lower, 2) AS VARCHAR), '...') || ' to '
                 || coalesce(CAST(round(computed_upper, 2) AS VARCHAR), '...') END AS contradiction,
       CASE WHEN verdict = 'not_comparable' AND is_unstated AND NOT is_met
            THEN indicator || ': printed ' || printed || ', computed ' || CAST(round(computed_value, 2) AS VARCHAR) END
           AS other_average,
       verdict,
       CASE WHEN verdict NOT IN (SELECT code FROM verdicts) THEN 'verdict ' || verdict
            WHEN geo NOT IN (SELECT code FROM geographies) THEN 'geo ' || geo
            WHEN flow NOT IN (SELECT code FROM flows) THEN 'flow ' || flow
            WHEN item NOT IN (SELECT code FROM items) THEN 'item ' || item
            WHEN unit NOT IN (SELECT code FROM units) THEN 'unit ' || unit
            WHEN reference <> '' AND reference NOT IN (SELECT code FROM refs) THEN 'reference ' || reference
            WHEN NOT list_has_all((SELECT list(code) FROM obs_status), string_split(obs_status, ';'))
            THEN 'obs_status ' || obs_status END AS unknown_code,
       CASE WHEN verdict <> wanted AND verdict IN (SELECT code FROM verdicts)
            THEN verdict || ' instead of ' || wanted END AS verdict_conflict
FROM asked
ORDER BY locator, rule, indicator
