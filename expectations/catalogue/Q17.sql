-- One row for each change on the year before between figures printed finely enough: is it near a power of ten? The
-- return from such a jump is no second one.
CREATE OR REPLACE TEMP TABLE weighed AS
WITH logs AS (
    -- a logarithm only where the change may be near a power of ten
    SELECT cell, CAST(v AS DOUBLE) / before AS rate,
           CASE WHEN rate <= pow(10, $near - 1) OR rate >= pow(10, 1 - $near) THEN log10(rate) END AS jump,
           round(jump) AS power, coalesce(power <> 0 AND abs(jump - power) <= $near, false) AS is_jump,
           coalesce(lo > 0 AND lo_before > 0
                    AND (CAST(hi AS DOUBLE) / lo_before) * (CAST(hi_before AS DOUBLE) / lo) <= pow(10, 2 * $near), false)
               AS is_fine
    FROM moves WHERE v > 0 AND before > 0
), seen AS (
    SELECT cell, rate, jump, power, is_jump, is_fine,
           coalesce(line_of(lag(cell) OVER ()) = line_of(cell) AND lag(power) OVER () = -power
                    AND abs(lag(jump) OVER () - lag(power) OVER ()) <= $near, false) AS is_return
    FROM logs
), told_apart AS MATERIALIZED (
    SELECT * FROM seen WHERE is_jump OR NOT is_fine
)
SELECT place_of(cell) AS place, item_of(cell) AS item_no, period_of(cell) AS period_no, rate, power, abs(log10(rate)) AS size,
       CASE WHEN NOT is_fine THEN 'not_judged' WHEN is_return THEN 'explained' ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_coarse' WHEN verdict = 'explained' THEN 'return' ELSE '' END AS reason
FROM told_apart
UNION ALL BY NAME
SELECT place, 'pass' AS verdict, judged - coalesce(told, 0) AS cases
FROM (SELECT place_of(cell) AS place, count(*) AS judged FROM moves WHERE v > 0 AND before > 0 GROUP BY ALL)
LEFT JOIN (SELECT place_of(cell) AS place, count(*) AS told FROM told_apart GROUP BY ALL) USING (place)
WHERE judged > coalesce(told, 0);

SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator, verdict, reason,
       CASE WHEN verdict = 'fail' THEN printf('x %.4g on the year before', rate) END AS found,
       CASE WHEN verdict = 'fail' THEN printf('no factor 10^%d', CAST(power AS INTEGER)) END AS expected,
       size
FROM told
