-- 4. Aggregates under a definition: as published, else the sum of its items (is_whole). An item that cannot exist (M)
--    adds nothing; one that is included elsewhere (K) adds nothing where another item of the sum holds others (W).
--    Where items are missing there is no value but a range, which holds if no missing item is negative:
--      from below: the items at hand; a definition that this one contains, and what is known of the items outside it
--      from above: all services less what is known not to belong; for each missing item the category above it less what
--                  else is known of that category; a definition that contains this one, less what is known of its other
--                  items (ict_services <= dds6 - SF - SG ...); both ways by what one item is (dds6 - SK <= unctad <= dds6)
--    A definition that is only bounded bounds those that it contains or lies in as well.
CREATE OR REPLACE TEMP TABLE definition_ancestors AS
WITH RECURSIVE up(definition, item, ancestor, distance) AS (
    SELECT d.definition, d.item, i.parent, 1 FROM definitions d JOIN items i ON i.code = d.item
    WHERE i.tree = 'standard' AND i.parent NOT IN ('', 'EBOPS2010:S')
    UNION ALL
    SELECT u.definition, u.item, i.parent, u.distance + 1 FROM up u JOIN items i ON i.code = u.ancestor
    WHERE i.parent NOT IN ('', 'EBOPS2010:S')
)
FROM up;

-- which definition contains which: every item of the smaller is an item of the larger or lies below one. is_near: at most
-- one item of the larger is not in the smaller, so that what it is at most says something of the difference
CREATE OR REPLACE TEMP TABLE definition_order AS
WITH inside AS (
    SELECT s.definition AS smaller, s.item, l.definition AS larger, true AS is_same
    FROM definitions s JOIN definitions l ON l.item = s.item AND l.definition <> s.definition
    UNION
    SELECT a.definition, a.item, l.definition, false
    FROM definition_ancestors a JOIN definitions l ON l.item = a.ancestor AND l.definition <> a.definition
)
SELECT smaller, larger, (SELECT count(*) FROM definitions d WHERE d.definition = larger)
                            - count(DISTINCT item) FILTER (WHERE is_same) <= 1 AS is_near
FROM inside
GROUP BY smaller, larger
HAVING count(DISTINCT item) = (SELECT count(*) FROM definitions d WHERE d.definition = smaller);

-- where it is near: the one item of the larger that is not in the smaller
CREATE OR REPLACE TEMP TABLE extra_items AS
SELECT o.smaller, o.larger, l.item
FROM definition_order o JOIN definitions l ON l.definition = o.larger
WHERE o.is_near
  AND NOT EXISTS (SELECT 1 FROM definitions s WHERE s.definition = o.smaller AND s.item = l.item);

-- the items of the larger that have nothing to do with the smaller
CREATE OR REPLACE TEMP TABLE items_beyond AS
SELECT o.smaller, o.larger, l.item
FROM definition_order o JOIN definitions l ON l.definition = o.larger
WHERE NOT EXISTS (SELECT 1 FROM definitions s
                  WHERE s.definition = o.smaller AND (starts_with(s.item, l.item) OR starts_with(l.item, s.item)));

CREATE OR REPLACE TEMP TABLE parts AS
WITH listed AS (
    SELECT d.definition, t.*, (t.statuses & getvariable('law').empty) <> 0 AND t.point IS NULL AS is_empty,
           (t.statuses & getvariable('law').elsewhere) <> 0 AND t.point IS NULL AS is_elsewhere,
           (t.statuses & status_bit('W')) <> 0 AND t.point IS NOT NULL AS holds_others
    FROM totals t JOIN definition_parts d USING (item, mode)
    WHERE t.measure = 'value' AND t.flow IN ('X', 'M', 'T')
)
SELECT definition, dataset, vintage, geo, partner, flow, measure, period, freq, basis, price, unit, adjustment,
       max(mult) AS mult, count(*) AS n_listed, count(point) AS n_present, count(hi) AS n_bounded,
       count(*) FILTER (WHERE is_empty) + CASE WHEN bool_or(holds_others) THEN count(*) FILTER (WHERE is_elsewhere)
                                               ELSE 0 END AS n_settled,
       sum(point) AS total, sum(lo) AS total_lo, sum(hi) AS total_hi, sum(not_below_zero(lo)) AS total_cut,
       bit_or(statuses) AS statuses,
       bool_or(contested) AS contested, coalesce(bool_or(point < 0), false) AS has_negative,
       flatten(list(inputs)) AS inputs,
       string_agg(CASE WHEN point IS NOT NULL THEN item END, ' ' ORDER BY item) AS present
FROM listed
GROUP BY ALL;

-- what is published under a definition, or the sum of all its items
CREATE OR REPLACE TEMP TABLE wholes AS
WITH required AS (
    SELECT definition, count(*) AS n FROM definition_parts GROUP BY definition
)
SELECT t.* EXCLUDE (mode), CASE WHEN starts_with(item, 'DEF:') THEN substr(item, 5) ELSE '' END AS definition,
       false AS has_negative
FROM totals t
WHERE mode = '_T'
UNION ALL BY NAME
SELECT p.dataset, p.vintage, p.geo, p.partner, p.flow, 'DEF:' || p.definition AS item, p.measure, p.period, p.freq,
       p.basis, p.price, p.unit, p.adjustment, p.mult, p.definition, p.has_negative, p.total AS point,
       p.total_lo AS lo, p.total_hi AS hi, p.total_cut AS sum_cut, p.statuses, p.contested, p.inputs,
       'sum_of_items' AS method,
       1.0 AS coverage
FROM parts p JOIN required r USING (definition)
WHERE p.n_present > 0 AND p.n_present + p.n_settled = r.n AND NOT EXISTS (
    SELECT 1 FROM totals t
    WHERE t.item = 'DEF:' || p.definition AND t.mode = '_T'
      AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit, t.adjustment)
        = (p.dataset, p.vintage, p.geo, p.partner, p.flow, p.period, p.basis, p.price, p.unit, p.adjustment));

-- The bounds of what is not whole. asked: a definition that some of its items, or a related definition, or one related to
-- that, say something of.
CREATE OR REPLACE TEMP TABLE broken_definitions AS
WITH related AS (
    SELECT smaller AS definition, larger AS other FROM definition_order
    UNION
    SELECT larger, smaller FROM definition_order
), near AS (
    FROM related
    UNION
    SELECT f.definition, n.other FROM related f JOIN related n ON n.definition = f.other AND n.other <> f.definition
), asked AS (
    SELECT definition, dataset, vintage, geo, partner, flow, period, freq, basis, price, unit, adjustment, mult
    FROM parts
    UNION
    SELECT r.other, dataset, vintage, geo, partner, flow, period, freq, basis, price, unit, adjustment, mult
    FROM wholes w JOIN near r USING (definition)
    WHERE w.flow IN ('X', 'M', 'T') AND w.measure = 'value'
)
SELECT a.* EXCLUDE (mult), max(mult) AS mult FROM asked a
ANTI JOIN wholes w USING (definition, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment)
GROUP BY ALL;

-- from above, by all services: what is known not to belong
CREATE OR REPLACE TEMP TABLE outside AS
SELECT d.definition, t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit,
       t.adjustment, sum(CASE WHEN t.point < 0 THEN t.lo ELSE not_below_zero(t.lo) END) AS outside_lo
FROM totals t
JOIN items i ON i.code = t.item AND i.tree = 'standard' AND i.parent = 'EBOPS2010:S'
JOIN (SELECT DISTINCT definition FROM definitions) d
  ON NOT EXISTS (SELECT 1 FROM definitions e WHERE e.definition = d.definition
                 AND (e.item = t.item OR starts_with(e.item, t.item)))
WHERE t.measure = 'value' AND t.flow IN ('X', 'M', 'T') AND t.mode = '_T'
GROUP BY ALL;

-- from above, by the categories that the missing items lie in: the nearest one known, less what else is known of it
CREATE OR REPLACE TEMP TABLE capped AS
WITH missing AS (
    SELECT b.*, d.item, t.hi AS own_hi
    FROM broken_definitions b JOIN definitions d USING (definition)
    LEFT JOIN totals t ON t.measure = 'value' AND t.mode = '_T'
     AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.item, t.period, t.basis, t.price, t.unit, t.adjustment)
       = (b.dataset, b.vintage, b.geo, b.partner, b.flow, d.item, b.period, b.basis, b.price, b.unit, b.adjustment)
    WHERE t.point IS NULL
), nearest AS (
    SELECT m.definition, m.item, m.dataset, m.vintage, m.geo, m.partner, m.flow, m.period, m.basis, m.price, m.unit,
           m.adjustment, t.item AS ancestor, t.hi AS ancestor_hi, t.inputs
    FROM missing m
    JOIN definition_ancestors a USING (definition, item)
    JOIN totals t ON t.item = a.ancestor AND t.measure = 'value' AND t.mode = '_T' AND t.hi IS NOT NULL
     AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit, t.adjustment)
       = (m.dataset, m.vintage, m.geo, m.partner, m.flow, m.period, m.basis, m.price, m.unit, m.adjustment)
    WHERE m.own_hi IS NULL
    QUALIFY row_number() OVER (
        PARTITION BY m.definition, m.dataset, m.vintage, m.geo, m.partner, m.flow, m.item, m.period, m.basis, m.price,
                     m.unit, m.adjustment
        ORDER BY a.distance) = 1
), above AS (
    SELECT definition, dataset, vintage, geo, partner, flow, period, freq, basis, price, unit, adjustment, ancestor,
           CASE WHEN ancestor IS NULL THEN item END AS item, max(own_hi) AS own_hi, max(ancestor_hi) AS ancestor_hi,
           list(item) AS missing_items, any_value(inputs) AS inputs
    FROM missing
    LEFT JOIN nearest USING (definition, item, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment)
    GROUP BY ALL
), known AS (
    -- of an item of the sum its upper end, which the sum has: what it is less, the missing one can be more (held)
    SELECT a.definition, a.ancestor, a.dataset, a.vintage, a.geo, a.partner, a.flow, a.period, a.basis, a.price, a.unit,
           a.adjustment, sum(CASE WHEN d.item IS NULL THEN not_below_zero(t.lo) ELSE t.hi END) AS known_lo,
           list(d.item) FILTER (WHERE d.item IS NOT NULL) AS held, flatten(list(t.inputs)) AS known_inputs
    FROM above a
    JOIN items i ON i.tree = 'standard' AND i.parent = a.ancestor
    LEFT JOIN definitions d ON d.definition = a.definition AND d.item = i.code
    JOIN totals t ON t.item = i.code AND t.measure = 'value' AND t.mode = '_T' AND t.lo IS NOT NULL AND t.hi IS NOT NULL
     AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit, t.adjustment)
       = (a.dataset, a.vintage, a.geo, a.partner, a.flow, a.period, a.basis, a.price, a.unit, a.adjustment)
    WHERE NOT list_contains(a.missing_items, t.item)
    GROUP BY ALL
), caps AS (
    FROM above
    LEFT JOIN known USING (definition, ancestor, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment)
)
SELECT definition, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment,
       -- no cap where one missing item lies in no known category
       CASE WHEN bool_and(own_hi IS NOT NULL OR ancestor_hi IS NOT NULL)
            THEN sum(CASE WHEN own_hi IS NOT NULL THEN own_hi WHEN known_lo IS NULL THEN ancestor_hi
                          ELSE not_below_zero(ancestor_hi - known_lo) END) END AS cap,
       flatten(list(held) FILTER (WHERE held IS NOT NULL)) AS held,
       list_concat(flatten(list(inputs) FILTER (WHERE inputs IS NOT NULL)),
                   flatten(list(known_inputs) FILTER (WHERE known_inputs IS NOT NULL))) AS inputs
FROM caps
GROUP BY ALL;

-- by related definitions: those contained bound it from below, those that contain it from above, each with what is known of
-- the items that only the larger has; near ones also the other way, by the most that such an item can be
CREATE OR REPLACE TEMP TABLE known_beyond AS
SELECT e.smaller, e.larger, t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit,
       t.adjustment, sum(CASE WHEN t.point < 0 THEN t.lo ELSE not_below_zero(t.lo) END) AS beyond_lo,
       flatten(list(t.inputs)) AS beyond_inputs
FROM items_beyond e
JOIN totals t ON t.item = e.item AND t.measure = 'value' AND t.mode = '_T' AND t.lo IS NOT NULL
 AND t.flow IN ('X', 'M', 'T')
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE related AS
WITH related_wholes AS (
    SELECT b.*, o.smaller, o.larger, o.is_near, w.definition AS other, o.larger = w.definition AS is_larger, w.lo, w.hi,
           w.inputs, w.contested, k.beyond_lo, k.beyond_inputs
    FROM broken_definitions b
    JOIN definition_order o ON b.definition IN (o.smaller, o.larger)
    JOIN wholes w ON w.definition = CASE WHEN b.definition = o.smaller THEN o.larger ELSE o.smaller END
     AND w.measure = 'value'
     AND (w.dataset, w.vintage, w.geo, w.partner, w.flow, w.period, w.basis, w.price, w.unit, w.adjustment)
       = (b.dataset, b.vintage, b.geo, b.partner, b.flow, b.period, b.basis, b.price, b.unit, b.adjustment)
    LEFT JOIN known_beyond k
      ON (k.smaller, k.larger, k.dataset, k.vintage, k.geo, k.partner, k.flow, k.period, k.basis, k.price, k.unit,
          k.adjustment)
       = (o.smaller, o.larger, b.dataset, b.vintage, b.geo, b.partner, b.flow, b.period, b.basis, b.price, b.unit,
          b.adjustment)
), bounding AS (
    SELECT r.*, t.hi AS extra, CASE WHEN t.hi IS NOT NULL THEN t.inputs END AS extra_inputs,
           CASE WHEN beyond_lo IS NULL THEN 0 ELSE beyond_lo END AS beyond
    FROM related_wholes r
    LEFT JOIN extra_items e ON (e.smaller, e.larger) = (r.smaller, r.larger)
    LEFT JOIN totals t ON t.measure = 'value' AND t.mode = '_T'
     AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.item, t.period, t.basis, t.price, t.unit, t.adjustment)
       = (r.dataset, r.vintage, r.geo, r.partner, r.flow, e.item, r.period, r.basis, r.price, r.unit, r.adjustment)
)
SELECT definition, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment,
       max(CASE WHEN is_larger THEN lo - extra ELSE lo + beyond END) AS least,
       min(CASE WHEN is_larger THEN hi - beyond ELSE hi + extra END) AS most,
       list(DISTINCT other) AS others, bool_or(contested) AS contested,
       list_concat(flatten(list(inputs)), flatten(list(beyond_inputs) FILTER (WHERE beyond_lo IS NOT NULL)),
                   flatten(list(extra_inputs) FILTER (WHERE extra IS NOT NULL))) AS inputs
FROM bounding
WHERE CASE WHEN is_larger THEN coalesce(hi - beyond, lo - extra) ELSE coalesce(lo + beyond, hi + extra) END IS NOT NULL
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE bounds AS
SELECT b.*, r.n, p.n_listed, p.n_present, p.present, p.total_lo, p.statuses, p.contested, p.has_negative,
       o.outside_lo, f.others,
       greatest(p.total_lo, f.least) AS low, p.total_cut AS sum_cut, p.total_hi, r.n - p.n_bounded AS n_unbounded, c.held,
       least(CASE WHEN p.n_bounded = r.n THEN p.total_hi END,
             CASE WHEN p.definition IS NULL THEN c.cap
                  WHEN p.n_present = p.n_bounded THEN p.total_hi + c.cap
                  ELSE known.hi + c.cap END) AS sum_hi,
       least(CASE WHEN NOT by_mode THEN s.hi - CASE WHEN o.outside_lo IS NULL THEN 0 ELSE o.outside_lo END END, sum_hi,
             f.most) AS high,
       coalesce(p.contested, false) OR coalesce(f.contested, false) AS is_contested,
       list_concat(p.inputs, s.inputs, f.inputs, c.inputs) AS inputs
FROM broken_definitions b
JOIN (SELECT definition, count(*) AS n, bool_or(mode <> '_T') AS by_mode FROM definition_parts GROUP BY ALL) r
  USING (definition)
LEFT JOIN parts p USING (definition, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment)
LEFT JOIN outside o USING (definition, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment)
LEFT JOIN capped c USING (definition, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment)
LEFT JOIN related f USING (definition, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment)
LEFT JOIN totals s ON s.item = 'EBOPS2010:S' AND s.measure = 'value' AND s.mode = '_T'
 AND (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.period, s.basis, s.price, s.unit, s.adjustment)
   = (b.dataset, b.vintage, b.geo, b.partner, b.flow, b.period, b.basis, b.price, b.unit, b.adjustment)
LEFT JOIN (
    SELECT d.definition, t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit,
           t.adjustment, sum(t.hi) AS hi
    FROM totals t JOIN definitions d USING (item)
    WHERE t.measure = 'value' AND t.mode = '_T' AND t.point IS NOT NULL
    GROUP BY ALL
) known USING (definition, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment);

-- by related definitions that are only bounded themselves
CREATE OR REPLACE TEMP TABLE narrowed_bounds AS
WITH second AS (
    SELECT b.definition, b.dataset, b.vintage, b.geo, b.partner, b.flow, b.period, b.basis, b.price, b.unit,
           b.adjustment, o.larger = c.definition AS is_larger, c.definition AS other, c.low, c.high,
           c.is_contested, c.inputs, k.beyond_inputs, CASE WHEN k.beyond_lo IS NULL THEN 0 ELSE k.beyond_lo END AS beyond
    FROM bounds b
    JOIN definition_order o ON b.definition IN (o.smaller, o.larger)
    JOIN bounds c ON c.definition = CASE WHEN b.definition = o.smaller THEN o.larger ELSE o.smaller END
     AND (c.dataset, c.vintage, c.geo, c.partner, c.flow, c.period, c.basis, c.price, c.unit, c.adjustment)
       = (b.dataset, b.vintage, b.geo, b.partner, b.flow, b.period, b.basis, b.price, b.unit, b.adjustment)
    LEFT JOIN known_beyond k
      ON (k.smaller, k.larger, k.dataset, k.vintage, k.geo, k.partner, k.flow, k.period, k.basis, k.price, k.unit,
          k.adjustment)
       = (o.smaller, o.larger, b.dataset, b.vintage, b.geo, b.partner, b.flow, b.period, b.basis, b.price, b.unit,
          b.adjustment)
    WHERE CASE WHEN o.larger = c.definition THEN coalesce(c.high - beyond < b.high, c.high IS NOT NULL)
               ELSE coalesce(c.low + beyond > b.low, c.low IS NOT NULL) END
), gained AS (
    SELECT definition, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment,
           max(low + beyond) FILTER (WHERE NOT is_larger) AS least, min(high - beyond) FILTER (WHERE is_larger) AS most,
           list(DISTINCT other) AS others, bool_or(is_contested) AS contested,
           list_concat(flatten(list(inputs)), flatten(list(beyond_inputs) FILTER (WHERE beyond_inputs IS NOT NULL)))
               AS inputs
    FROM second GROUP BY ALL
)
SELECT b.* REPLACE (greatest(b.low, g.least, l.least) AS low, least(b.high, g.most, l.most) AS high,
                    greatest(b.outside_lo, o.least) AS outside_lo,
                    b.is_contested OR coalesce(g.contested, false) OR coalesce(l.contested, false) AS is_contested,
                    list_sort(list_distinct(list_concat(b.others, g.others))) AS others,
                    list_concat(b.inputs, g.inputs, l.inputs) AS inputs)
FROM bounds b
LEFT JOIN gained g USING (definition, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment)
LEFT JOIN left_ranges l
  ON l.item = 'DEF:' || b.definition AND l.less = ''
 AND (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.period, l.basis, l.price, l.unit, l.adjustment)
   = (b.dataset, b.vintage, b.geo, b.partner, b.flow, b.period, b.basis, b.price, b.unit, b.adjustment)
LEFT JOIN left_ranges o
  ON o.item = 'EBOPS2010:S' AND o.less = 'DEF:' || b.definition
 AND (o.dataset, o.vintage, o.geo, o.partner, o.flow, o.period, o.basis, o.price, o.unit, o.adjustment)
   = (b.dataset, b.vintage, b.geo, b.partner, b.flow, b.period, b.basis, b.price, b.unit, b.adjustment);

CREATE OR REPLACE TEMP TABLE measured AS
WITH defined AS (
SELECT w.* EXCLUDE (is_left), lo AS sum_lo, hi AS sum_hi, true AS is_whole,
       CASE WHEN is_left THEN concat_ws('; ', 'the range is what other figures leave',
                                       'the range assumes that no missing item is negative') ELSE '' END AS note,
       CAST(NULL AS DECIMAL(38, 10)) AS outside_lo
FROM wholes w
UNION ALL BY NAME
SELECT b.dataset, b.vintage, b.geo, b.partner, b.flow, 'DEF:' || b.definition AS item, 'value' AS measure, b.period,
       b.freq, b.basis, b.price, b.unit, b.adjustment, b.mult, b.definition, false AS is_whole,
       coalesce(b.has_negative, false) AS has_negative, CAST(NULL AS DECIMAL(38, 10)) AS point,
       CASE WHEN b.low > b.high THEN b.high ELSE b.low END AS lo, CASE WHEN b.high < b.low THEN b.low ELSE b.high END AS hi,
       b.total_lo AS sum_lo, b.sum_cut, b.sum_hi, b.total_hi, b.n_unbounded, b.held,
       CASE WHEN b.n_listed = b.n THEN b.statuses WHEN b.statuses IS NULL THEN status_bit('O')
            ELSE b.statuses | status_bit('O') END AS statuses,
       b.is_contested OR coalesce(b.high < b.low, false) AS contested, b.inputs,
       CASE WHEN b.n_present > 0 THEN 'sum_of_items' ELSE 'bounds' END AS method,
       CASE WHEN b.n_present IS NULL THEN 0 ELSE b.n_present / b.n END AS coverage,
       concat_ws('; ', CASE WHEN b.n_present > 0
                                 THEN concat('only ', b.n_present, ' of ', b.n, ' items published (', b.present, ')')
                                 ELSE concat('none of ', b.n, ' items published') END,
                 'bounded also by ' || nullif(array_to_string(b.others, ' '), ''),
                 'the range assumes that no missing item is negative') AS note,
       b.outside_lo
FROM narrowed_bounds b
WHERE b.n_listed IS NOT NULL OR b.low IS NOT NULL OR b.high IS NOT NULL
)
-- lo_cut: the lower end for ratios; sum_lo, sum_hi: what the items at hand, and the categories above those missing, say;
-- sum_cut: sum_lo with no item below zero
SELECT *, not_below_zero(lo) AS lo_cut FROM defined;
