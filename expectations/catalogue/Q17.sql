-- One row for each change on the year before between figures printed finely enough: is it near a power of ten? The
-- return from such a jump is no second one.
WITH logs AS (
    SELECT series, line, year, period, locator, v / before AS rate, log10(rate) AS jump, round(jump) AS power,
           power <> 0 AND abs(jump - power) <= $near AS is_jump,
           log10(hi / nullif(greatest(lo_before, 0), 0)) - log10(nullif(greatest(lo, 0), 0) / hi_before) AS blur
    FROM moves WHERE v > 0 AND before > 0
), jumping AS (
    SELECT DISTINCT line FROM logs WHERE is_jump
), seen AS (
    -- only lines that jump are put in order
    SELECT *, NULL AS jump_before, NULL AS power_before FROM logs ANTI JOIN jumping USING (line)
    UNION ALL
    SELECT *, lag(jump) OVER past AS jump_before, lag(power) OVER past AS power_before
    FROM logs SEMI JOIN jumping USING (line) WINDOW past AS (PARTITION BY line ORDER BY year)
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator,
       CASE WHEN coalesce(blur > 2 * $near, true) THEN 'not_judged' WHEN NOT is_jump THEN 'pass'
            WHEN coalesce(power_before = -power AND abs(jump_before - power_before) <= $near, false) THEN 'explained'
            ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_coarse' WHEN verdict = 'explained' THEN 'return' ELSE '' END AS reason,
       CASE WHEN verdict = 'fail' THEN tell({says: 'times', rate: printf('%.4g', rate)}) END AS found,
       CASE WHEN verdict = 'fail' THEN tell({says: 'no_power', power: CAST(power AS INTEGER)}) END AS expected,
       abs(jump) AS size
FROM seen JOIN series USING (series)
