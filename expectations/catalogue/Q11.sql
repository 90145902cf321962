-- One row for each printed whole with a printed part: its largest part against it, rounding allowed for.
WITH parts AS (
    SELECT code AS item, parent AS family FROM items WHERE parent <> '' AND tree IN $trees
), roles AS (
    SELECT *, false AS is_whole FROM parts UNION ALL SELECT DISTINCT family, family, true FROM parts
), met AS (
    -- the families of a table of which the whole and a part are printed: no group is made of the others
    SELECT dataset, vintage, table_id, r.* FROM printed JOIN roles r USING (item)
    WINDOW one AS (PARTITION BY dataset, vintage, table_id, family)
    QUALIFY bool_or(is_whole) OVER one AND NOT bool_and(is_whole) OVER one
), sides AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, family, activity, mode, period, basis, unit, adjustment,
           max(hi) FILTER (is_whole) AS hi, max(v) FILTER (is_whole) AS v, count(hi) FILTER (is_whole) AS closed,
           max({lo: lo, item: item, locator: locator, v: v, mult: mult}) FILTER (NOT is_whole AND lo IS NOT NULL) AS part
    FROM levels JOIN met USING (dataset, vintage, table_id, item)
    WHERE flow <> 'N'
    GROUP BY ALL
    HAVING count(*) FILTER (is_whole) > 0 AND count(*) FILTER (NOT is_whole) > 0
)
SELECT dataset, vintage, table_id, geo, partner, flow, coalesce(part.item, family) AS item, period, 'value' AS measure,
       coalesce(part.locator, '') AS locator,
       CASE WHEN closed = 0 OR part IS NULL THEN 'not_judged' WHEN part.lo <= hi THEN 'pass'
            WHEN family IN $may_exceed THEN 'explained' ELSE 'fail' END AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'no_interval' WHEN verdict = 'explained' THEN 'negative_sibling' ELSE '' END
           AS reason,
       CASE WHEN verdict IN ('fail', 'explained') THEN say(part.v, part.mult) END AS found,
       CASE WHEN verdict IN ('fail', 'explained') THEN '<= ' || say(v, part.mult) || ' (' || family || ')' END AS expected,
       CASE WHEN verdict <> 'pass' THEN excess(part.v, v) END AS size
FROM sides
