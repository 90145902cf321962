-- One row for each printed whole with a printed part: its largest part against it, rounding allowed for.
CREATE OR REPLACE TEMP TABLE weighed AS
WITH parts AS (
    SELECT code AS item, parent AS family FROM items WHERE parent <> '' AND tree IN $trees
), roles AS (
    SELECT i.item_no, f.item_no AS family_no, f.item AS family
    FROM parts JOIN coded_items i USING (item) JOIN coded_items f ON f.item = family
), wholes AS (
    SELECT cell, max(hi) AS hi, max(v) AS v, count(hi) AS closed
    FROM figures WHERE is_level AND item_of(cell) IN (SELECT family_no FROM roles) GROUP BY cell
), largest AS (
    SELECT make_cell(place_of(cell), family_no, period_of(cell)) AS cell, max(lo) AS lo
    FROM figures JOIN roles ON item_no = item_of(cell) WHERE is_level GROUP BY ALL
), held AS MATERIALIZED (
    SELECT w.*, l.lo, family, closed > 0 AND coalesce(l.lo <= hi, false) AS is_pass
    FROM largest l JOIN wholes w USING (cell) JOIN (SELECT DISTINCT family_no, family FROM roles) ON family_no = item_of(cell)
), named AS (
    -- which part it is matters where it is no pass
    SELECT h.cell, max({lo: f.lo, item: i.item, v: f.v, mult: f.mult, item_no: i.item_no}) AS part
    FROM held h JOIN roles r ON r.family_no = item_of(h.cell)
    JOIN figures f ON f.cell = make_cell(place_of(h.cell), r.item_no, period_of(h.cell)) AND f.lo = h.lo AND f.is_level
    JOIN coded_items i ON i.item_no = r.item_no
    WHERE NOT is_pass GROUP BY ALL
)
SELECT place_of(cell) AS place, coalesce(part.item_no, item_of(cell)) AS item_no, period_of(cell) AS period_no, family,
       part, v,
       CASE WHEN closed = 0 OR part IS NULL THEN 'not_judged' WHEN family IN $may_exceed THEN 'explained' ELSE 'fail' END
           AS verdict,
       CASE WHEN verdict = 'not_judged' THEN 'no_interval' WHEN verdict = 'explained' THEN 'negative_sibling' ELSE '' END
           AS reason,
       excess_of(part.v, v) AS size
FROM held LEFT JOIN named USING (cell) WHERE NOT is_pass
UNION ALL BY NAME
SELECT place_of(cell) AS place, 'pass' AS verdict, count(*) AS cases FROM held WHERE is_pass GROUP BY ALL;

SELECT dataset, vintage, table_id, geo, partner, flow, item, period, 'value' AS measure,
       CASE WHEN part IS NULL THEN '' ELSE last_locator END AS locator, verdict, reason,
       CASE WHEN verdict IN ('fail', 'explained') THEN say(part.v, part.mult) END AS found,
       CASE WHEN verdict IN ('fail', 'explained') THEN '<= ' || say(v, part.mult) || ' (' || family || ')' END AS expected,
       size
FROM told
