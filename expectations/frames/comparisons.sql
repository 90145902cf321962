-- The comparisons of one edition: what is printed against what the levels give.
SELECT table_id || ' ' || locator AS locator, rule, indicator,
       CASE WHEN verdict = 'contradictory' AND rule <> 'average_growth'
            THEN rule || ': printed ' || printed || ', computed '
                 || coalesce(CAST(round(computed_lower, 2) AS VARCHAR), '...') || ' to '
                 || coalesce(CAST(round(computed_upper, 2) AS VARCHAR), '...') END AS contradiction,
       CASE WHEN verdict = 'contradictory' AND rule = 'average_growth'
            THEN indicator || ': printed ' || printed || ', computed ' || CAST(round(computed_value, 2) AS VARCHAR) END
           AS other_average,
       verdict
FROM comparisons
WHERE dataset = $dataset AND vintage = $vintage
ORDER BY locator, rule, indicator
