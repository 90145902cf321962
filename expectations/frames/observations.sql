-- The observations of one edition as they are judged: the columns of the contract, and per row the figures that a rule
-- is about (empty where the rule does not apply), so that every rule is a plain expectation on one column.
WITH chosen AS (
    SELECT * FROM observations WHERE dataset = $dataset AND vintage = $vintage
), keyed AS (
    SELECT *, concat_ws('|', table_id, geo, partner, flow, item, activity, mode, period, base_period, freq, measure,
                        basis, price, unit, adjustment, reference) AS key
    FROM chosen
), counted AS (
    SELECT *, count(*) OVER (PARTITION BY key) AS printings,
           count(DISTINCT concat_ws('|', CAST(value AS VARCHAR), unit_mult, obs_status)) OVER (PARTITION BY key)
           AS figures
    FROM keyed
), statuses AS (
    SELECT c.*,
           EXISTS (SELECT 1 FROM obs_status s WHERE s.value_rule = 'forbidden'
                   AND list_contains(string_split(c.obs_status, ';'), s.code)) AS forbids_value,
           EXISTS (SELECT 1 FROM obs_status s WHERE s.value_rule = 'required'
                   AND list_contains(string_split(c.obs_status, ';'), s.code)) AS requires_value,
           list_has_all((SELECT list(code) FROM obs_status), string_split(c.obs_status, ';')) AS known_status
    FROM counted c
)
SELECT locator, printed, dataset, vintage, table_id, geo, partner, flow, item, measure, basis, price, unit, adjustment,
       reference, freq, period, base_period, qualifier, conf_status, unit_mult, decimals, obs_status,
       CAST(value AS DOUBLE) AS value, CAST(lower AS DOUBLE) AS lower, CAST(upper AS DOUBLE) AS upper,
       CASE WHEN figures > 1 THEN key END AS contradicting_key,
       CASE WHEN printings > 1 AND figures = 1 THEN key END AS repeated_key,
       CASE WHEN NOT known_status THEN obs_status END AS unknown_status,
       CASE WHEN forbids_value AND value IS NOT NULL THEN obs_status || ' with ' || printed
            WHEN requires_value AND value IS NULL THEN obs_status || ' without a value'
            WHEN forbids_value AND requires_value THEN obs_status || ' contradicts itself' END AS status_conflict,
       CASE WHEN value IS NOT NULL AND (lower > value OR upper < value) THEN printed END AS outside_interval,
       CASE WHEN value IS NULL AND (lower IS NOT NULL OR upper IS NOT NULL) THEN printed END AS interval_of_nothing,
       CASE WHEN value IS NOT NULL AND printed = '' THEN locator END AS value_without_print,
       CASE WHEN measure IN ('growth', 'average_growth', 'increase', 'multiple') AND base_period = ''
                 AND NOT contains(period, '/') AND period <> '' THEN measure || ' ' || period END AS change_without_base,
       CASE WHEN measure = 'share' AND reference = '' AND basis <> 'survey' THEN printed END AS share_of_nothing,
       CASE WHEN measure = 'value' AND unit IN ('USD', 'CNY') AND price = '' THEN printed END AS amount_without_price,
       CASE WHEN measure IN ('growth', 'average_growth') AND unit <> 'PERCENT'
              OR measure = 'rank' AND unit <> 'RANK'
              OR measure = 'share' AND unit NOT IN ('PERCENT', 'RATIO', 'PP')
              OR measure IN ('increase', 'multiple') AND unit <> 'TIMES'
            THEN measure || ' in ' || unit END AS unit_conflict,
       CASE WHEN measure = 'rank' AND (value < 1 OR value <> round(value)) THEN printed END AS no_rank,
       CASE WHEN measure = 'count' AND value < 0 THEN printed END AS negative_count,
       CASE WHEN measure = 'balance' AND flow = 'N' THEN printed END AS balance_of_no_trade,
       CASE WHEN measure = 'value' AND flow <> 'N' AND value < 0 THEN printed END AS negative_flow,
       CASE WHEN measure = 'share' AND unit = 'PERCENT' AND (value < 0 OR value > 100) THEN printed END
           AS share_out_of_range,
       CASE WHEN measure IN ('growth', 'average_growth') AND value < -100 THEN printed END AS growth_below_minus_100,
       CASE WHEN measure = 'growth' AND value > 1000 THEN printed END AS growth_above_1000
FROM statuses
ORDER BY table_id, locator
