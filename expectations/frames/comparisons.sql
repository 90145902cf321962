-- The comparisons of one edition: what is printed against what the levels give.
SELECT table_id || ' ' || locator AS locator, rule, indicator,
       concat_ws('|', table_id, locator, rule, indicator) AS key,
       CASE WHEN verdict = 'contradictory' AND rule <> 'average_growth'
            THEN rule || ': printed ' || printed || ', computed '
                 || coalesce(CAST(round(computed_lower, 2) AS VARCHAR), '...') || ' to '
                 || coalesce(CAST(round(computed_upper, 2) AS VARCHAR), '...') END AS contradiction,
       CASE WHEN verdict = 'contradictory' AND rule = 'average_growth'
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
       CASE WHEN verdict IN ('equal', 'within_rounding') AND (computed_lower > printed_upper
                 OR computed_upper < printed_lower) THEN verdict || ' of disjoint ranges'
            WHEN verdict = 'contradictory' AND coalesce(computed_lower <= printed_upper, true)
                 AND coalesce(computed_upper >= printed_lower, true) THEN verdict || ' of ranges that meet'
            WHEN verdict IN ('equal', 'within_rounding') AND computed_value IS NULL THEN verdict || ' to nothing' END
           AS verdict_conflict
FROM comparisons
WHERE dataset = $dataset AND vintage = $vintage
ORDER BY locator, rule, indicator
