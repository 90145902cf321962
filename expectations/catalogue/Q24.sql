-- One row for each place, flow and period with an item of a definition: are all the others there, or said to stand
-- elsewhere? Where some are missing their sum is only a lower bound.
CREATE OR REPLACE TEMP TABLE weighed AS
WITH parts AS (
    SELECT definition, item, count(*) OVER one AS wanted, list(item) OVER one AS all_items,
           -- one bit for each item of a definition: which are there is told without a list of them
           CAST(1 AS HUGEINT) << CAST(row_number() OVER (PARTITION BY definition ORDER BY item) - 1 AS INTEGER) AS bit
    FROM definition_items WHERE role = 'component' AND mode = '_T' AND definition IN $definitions
    WINDOW one AS (PARTITION BY definition ORDER BY item ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
), numbered AS (
    SELECT *, dense_rank() OVER (ORDER BY definition) AS definition_no FROM parts
), wholes AS (
    SELECT DISTINCT definition, definition_no, wanted, all_items FROM numbered
), resolved AS (
    SELECT status_no FROM coded_statuses WHERE len(list_intersect(string_split(obs_status, ';'), $resolved)) > 0
), given AS MATERIALIZED (
    SELECT make_cell(place_of(cell), definition_no, period_of(cell)) AS spot,
           -- none of them is no bit
           bit_or(CASE WHEN has_value OR status_no IN (FROM resolved) THEN bit ELSE 0 END) AS bits
    FROM figures JOIN (SELECT item_no, definition_no, bit FROM numbered JOIN coded_items USING (item))
      ON item_no = item_of(cell)
    JOIN (SELECT place FROM places WHERE activity = '_T' AND mode = '_T') ON place = place_of(cell)
    GROUP BY ALL
), counted AS (
    SELECT g.*, w.*, wanted - bit_count(bits) AS missing FROM given g JOIN wholes w ON definition_no = item_of(spot)
)
SELECT place_of(spot) AS place, period_of(spot) AS period_no, 'fail' AS verdict, '' AS reason, definition, wanted, missing,
       list_filter(all_items, lambda item, number: (bits >> CAST(number - 1 AS INTEGER)) & 1 = 0) AS absent,
       all_items, missing / wanted AS size
FROM counted WHERE missing > 0
UNION ALL BY NAME
SELECT place_of(spot) AS place, 'pass' AS verdict, count(*) AS cases FROM counted WHERE missing = 0 GROUP BY ALL;

WITH located AS (
    SELECT place, period_no, definition, min(n.locator) AS first
    FROM told JOIN near n ON place_of(cell) = place AND period_of(cell) = period_no
    JOIN coded_items i ON i.item_no = item_of(cell) AND list_contains(all_items, i.item) GROUP BY ALL
)
SELECT dataset, vintage, table_id, geo, partner, flow, 'DEF:' || definition AS item, period, 'value' AS measure,
       first AS locator, verdict, reason,
       tell({says: 'given', given: wanted - missing, wanted: wanted}) AS found,
       tell({says: 'missing', items: array_to_string(absent, ', ')}) AS expected,
       size
FROM told JOIN located USING (place, period_no, definition)
