-- 5c. Beside one item of an aggregate under a definition (one of its terms, or what lies below a term): what the rest of it
--     can be. Where the aggregate is a sum, or is bounded by sums that the item is in, their ends are known with the item
--     taken out of them. What else bounds it (all services, an aggregate as printed) bounds item and rest together: that
--     is the aggregate's own range.
CREATE OR REPLACE TEMP TABLE sum_rests AS
WITH aggregates AS (
    SELECT m.*, d.item AS term
    FROM measured m JOIN definitions d ON d.definition = m.definition
    WHERE m.measure = 'value' AND m.flow IN ('X', 'M', 'T') AND (m.method = 'sum_of_items' OR NOT m.is_whole)
)
SELECT m.definition, m.dataset, m.vintage, m.geo, m.partner, m.flow, x.item, m.period, m.basis, m.price, m.unit,
       m.adjustment, m.is_whole, m.term, t.lo AS term_lo,
       CASE WHEN t.lo IS NULL THEN m.sum_cut ELSE m.sum_cut - not_below_zero(t.lo) END AS rest_lo,
       CASE WHEN x.item <> m.term THEN NULL
            WHEN x.hi IS NULL THEN CASE WHEN m.n_unbounded = 1 THEN m.total_hi END
            -- less of it leaves more to what is missing beside it in one category
            WHEN NOT coalesce(list_contains(m.held, x.item), false) THEN m.sum_hi - x.hi END AS rest_hi
FROM aggregates m
JOIN totals x ON starts_with(x.item, m.term) AND x.mode = '_T' AND coalesce(x.lo, x.hi) IS NOT NULL
 AND (x.dataset, x.vintage, x.geo, x.partner, x.flow, x.measure, x.period, x.basis, x.price, x.unit, x.adjustment)
   = (m.dataset, m.vintage, m.geo, m.partner, m.flow, m.measure, m.period, m.basis, m.price, m.unit, m.adjustment)
LEFT JOIN totals t ON t.item = m.term AND t.mode = '_T'
 AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.measure, t.period, t.basis, t.price, t.unit, t.adjustment)
   = (m.dataset, m.vintage, m.geo, m.partner, m.flow, m.measure, m.period, m.basis, m.price, m.unit, m.adjustment);

-- What related definitions say of a sum with items missing (steps/60_definitions): those larger that are sums with the
-- item, those smaller that are, or that it lies beyond, and near ones the other way too. Once more, as there, for what
-- definitions say that are themselves only bounded by others.
CREATE OR REPLACE TEMP MACRO narrow_rests(known) AS TABLE
WITH neighbours AS (
    SELECT b.*, o.smaller, o.larger, o.larger = c.definition AS is_larger, o.is_near AND c.is_whole AS is_near,
           c.lo AS other_lo, c.hi AS other_hi
    FROM query_table(known) b
    JOIN definition_order o ON b.definition IN (o.smaller, o.larger)
    JOIN measured c ON c.item = concat('DEF:', CASE WHEN b.definition = o.smaller THEN o.larger ELSE o.smaller END)
     AND c.measure = 'value'
     AND (c.dataset, c.vintage, c.geo, c.partner, c.flow, c.period, c.basis, c.price, c.unit, c.adjustment)
       = (b.dataset, b.vintage, b.geo, b.partner, b.flow, b.period, b.basis, b.price, b.unit, b.adjustment)
    WHERE NOT b.is_whole
), told AS (
    SELECT n.*, q.rest_lo AS shared_lo, q.rest_hi AS shared_hi, y.item IS NOT NULL AS is_beyond,
           e.item IS NOT DISTINCT FROM n.item AS is_extra, t.hi AS extra,
           CASE WHEN k.beyond_lo IS NULL THEN 0 ELSE k.beyond_lo END AS beyond
    FROM neighbours n
    LEFT JOIN query_table(known) q
      ON (q.definition, q.item, q.dataset, q.vintage, q.geo, q.partner, q.flow, q.period, q.basis, q.price, q.unit,
          q.adjustment)
       = (CASE WHEN n.is_larger THEN n.larger ELSE n.smaller END, n.item, n.dataset, n.vintage, n.geo, n.partner, n.flow,
          n.period, n.basis, n.price, n.unit, n.adjustment)
    LEFT JOIN items_beyond y ON NOT n.is_larger AND (y.smaller, y.larger, y.item) = (n.smaller, n.larger, n.term)
    LEFT JOIN known_beyond k
      ON (k.smaller, k.larger, k.dataset, k.vintage, k.geo, k.partner, k.flow, k.period, k.basis, k.price, k.unit,
          k.adjustment)
       = (n.smaller, n.larger, n.dataset, n.vintage, n.geo, n.partner, n.flow, n.period, n.basis, n.price, n.unit,
          n.adjustment)
    LEFT JOIN extra_items e ON n.is_near AND (e.smaller, e.larger) = (n.smaller, n.larger)
    LEFT JOIN totals t ON t.item = e.item AND t.measure = 'value' AND t.mode = '_T'
     AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit, t.adjustment)
       = (n.dataset, n.vintage, n.geo, n.partner, n.flow, n.period, n.basis, n.price, n.unit, n.adjustment)
), gained AS (
    SELECT definition, item, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment,
           max(CASE WHEN is_larger THEN shared_lo - extra
                    WHEN is_beyond THEN other_lo + beyond - CASE WHEN term_lo > 0 THEN term_lo ELSE 0 END
                    ELSE shared_lo + beyond END) AS least,
           min(CASE WHEN is_larger THEN shared_hi - beyond WHEN is_extra THEN other_hi ELSE shared_hi + extra END) AS most
    FROM told GROUP BY ALL
)
SELECT s.* REPLACE (greatest(s.rest_lo, g.least) AS rest_lo, least(s.rest_hi, g.most) AS rest_hi)
FROM query_table(known) s
LEFT JOIN gained g USING (definition, item, dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment);

CREATE OR REPLACE TEMP TABLE related_rests AS FROM narrow_rests('sum_rests');
CREATE OR REPLACE TEMP TABLE rests AS
SELECT r.* REPLACE (greatest(r.rest_lo, l.least) AS rest_lo, least(r.rest_hi, l.most) AS rest_hi)
FROM narrow_rests('related_rests') r
LEFT JOIN left_ranges l
  ON l.item = 'DEF:' || r.definition AND l.less = r.item
 AND (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.period, l.basis, l.price, l.unit, l.adjustment)
   = (r.dataset, r.vintage, r.geo, r.partner, r.flow, r.period, r.basis, r.price, r.unit, r.adjustment);
