-- One row for each change between figures printed finely enough, on the year before or, in months and quarters of a first
-- year, on the period before: is it near a power of ten? The return from such a jump is no second one. And one row for each
-- figure beside the same of another dataset: a whole series in a wrong unit never jumps.
CREATE OR REPLACE TEMP TABLE weighed AS
WITH logs AS (
    -- a logarithm only where the change may be near a power of ten; number: rows of a series are in order of time
    SELECT rowid AS number, cell, rate, coalesce(blur <= pow(10, 2 * $near), false) AS is_fine,
           CASE WHEN rate <= pow(10, $near - 1) OR rate >= pow(10, 1 - $near) THEN log10(rate) END AS jump,
           round(jump) AS power, coalesce(power <> 0 AND abs(jump - power) <= $near, false) AS is_jump
    FROM rated
), told_apart AS MATERIALIZED (
    SELECT * FROM logs WHERE is_jump OR NOT is_fine
), starts AS (
    SELECT series_of(cell) AS series, min(step_of(period_of(cell))) AS first_step
    FROM figures WHERE is_level AND period_of(cell) BETWEEN 2048 AND 34815 GROUP BY ALL
), first_year AS (
    SELECT cell, step, CAST(v AS DOUBLE) / before AS rate,
           CASE WHEN lo > 0 AND lo_before > 0 THEN (CAST(hi AS DOUBLE) / lo_before) * (CAST(hi_before AS DOUBLE) / lo) END AS blur
    FROM (SELECT cell, v, lo, hi, step_of(period_of(cell)) AS step, step - lag(step) OVER past AS gap, lag(v) OVER past AS before,
                 lag(lo) OVER past AS lo_before, lag(hi) OVER past AS hi_before
          FROM figures JOIN starts ON series = series_of(cell)
          WHERE is_level AND period_of(cell) BETWEEN 2048 AND 34815 AND step - first_step < seasons_of(period_of(cell))
          WINDOW past AS (PARTITION BY series ORDER BY step, v))
    WHERE gap = 1 AND v > 0 AND before > 0
), first_logs AS (
    SELECT *, coalesce(blur <= pow(10, 2 * $near), false) AS is_fine, log10(rate) AS jump, round(jump) AS power,
           power <> 0 AND abs(jump - power) <= $near AS is_jump
    FROM first_year
), first_told AS (
    SELECT *, CASE WHEN NOT is_fine THEN 'not_judged' WHEN NOT is_jump THEN 'pass'
                   WHEN coalesce(lag(is_jump) OVER past AND lag(power) OVER past = -power, false) THEN 'explained'
                   ELSE 'fail' END AS verdict
    FROM first_logs WINDOW past AS (PARTITION BY series_of(cell) ORDER BY step)
)
SELECT place_of(t.cell) AS place, item_of(t.cell) AS item_no, period_of(t.cell) AS period_no, t.rate, t.power,
       'times' AS says, abs(log10(t.rate)) AS size,
       CASE WHEN NOT t.is_fine THEN 'not_judged' WHEN back.cell IS NOT NULL THEN 'explained' ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_coarse' WHEN verdict = 'explained' THEN 'return' ELSE '' END AS reason
FROM told_apart t LEFT JOIN told_apart back
  ON back.number = t.number - 1 AND line_of(back.cell) = line_of(t.cell) AND back.is_jump AND back.power = -t.power
UNION ALL BY NAME
SELECT place, 'pass' AS verdict, judged - coalesce(told, 0) AS cases
FROM (SELECT place_of(cell) AS place, count(*) AS judged FROM rated GROUP BY ALL)
LEFT JOIN (SELECT place_of(cell) AS place, count(*) AS told FROM told_apart GROUP BY ALL) USING (place)
WHERE judged > coalesce(told, 0)
UNION ALL BY NAME
SELECT place_of(cell) AS place, item_of(cell) AS item_no, period_of(cell) AS period_no, rate, power, 'times_period' AS says,
       abs(jump) AS size, verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_coarse' WHEN verdict = 'explained' THEN 'return' ELSE '' END AS reason
FROM first_told WHERE verdict <> 'pass'
UNION ALL BY NAME
SELECT place_of(cell) AS place, 'pass' AS verdict, count(*) AS cases FROM first_told WHERE verdict = 'pass' GROUP BY ALL;

WITH other_datasets AS (
    -- where one dataset is judged alone it is no other
    FROM datasets
    WHERE latest AND ((SELECT count(DISTINCT dataset) FROM judged) > 1 OR dataset NOT IN (SELECT dataset FROM judged))
), others AS (
    SELECT l.* FROM all_levels l SEMI JOIN other_datasets USING (dataset, vintage)
    WHERE flow <> 'N' AND dv > 0 AND activity = '_T' AND item IN (SELECT item FROM coded_items)
), beside AS (
    SELECT a.dataset, a.vintage, a.table_id, a.geo, a.partner, a.flow, a.item, a.period, a.locator, b.dataset AS other,
           a.dv / b.dv AS rate, log10(a.dv / b.dv) AS jump, round(log10(a.dv / b.dv)) AS power,
           log10(a.dhi / nullif(greatest(b.dlo, 0), 0)) - log10(nullif(greatest(a.dlo, 0), 0) / b.dhi) AS blur
    FROM levels a
    JOIN others b ON b.geo = a.geo AND b.partner = a.partner AND b.flow = a.flow AND b.item = a.item AND b.mode = a.mode
     AND b.period = a.period AND b.unit = a.unit AND b.basis = a.basis AND b.adjustment = a.adjustment
     AND b.dataset <> a.dataset
    WHERE a.dv > 0 AND a.flow <> 'N' AND a.activity = '_T'
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator, verdict, reason,
       CASE WHEN verdict = 'fail' THEN tell({says: says, rate: printf('%.4g', rate)}) END AS found,
       CASE WHEN verdict = 'fail' THEN tell({says: 'no_power', power: CAST(power AS INTEGER)}) END AS expected,
       size
FROM told
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator,
       CASE WHEN coalesce(blur > 2 * $near, true) THEN 'not_judged' WHEN power <> 0 AND abs(jump - power) <= $near THEN 'fail'
            ELSE 'pass' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_coarse' ELSE '' END AS reason,
       CASE WHEN verdict = 'fail' THEN tell({says: 'ratio', ratio: printf('%.4g', rate), other: other}) END AS found,
       CASE WHEN verdict = 'fail' THEN tell({says: 'no_power', power: CAST(power AS INTEGER)}) END AS expected,
       abs(jump) AS size
FROM beside
