-- One row for each printed parent of which any part is printed: the sum of its parts against it. Both stand for intervals
-- of half a printed unit on each side, so that n parts and their total may differ by (n + 1) / 2 units and no more. A gap
-- that rounding leaves, but beyond three standard deviations of it, is said to be unlikely.
WITH parts AS (
    SELECT code AS item, parent AS family, code IN $optional AS is_optional,
           -- one bit for each part of a whole: how many different parts are printed is told without a list of them
           CAST(1 AS HUGEINT) << CAST(row_number() OVER (PARTITION BY parent ORDER BY code) - 1 AS INTEGER) AS bit
    FROM items
    WHERE parent <> '' AND (tree IN $trees OR parent IN $families)
), roles AS (
    SELECT *, false AS is_whole FROM parts
    UNION ALL SELECT DISTINCT family, family, false, 0, true FROM parts
), met AS (
    -- the families of a table of which the whole and a part are printed: no group is made of the others
    SELECT dataset, vintage, table_id, r.* FROM printed JOIN roles r USING (item)
    WINDOW one AS (PARTITION BY dataset, vintage, table_id, family)
    QUALIFY bool_or(is_whole) OVER one AND NOT bool_and(is_whole) OVER one
), wanted AS (
    SELECT family, count(*) FILTER (NOT is_optional) AS required, count(*) FILTER (is_optional) AS optional
    FROM parts GROUP BY family
), sums AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, family AS item, activity, mode, period, basis, unit, adjustment,
           count(*) FILTER (is_whole) AS wholes, min(locator) FILTER (is_whole) AS locator,
           min(mult) FILTER (is_whole) AS mult,
           min(v) FILTER (is_whole) AS v, min(lo) FILTER (is_whole) AS lo, min(hi) FILTER (is_whole) AS hi,
           count(*) FILTER (NOT is_whole) AS printed, count(*) FILTER (NOT is_whole AND NOT is_optional) AS given,
           count(*) FILTER (is_optional) AS extras, bit_count(bit_or(bit)) AS items,
           sum(v) FILTER (NOT is_whole) AS total, sum(lo) FILTER (NOT is_whole) AS total_lo,
           sum(hi) FILTER (NOT is_whole) AS total_hi,
           count(*) FILTER (lo IS NULL OR hi IS NULL) AS open, CAST(max(hi - lo) AS DOUBLE) AS width
    FROM levels JOIN met USING (dataset, vintage, table_id, item)
    WHERE flow <> 'N'
    GROUP BY ALL
    HAVING count(*) FILTER (is_whole) > 0 AND count(*) FILTER (NOT is_whole) > 0
)
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator,
       CASE WHEN wholes > 1 OR printed > items OR given < required OR open > 0 THEN 'not_judged'
            WHEN total_lo <= hi AND total_hi >= lo
            THEN CASE WHEN is_unlikely THEN 'explained' ELSE 'pass' END
            WHEN extras < optional AND total_hi < lo THEN 'explained'
            ELSE 'fail' END AS verdict,
       CASE WHEN wholes > 1 OR printed > items THEN 'printed_twice' WHEN given < required THEN 'parts_missing'
            WHEN open > 0 THEN 'no_interval' WHEN verdict = 'pass' THEN ''
            WHEN total_lo <= hi AND total_hi >= lo THEN 'unlikely'
            WHEN verdict = 'explained' THEN 'not_allocated' ELSE '' END AS reason,
       CASE WHEN verdict = 'fail' OR reason = 'unlikely' THEN tell({says: 'sum', total: say(total, mult), parts: printed}) END AS found,
       CASE WHEN verdict = 'fail' OR reason = 'unlikely' THEN tell({says: 'whole', whole: say(v, mult), low: say(lo - (total_hi - total), mult),
                                             high: say(hi + (total - total_lo), mult)}) END AS expected,
       CASE WHEN verdict <> 'pass' THEN excess(total, v) END AS size
FROM (SELECT *, abs(CAST(total - v AS DOUBLE)) > $sigmas * sqrt((printed + 1) / 12.0) * width AS is_unlikely FROM sums) s
JOIN wanted w ON w.family = s.item
