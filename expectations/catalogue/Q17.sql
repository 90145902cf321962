-- One row for each change on the year before between figures printed finely enough: is it near a power of ten? The
-- return from such a jump is no second one.
CREATE OR REPLACE TEMP TABLE weighed AS
WITH logs AS (
    SELECT cell, CAST(v AS DOUBLE) / before AS rate, log10(rate) AS jump, round(jump) AS power,
           power <> 0 AND abs(jump - power) <= $near AS is_jump,
           log10(CAST(hi AS DOUBLE) / nullif(greatest(lo_before, 0), 0))
               - log10(CAST(nullif(greatest(lo, 0), 0) AS DOUBLE) / hi_before) AS blur
    FROM moves WHERE v > 0 AND before > 0
), seen AS (
    SELECT cell, rate, jump, power,
           CASE WHEN coalesce(blur > 2 * $near, true) THEN 'not_judged' WHEN NOT is_jump THEN 'pass'
                WHEN line_of(lag(cell) OVER ()) = line_of(cell) AND lag(power) OVER () = -power
                     AND abs(lag(jump) OVER () - lag(power) OVER ()) <= $near THEN 'explained'
                ELSE 'fail' END AS verdict
    FROM logs
)
SELECT place_of(cell) AS place, item_of(cell) AS item_no, period_of(cell) AS period_no, rate, jump, power, abs(jump) AS size,
       verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_coarse' WHEN verdict = 'explained' THEN 'return' ELSE '' END AS reason
FROM seen WHERE verdict <> 'pass'
UNION ALL BY NAME
SELECT place_of(cell) AS place, 'pass' AS verdict, count(*) AS cases FROM seen WHERE verdict = 'pass' GROUP BY ALL;

SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator, verdict, reason,
       CASE WHEN verdict = 'fail' THEN printf('x %.4g on the year before', rate) END AS found,
       CASE WHEN verdict = 'fail' THEN printf('no factor 10^%d', CAST(power AS INTEGER)) END AS expected,
       size
FROM told
