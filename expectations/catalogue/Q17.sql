-- One row for each change on the year before between figures printed finely enough: is it near a power of ten? The
-- return from such a jump is no second one.
CREATE OR REPLACE TEMP TABLE weighed AS
WITH logs AS (
    -- a logarithm only where the change may be near a power of ten; number: rows of a series are in order of time
    SELECT rowid AS number, cell, rate, coalesce(blur <= pow(10, 2 * $near), false) AS is_fine,
           CASE WHEN rate <= pow(10, $near - 1) OR rate >= pow(10, 1 - $near) THEN log10(rate) END AS jump,
           round(jump) AS power, coalesce(power <> 0 AND abs(jump - power) <= $near, false) AS is_jump
    FROM rated
), told_apart AS MATERIALIZED (
    SELECT * FROM logs WHERE is_jump OR NOT is_fine
)
SELECT place_of(t.cell) AS place, item_of(t.cell) AS item_no, period_of(t.cell) AS period_no, t.rate, t.power,
       abs(log10(t.rate)) AS size,
       CASE WHEN NOT t.is_fine THEN 'not_judged' WHEN back.cell IS NOT NULL THEN 'explained' ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_coarse' WHEN verdict = 'explained' THEN 'return' ELSE '' END AS reason
FROM told_apart t LEFT JOIN told_apart back
  ON back.number = t.number - 1 AND line_of(back.cell) = line_of(t.cell) AND back.is_jump AND back.power = -t.power
UNION ALL BY NAME
SELECT place, 'pass' AS verdict, judged - coalesce(told, 0) AS cases
FROM (SELECT place_of(cell) AS place, count(*) AS judged FROM rated GROUP BY ALL)
LEFT JOIN (SELECT place_of(cell) AS place, count(*) AS told FROM told_apart GROUP BY ALL) USING (place)
WHERE judged > coalesce(told, 0);

SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator, verdict, reason,
       CASE WHEN verdict = 'fail' THEN printf('x %.4g on the year before', rate) END AS found,
       CASE WHEN verdict = 'fail' THEN printf('no factor 10^%d', CAST(power AS INTEGER)) END AS expected,
       size
FROM told
