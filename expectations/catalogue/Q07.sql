-- One row for each printed parent of which any part is printed: the sum of its parts against it. Both stand for intervals
-- of half a printed unit on each side, so that n parts and their total may differ by (n + 1) / 2 units and no more. A gap
-- that rounding leaves, but beyond three standard deviations of it, is said to be unlikely.
CREATE OR REPLACE TEMP TABLE weighed AS
WITH parts AS (
    SELECT code AS item, parent AS family, code IN $optional AS is_optional,
           -- one bit for each part of a whole: how many different parts are printed is told without a list of them
           CAST(1 AS HUGEINT) << CAST(row_number() OVER (PARTITION BY parent ORDER BY code) - 1 AS INTEGER) AS bit
    FROM items
    WHERE parent <> '' AND (tree IN $trees OR parent IN $families)
), wanted AS (
    SELECT family, count(*) FILTER (NOT is_optional) AS required, count(*) FILTER (is_optional) AS optional
    FROM parts GROUP BY family
), roles AS (
    SELECT i.item_no, f.item_no AS family_no, is_optional, bit
    FROM parts JOIN coded_items i USING (item) JOIN coded_items f ON f.item = family
), wholes AS (
    SELECT cell, count(*) AS wholes, min(mult) AS mult, min(v) AS v, min(lo) AS lo, min(hi) AS hi,
           count(*) FILTER (lo IS NULL OR hi IS NULL) AS open, max(hi - lo) AS width
    FROM figures WHERE is_level AND item_of(cell) IN (SELECT family_no FROM roles) GROUP BY cell
), sums AS MATERIALIZED (
    SELECT make_cell(place_of(cell), family_no, period_of(cell)) AS cell,
           count(*) AS printed, count(*) FILTER (NOT is_optional) AS given, bit_count(bit_or(bit)) AS items,
           sum(v) AS total, sum(lo) AS total_lo, sum(hi) AS total_hi, count(*) FILTER (lo IS NULL OR hi IS NULL) AS open,
           max(hi - lo) AS width
    FROM figures JOIN roles ON item_no = item_of(cell) WHERE is_level GROUP BY ALL
), held AS (
    SELECT s.* EXCLUDE (open, width), w.* EXCLUDE (cell, open, width), required, optional, s.open + w.open AS open,
           printed - given AS extras, total_lo <= hi AND total_hi >= lo AS is_near,
           abs(CAST(total - v AS DOUBLE))
               > $sigmas * sqrt((printed + 1) / 12.0) * CAST(greatest(s.width, w.width) AS DOUBLE) AS is_unlikely
    FROM sums s JOIN wholes w USING (cell) JOIN coded_items i ON i.item_no = item_of(cell) JOIN wanted ON family = i.item
), judged_sums AS (
    SELECT *,
           CASE WHEN wholes > 1 OR printed > items OR given < required OR open > 0 THEN 'not_judged'
                WHEN is_near AND NOT is_unlikely THEN 'pass' WHEN is_near THEN 'explained'
                WHEN extras < optional AND total_hi < lo THEN 'explained'
                ELSE 'fail' END AS verdict,
           CASE WHEN wholes > 1 OR printed > items THEN 'printed_twice' WHEN given < required THEN 'parts_missing'
                WHEN open > 0 THEN 'no_interval' WHEN verdict = 'explained' AND is_near THEN 'unlikely'
                WHEN verdict = 'explained' THEN 'not_allocated' ELSE '' END AS reason
    FROM held
)
SELECT place_of(cell) AS place, item_of(cell) AS item_no, period_of(cell) AS period_no, verdict, reason,
       excess_of(total, v) AS size, v, lo, hi, mult, total, total_lo, total_hi, printed
FROM judged_sums WHERE verdict <> 'pass'
UNION ALL BY NAME
SELECT place_of(cell) AS place, 'pass' AS verdict, count(*) AS cases FROM judged_sums WHERE verdict = 'pass' GROUP BY ALL;

SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure, locator, verdict, reason,
       CASE WHEN verdict = 'fail' OR reason = 'unlikely' THEN tell({says: 'sum', total: say(total, mult), parts: printed}) END
           AS found,
       CASE WHEN verdict = 'fail' OR reason = 'unlikely'
            THEN tell({says: 'whole', whole: say(v, mult), low: say(lo - (total_hi - total), mult),
                       high: say(hi + (total - total_lo), mult)}) END AS expected,
       size
FROM told
