-- The observations of one edition as they are judged: the columns of the contract, and per row the figures that a rule
-- is about (empty where the rule does not apply), so that every rule is a plain expectation on one column.
WITH chosen AS NOT MATERIALIZED (
    SELECT *, hash(table_id, geo, partner, flow, item, activity, mode, period, base_period, freq, measure, basis, price,
                   unit, adjustment, reference) AS key_hash
    FROM observations WHERE dataset = $dataset AND vintage = $vintage
), suspects AS (
    -- keys that stand twice are looked for by their hash, which fits in memory for 20 million rows, then compared whole
    SELECT key_hash FROM chosen GROUP BY key_hash HAVING count(*) > 1
), repeats AS MATERIALIZED (
    SELECT key_hash,
           concat_ws('|', table_id, geo, partner, flow, item, activity, mode, period, base_period, freq, measure, basis,
                     price, unit, adjustment, reference) AS key,
           count(*) AS printings,
           count(DISTINCT concat_ws('|', CAST(value AS VARCHAR), unit_mult, obs_status)) AS figures
    FROM chosen SEMI JOIN suspects USING (key_hash)
    GROUP BY ALL HAVING count(*) > 1
), statuses AS MATERIALIZED (
    SELECT c.obs_status,
           coalesce(bool_or(s.value_rule = 'forbidden'), false) AS forbids_value,
           coalesce(bool_or(s.value_rule = 'required'), false) AS requires_value,
           count(s.code) = len(string_split(c.obs_status, ';')) AS known_status,
           -- the figure exists, and its publisher may say between which bounds it lies
           coalesce(bool_or(s.code IN ('Q', 'L', 'J', 'S', 'N')) AND NOT bool_or(s.code IN ('O', 'M', 'H', 'K')), false)
           AS may_be_bounded
    FROM (SELECT DISTINCT obs_status, unnest(string_split(obs_status, ';')) AS code FROM chosen) c
    LEFT JOIN obs_status s USING (code)
    GROUP BY c.obs_status
), told AS NOT MATERIALIZED (
    SELECT c.*, r.key, r.printings, r.figures, forbids_value, requires_value, known_status, may_be_bounded
    FROM chosen c
    LEFT JOIN repeats r ON r.key_hash = c.key_hash
         AND r.key = concat_ws('|', c.table_id, c.geo, c.partner, c.flow, c.item, c.activity, c.mode, c.period,
                               c.base_period, c.freq, c.measure, c.basis, c.price, c.unit, c.adjustment, c.reference)
    LEFT JOIN statuses s ON s.obs_status = c.obs_status
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
       CASE WHEN value IS NULL AND (lower IS NOT NULL OR upper IS NOT NULL)
                 AND NOT (may_be_bounded AND coalesce(lower <= upper, false)) THEN obs_status || ' with '
            || coalesce(CAST(lower AS VARCHAR), '...') || ' to ' || coalesce(CAST(upper AS VARCHAR), '...') END
           AS interval_of_nothing,
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
       CASE WHEN measure = 'share' AND unit = 'PERCENT' AND (value < 0 OR value > 100) THEN printed END
           AS share_out_of_range,
       CASE WHEN measure IN ('growth', 'average_growth') AND value < -100 THEN printed END AS growth_below_minus_100,
       CASE WHEN measure = 'growth' AND value > 1000 THEN printed END AS growth_above_1000
FROM told
ORDER BY table_id, locator
