-- One row for each change on the year before between figures printed finely enough: is it near a power of ten? The
-- return from such a jump is no second one.
WITH logs AS (
    SELECT *, log10(rate) AS jump, round(log10(rate)) AS power,
           log10(hi / nullif(greatest(lo_before, 0), 0)) - log10(nullif(greatest(lo, 0), 0) / hi_before) AS blur
    FROM changes WHERE rate IS NOT NULL
), seen AS (
    SELECT *, power <> 0 AND abs(jump - power) <= $near AS is_jump,
           lag(jump) OVER past AS jump_before, lag(power) OVER past AS power_before
    FROM logs WINDOW past AS (PARTITION BY line ORDER BY year)
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, locator,
       CASE WHEN coalesce(blur > 2 * $near, true) THEN 'not_judged' WHEN NOT is_jump THEN 'pass'
            WHEN coalesce(power_before = -power AND abs(jump_before - power_before) <= $near, false) THEN 'explained'
            ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'too_coarse' WHEN verdict = 'explained' THEN 'return' ELSE '' END AS reason,
       CASE WHEN verdict = 'fail' THEN printf('x %.4g on the year before', rate) END AS found,
       CASE WHEN verdict = 'fail' THEN printf('no factor 10^%d', CAST(power AS INTEGER)) END AS expected,
       abs(jump) AS size
FROM seen
