-- Levels of trade flows for periods that are not printed but follow exactly from those that are: months out of
-- year-to-date figures, quarters out of months or of year-to-date figures, years and sums from January on. Appended to
-- levels where a key has no row yet; what is printed, suppressed or empty though it be, is never replaced.
--
-- Run before and after 42_currency.sql. Before: every derivation in the currency that is printed. After: sums of the
-- converted months, so that a year in another currency is weighted by the trade of its months. Nothing is done twice,
-- because a key that has a row is left alone.
--
-- Needs: levels, obs_status, the macro status_bits.

-- Flows of one kind that may be added: amounts of exports, imports or both at current prices. Counts are not added,
-- stocks never; of what is no trade flow (N) it is not known which it is.
CREATE OR REPLACE TEMP MACRO is_flow(flow, measure, price) AS (
    flow IN ('X', 'M', 'T') AND measure = 'value' AND price = 'current'
);
-- Manufacturing services, insurance and FISIM may be negative (methodology of the balance of payments, BPM6: adjusted
-- claims above premiums, reference rates outside the margin, fees less returns); no other flow is.
CREATE OR REPLACE TEMP MACRO may_be_negative(item) AS regexp_matches(item, '^EBOPS2010:(SA|SF|SG2)');

-- The first and the last month of 2020, 2020-Q3, 2020-07, of either end of 2020-01/2020-07.
CREATE OR REPLACE TEMP MACRO begins_in(code) AS (
    CASE WHEN length(code) = 4 THEN 1 WHEN substr(code, 6, 1) = 'Q' THEN 3 * CAST(substr(code, 7, 1) AS INTEGER) - 2
         ELSE CAST(substr(code, 6, 2) AS INTEGER) END
);
CREATE OR REPLACE TEMP MACRO ends_in(code) AS (
    CASE WHEN length(code) = 4 THEN 12 WHEN substr(code, 6, 1) = 'Q' THEN 3 * CAST(substr(code, 7, 1) AS INTEGER)
         ELSE CAST(substr(code, 6, 2) AS INTEGER) END
);

-- Statuses of what is put together. With all values: all statuses, without the A that says nothing beside another.
-- With a value missing: breaks and whatever else may stand with and without a value, and the strongest reason why a
-- part is missing; O where none is said.
CREATE OR REPLACE TEMP MACRO bits_where(rule) AS (SELECT bit_or(bit) FROM obs_status WHERE value_rule = rule);
CREATE OR REPLACE TEMP MACRO without_normal(bits) AS (
    CASE WHEN bits & (status_bits('A') - 1) <> 0 THEN bits & (status_bits('A') - 1) ELSE bits END
);
CREATE OR REPLACE TEMP MACRO strongest(bits) AS (bits & -bits);
CREATE OR REPLACE TEMP MACRO joined_statuses(is_whole, all_bits, missing_bits) AS (
    CASE WHEN is_whole THEN without_normal(all_bits)
         ELSE (all_bits & bits_where('either'))
              | CASE WHEN missing_bits & bits_where('forbidden') <> 0
                     THEN strongest(missing_bits & bits_where('forbidden'))
                     WHEN missing_bits & status_bits('J;S') <> 0 THEN 0 ELSE status_bits('O') END END
);

-- Every level of a flow with the months of one year that it covers. A part without value has nothing as its lower end
-- where the flow cannot be negative (low): that is the one assumption made here.
CREATE OR REPLACE TEMP VIEW month_spans AS
WITH ends AS (
    SELECT *, split_part(period, '/', 1) AS head, CASE WHEN contains(period, '/') THEN split_part(period, '/', 2)
                                                       ELSE period END AS tail
    FROM levels
    WHERE is_flow(flow, measure, price) AND freq IN ('A', 'Q', 'M') AND period <> '' AND NOT starts_with(period, '..')
)
SELECT dataset, vintage,
       struct_pack(dataset, vintage, geo, partner, flow, item, mode, measure, basis, price, unit, adjustment) AS series,
       CAST(substr(head, 1, 4) AS INTEGER) AS year, begins_in(head) AS first, ends_in(tail) AS last,
       period, freq, mult, point, lo, hi,
       CASE WHEN point IS NULL AND lo IS NULL AND NOT may_be_negative(item) THEN 0 ELSE lo END AS low,
       statuses, CASE WHEN point IS NULL THEN statuses ELSE 0 END AS missing, contested, method, inputs
FROM ends WHERE substr(head, 1, 4) = substr(tail, 1, 4);

-- Only editions that print more than years have anything to derive. Series are numbered, so that the steps compare numbers.
CREATE OR REPLACE TEMP TABLE divided_editions AS
SELECT DISTINCT dataset, vintage FROM levels WHERE freq IN ('Q', 'M') AND is_flow(flow, measure, price);
CREATE OR REPLACE TEMP TABLE series_numbers AS
SELECT series, row_number() OVER () AS id
FROM (SELECT DISTINCT series FROM month_spans SEMI JOIN divided_editions USING (dataset, vintage));
CREATE OR REPLACE TEMP TABLE spans_at_hand AS
SELECT n.id, m.* FROM month_spans m SEMI JOIN divided_editions USING (dataset, vintage) JOIN series_numbers n USING (series);

-- 1. The difference of two published figures that both begin in January: a month or a quarter. Of figures [lo1, hi1]
--    and [lo0, hi0] it is [lo1 - hi0, hi1 - lo0]. Revisions land in the last difference: one below zero keeps its value
--    and becomes an estimate (E). January and February that come together stay so: no figure ends in January.
CREATE OR REPLACE TEMP TABLE differences AS
SELECT id, year, e.last + 1 AS first, l.last, 2 AS parts, l.mult, l.point - e.point AS point,
       l.lo - e.hi AS lo, l.hi - e.low AS hi, l.point IS NOT NULL AND e.point IS NOT NULL AS is_whole,
       coalesce(l.point < e.point, false) AND NOT may_be_negative(l.series.item) AS is_below_zero,
       l.statuses | e.statuses | CASE WHEN is_below_zero THEN status_bits('E') ELSE 0 END AS statuses,
       l.missing | e.missing AS missing, l.contested OR e.contested AS contested,
       CASE WHEN is_below_zero THEN 'ytd_difference_negative' ELSE 'ytd_difference' END AS method,
       l.inputs || e.inputs AS inputs
FROM spans_at_hand l JOIN spans_at_hand e USING (id, year)
WHERE l.first = 1 AND e.first = 1 AND l.method = 'published' AND e.method = 'published'
  AND (l.last = e.last + 1 OR (l.last % 3 = 0 AND l.last = e.last + 3));

-- 2. Sums of periods that follow one another without a gap, from the first month of a quarter on. Parts: months, what
--    is printed or converted for longer periods, and, where nothing stands for a month, its difference. Sums of
--    differences are never narrower than the difference of the figures at both ends, and so give way to it in 3.
CREATE OR REPLACE TEMP TABLE sums AS
WITH RECURSIVE months AS (
    SELECT id, year, first, last, mult, point, hi,
           CASE WHEN NOT is_whole AND lo IS NULL AND NOT may_be_negative(n.series.item) THEN 0 ELSE lo END AS low,
           statuses, missing, contested, inputs,
           row_number() OVER (PARTITION BY id, year, first
                              ORDER BY is_whole DESC, hi - lo NULLS LAST, inputs) AS place
    FROM differences d JOIN series_numbers n USING (id)
    WHERE first = last AND NOT EXISTS (SELECT 1 FROM spans_at_hand m
                                       WHERE (m.id, m.year, m.first, m.last) = (d.id, d.year, d.first, d.last))
), parts AS (
    SELECT id, year, first, last, mult, point, low, hi, statuses, missing, contested, inputs,
           starts_with(method, 'ytd_difference') AND point IS NOT NULL AS is_difference,
           CASE WHEN last - first < 2 THEN 'months' WHEN freq = 'Q' THEN 'quarters' ELSE 'periods' END AS kind
    FROM spans_at_hand
    WHERE first = last OR method IN ('published', 'no_rate') OR starts_with(method, 'converted:')
    UNION ALL
    SELECT id, year, first, last, mult, point, low, hi, statuses, missing, contested, inputs, point IS NOT NULL, 'months'
    FROM months WHERE place = 1
), divided_years AS (
    SELECT DISTINCT id, year FROM parts WHERE last - first < 11
), sums AS (
    SELECT id, year, first, last, 1 AS parts, mult, point, low AS lo, hi, statuses, missing, contested, inputs, kind
    FROM parts SEMI JOIN divided_years USING (id, year)
    WHERE first % 3 = 1
    UNION ALL
    SELECT s.id, s.year, s.first, p.last, s.parts + 1, s.mult, s.point + p.point, s.lo + p.low, s.hi + p.hi,
           s.statuses | p.statuses, s.missing | p.missing, s.contested OR p.contested, s.inputs || p.inputs,
           CASE WHEN s.kind = p.kind THEN s.kind ELSE 'periods' END
    FROM sums s JOIN parts p ON p.id = s.id AND p.year = s.year AND p.first = s.last + 1
    WHERE (s.first = 1 OR p.last <= s.first + 2)
      -- after what begins in January a difference leads to a figure that begins there itself
      AND NOT (s.first = 1 AND s.parts = 1 AND p.is_difference)
)
SELECT * EXCLUDE (kind), point IS NOT NULL AS is_whole,
       CASE WHEN parts = 1 THEN 'same_months' ELSE 'sum_of_' || kind END AS method
FROM sums;

-- 3. Of all ways to a period the one with a value, then the narrowest interval, then the fewest parts. Where two ways
--    give intervals that do not meet, the level is contested and spans them all. A period that begins in January and is
--    no month, quarter or year is only made where the edition counts from January itself.
CREATE OR REPLACE TEMP TABLE derived_levels AS
WITH counted_from_january AS (
    SELECT DISTINCT dataset, vintage, year, last, period FROM spans_at_hand
    WHERE first = 1 AND contains(period, '/')
), ways AS (
    SELECT * EXCLUDE (is_below_zero) FROM differences
    UNION ALL BY NAME
    SELECT * FROM sums
), named AS (
    SELECT w.*, n.series, unnest(list_filter([
               {'period': printf('%04d-%02d', w.year, w.first), 'freq': 'M', 'holds': w.first = w.last},
               {'period': printf('%04d-Q%d', w.year, w.last // 3), 'freq': 'Q',
                'holds': w.first % 3 = 1 AND w.last = w.first + 2},
               {'period': printf('%04d', w.year), 'freq': 'A', 'holds': w.first = 1 AND w.last = 12},
               {'period': j.period, 'freq': 'M', 'holds': j.period IS NOT NULL}], lambda way: way.holds)) AS target
    FROM ways w JOIN series_numbers n USING (id)
    LEFT JOIN counted_from_january j
      ON (j.dataset, j.vintage, j.year, j.last) = (n.series.dataset, n.series.vintage, w.year, w.last) AND w.first = 1
), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY id, target.period
                                 ORDER BY is_whole DESC, hi - lo NULLS LAST, parts, method, inputs) AS place,
           is_whole AND coalesce(max(lo) FILTER (WHERE is_whole) OVER same > min(hi) FILTER (WHERE is_whole) OVER same, false)
           AS contradicts,
           min(lo) FILTER (WHERE is_whole) OVER same AS least, max(hi) FILTER (WHERE is_whole) OVER same AS most
    FROM named WINDOW same AS (PARTITION BY id, target.period)
)
SELECT unnest(series), target.period AS period, target.freq AS freq, mult, point,
       CASE WHEN contradicts THEN least ELSE lo END AS lo, CASE WHEN contradicts THEN most ELSE hi END AS hi,
       joined_statuses(is_whole, statuses, missing) AS statuses, contested OR contradicts AS contested, method,
       list_sort(list_distinct(inputs)) AS inputs
FROM ranked r
WHERE place = 1
  AND NOT EXISTS (SELECT 1 FROM spans_at_hand m WHERE m.id = r.id AND m.period = r.target.period);

INSERT INTO levels BY NAME SELECT * FROM derived_levels ORDER BY ALL;
