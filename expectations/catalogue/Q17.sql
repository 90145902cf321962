-- One row for each change between figures printed finely enough, on the year before or, in months and quarters of a first
-- year, on the period before: is it near a power of ten? The return from such a jump is no second one. And one row for each
-- figure beside the same of another dataset: a whole series in a wrong unit never jumps.
WITH first_year AS (
    SELECT t.series, step, period, locator, dv AS v, dlo AS lo, dhi AS hi, lag(dv) OVER past AS before,
           lag(dlo) OVER past AS lo_before, lag(dhi) OVER past AS hi_before
    FROM timed t JOIN series s ON s.series = t.series AND t.step - s.first_step < t.seasons WHERE t.freq <> 'A'
    WINDOW past AS (PARTITION BY t.series ORDER BY step)
    QUALIFY lag(step) OVER past = step - 1
), steps AS (
    SELECT series, line, year AS step, period, locator, v, before, lo, hi, lo_before, hi_before, 'times' AS says FROM moves
    UNION ALL BY NAME
    SELECT *, series AS line, 'times_period' AS says FROM first_year
), logs AS (
    SELECT series, line, step, period, locator, says, v / before AS rate, log10(rate) AS jump, round(jump) AS power,
           power <> 0 AND abs(jump - power) <= $near AS is_jump,
           log10(hi / nullif(greatest(lo_before, 0), 0)) - log10(nullif(greatest(lo, 0), 0) / hi_before) AS blur
    FROM steps WHERE v > 0 AND before > 0
), jumping AS (
    SELECT DISTINCT line FROM logs WHERE is_jump
), seen AS (
    -- only lines that jump are put in order
    SELECT *, NULL AS jump_before, NULL AS power_before FROM logs ANTI JOIN jumping USING (line)
    UNION ALL
    SELECT *, lag(jump) OVER past AS jump_before, lag(power) OVER past AS power_before
    FROM logs SEMI JOIN jumping USING (line) WINDOW past AS (PARTITION BY line ORDER BY step)
), others AS (
    SELECT l.* FROM all_levels l JOIN datasets d ON d.dataset = l.dataset AND d.vintage = l.vintage AND d.latest
    WHERE flow <> 'N' AND dv > 0 AND activity = '_T' AND item IN (SELECT item FROM printed)
      -- where one dataset is judged alone it is no other
      AND ((SELECT count(DISTINCT dataset) FROM judged) > 1 OR l.dataset NOT IN (SELECT dataset FROM judged))
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
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator,
       CASE WHEN coalesce(blur > 2 * $near, true) THEN 'not_judged' WHEN NOT is_jump THEN 'pass'
            WHEN coalesce(power_before = -power AND abs(jump_before - power_before) <= $near, false) THEN 'explained'
            ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_coarse' WHEN verdict = 'explained' THEN 'return' ELSE '' END AS reason,
       CASE WHEN verdict = 'fail' THEN tell({says: says, rate: printf('%.4g', rate)}) END AS found,
       CASE WHEN verdict = 'fail' THEN tell({says: 'no_power', power: CAST(power AS INTEGER)}) END AS expected,
       abs(jump) AS size
FROM seen JOIN series USING (series)
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator,
       CASE WHEN coalesce(blur > 2 * $near, true) THEN 'not_judged' WHEN power <> 0 AND abs(jump - power) <= $near THEN 'fail'
            ELSE 'pass' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_coarse' ELSE '' END AS reason,
       CASE WHEN verdict = 'fail' THEN tell({says: 'ratio', ratio: printf('%.4g', rate), other: other}) END AS found,
       CASE WHEN verdict = 'fail' THEN tell({says: 'no_power', power: CAST(power AS INTEGER)}) END AS expected,
       abs(jump) AS size
FROM beside
