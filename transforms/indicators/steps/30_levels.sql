-- 2. One row per concept of an edition. All printings of it hold together: their intervals are intersected, the
--    narrowest one gives the value (moved to the nearest end where another printing rules it out). Where they cannot
--    all be true the row is contested and spans them all.
CREATE OR REPLACE TEMP TABLE levels AS
WITH ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY dataset, vintage, geo, partner, flow, item, mode, measure, period, freq, basis, price, unit, adjustment
        ORDER BY point IS NULL, hi - lo NULLS LAST, table_id, locator) AS place
    FROM level_printings
), agreed AS (
    SELECT dataset, vintage, geo, partner, flow, item, mode, measure, period, freq, basis, price, unit, adjustment,
           max(mult) AS mult,
           max(point) FILTER (WHERE place = 1) AS point,
           max(statuses) FILTER (WHERE place = 1) AS statuses,
           max(lo) AS max_lo, min(hi) AS min_hi, coalesce(max(lo) > min(hi), false) AS contested,
           CASE WHEN NOT bool_or(lo IS NULL AND hi IS NOT NULL) THEN min(lo) END AS span_lo,
           CASE WHEN NOT bool_or(hi IS NULL AND lo IS NOT NULL) THEN max(hi) END AS span_hi,
           'published' AS method, list(input ORDER BY input) AS inputs
    FROM ranked
    GROUP BY ALL
)
SELECT * EXCLUDE (point, max_lo, min_hi, span_lo, span_hi),
       CASE WHEN contested THEN point ELSE nearest(point, max_lo, min_hi) END AS point,
       CASE WHEN contested THEN span_lo ELSE max_lo END AS lo,
       CASE WHEN contested THEN span_hi ELSE min_hi END AS hi
FROM agreed;

