-- 5b. Wholes and their parts: all services and its main items, aggregates under a definition and their items. A part has a
--     row whether it is published or not, so that what is missing counts. is_required: an economy need not report SN.
CREATE OR REPLACE TEMP TABLE whole_parts AS
SELECT 'EBOPS2010:S' AS whole, '' AS definition, code AS part, code <> 'EBOPS2010:SN' AS is_required
FROM items WHERE tree = 'standard' AND parent = 'EBOPS2010:S'
UNION ALL
SELECT 'DEF:' || definition, definition, item, true FROM definitions;

CREATE OR REPLACE TEMP TABLE compositions AS
WITH wanted AS (
    SELECT DISTINCT dataset, vintage, geo, partner, flow, period, freq, basis, price, unit, adjustment, mult, whole,
           definition
    FROM totals t JOIN whole_parts p ON p.part = t.item
    WHERE t.measure = 'value' AND t.mode = '_T' AND t.flow IN ('X', 'M', 'T')
), listed AS (
    SELECT w.*, p.part, t.point, t.lo, t.hi, t.statuses, t.contested, t.inputs, coalesce(t.is_left, false) AS is_left,
           -- what cannot exist is no part that is missing
           t.point IS NULL AND coalesce(t.statuses & getvariable('law').empty, 0) = 0 AS is_missing
    FROM wanted w
    JOIN whole_parts p USING (whole, definition)
    LEFT JOIN totals t ON t.item = p.part AND t.measure = 'value' AND t.mode = '_T'
     AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit, t.adjustment)
       = (w.dataset, w.vintage, w.geo, w.partner, w.flow, w.period, w.basis, w.price, w.unit, w.adjustment)
    WHERE p.is_required OR t.item IS NOT NULL
)
SELECT l.* EXCLUDE (statuses, contested, inputs),
       CASE WHEN statuses IS NULL THEN status_bit('O') ELSE statuses END AS statuses,
       coalesce(contested, false) AS contested, CASE WHEN inputs IS NULL THEN [] ELSE inputs END AS inputs,
       not_below_zero(lo) AS lo_cut,
       count(*) OVER whole_of AS n_parts, count(*) FILTER (WHERE NOT is_missing) OVER whole_of AS n_present,
       bool_or(point < 0 OR (point IS NULL AND hi < 0)) OVER whole_of AS has_negative,
       sum(point) OVER whole_of AS sum_of_parts
FROM listed l
WINDOW whole_of AS (PARTITION BY dataset, vintage, geo, partner, flow, period, freq, basis, price, unit, adjustment, whole);
