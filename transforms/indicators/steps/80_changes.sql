-- 7. Two periods of one series. Year on year: the same period one year earlier. Windows: the whole span of a yearly
--    series, the last five and ten years, and whatever span a publisher states a rate, an increase or a multiple for.
CREATE OR REPLACE TEMP MACRO year_of(period) AS CAST(substr(period, 1, 4) AS INTEGER);
CREATE OR REPLACE TEMP MACRO year_before(period) AS (
    CASE WHEN contains(period, '/')
         THEN printf('%04d%s/%04d%s', year_of(period) - 1, substr(split_part(period, '/', 1), 5),
                     year_of(split_part(period, '/', 2)) - 1, substr(split_part(period, '/', 2), 5))
         ELSE printf('%04d%s', year_of(period) - 1, substr(period, 5)) END
);

-- Published annual growth rates as factors, the most finely printed one of each year; no rate is below -100 per cent.
CREATE OR REPLACE TEMP TABLE published_factors AS
SELECT o.*, m.statuses, dataset || '/' || vintage || '/' || locator || '=' || printed AS input,
       1 + CAST(value AS DOUBLE) / 100 AS factor,
       greatest(1 + CAST(coalesce(lower, value) AS DOUBLE) / 100, 0) AS least_factor,
       1 + CAST(coalesce(upper, value) AS DOUBLE) / 100 AS most_factor
FROM observations o JOIN status_masks m USING (obs_status)
WHERE measure = 'growth' AND freq = 'A' AND price IN ('', 'current') AND activity = '_T' AND mode = '_T'
  AND base_period = year_before(period) AND NOT contains(period, '/') AND value >= -100 AND qualifier = ''
QUALIFY row_number() OVER (
    PARTITION BY dataset, vintage, geo, partner, flow, item, period, basis, adjustment
    ORDER BY upper - lower NULLS FIRST, table_id, locator) = 1;

CREATE OR REPLACE TEMP TABLE stated_spans AS
SELECT DISTINCT dataset, vintage, geo, partner, flow, item,
       CASE WHEN contains(period, '/') THEN split_part(period, '/', 1) ELSE base_period END AS first_period,
       CASE WHEN contains(period, '/') THEN split_part(period, '/', 2) ELSE period END AS last_period
FROM observations
WHERE freq = 'A' AND measure IN ('growth', 'average_growth', 'increase', 'multiple')
  AND (contains(period, '/') OR base_period <> '') AND NOT starts_with(period, '..');

-- n_breaks: how many breaks (B) the series has had up to a period; a span with one inside crosses it.
CREATE OR REPLACE TEMP TABLE series AS
SELECT m.*, count(*) FILTER (WHERE (statuses & getvariable('law').broken) <> 0) OVER (
           PARTITION BY dataset, vintage, geo, partner, flow, item, measure, freq, basis, price, unit, adjustment
           ORDER BY period) AS n_breaks,
       (statuses & status_bit('D')) <> 0 AS is_otherwise_defined
FROM measured m
WHERE (is_whole OR (method = 'sum_of_items' AND hi >= lo)) AND freq IN ('A', 'Q', 'M') AND NOT starts_with(period, '..') AND period <> ''
  AND (freq <> 'A' OR NOT contains(period, '/'));

CREATE OR REPLACE TEMP TABLE spans AS
WITH ends AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, unit, adjustment,
           min(period) AS first_period, max(period) AS last_period
    FROM series WHERE freq = 'A' AND point IS NOT NULL
    GROUP BY ALL
), wanted AS (
    SELECT * FROM ends
    UNION
    SELECT e.* REPLACE (CAST(year_of(last_period) - n AS VARCHAR) AS first_period)
    FROM ends e, (VALUES (5), (10)) lag(n)
    WHERE EXISTS (
        SELECT 1 FROM series s
        WHERE (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item, s.measure, s.basis, s.price, s.unit,
               s.adjustment, s.period)
            = (e.dataset, e.vintage, e.geo, e.partner, e.flow, e.item, e.measure, e.basis, e.price, e.unit,
               e.adjustment, CAST(year_of(e.last_period) - n AS VARCHAR)))
    UNION
    SELECT e.* REPLACE (s.first_period AS first_period, s.last_period AS last_period)
    FROM ends e JOIN stated_spans s USING (dataset, vintage, geo, partner, flow, item)
)
SELECT *, year_of(last_period) - year_of(first_period) AS years FROM wanted
WHERE year_of(last_period) - year_of(first_period) >= 1;

CREATE OR REPLACE TEMP TABLE changes AS
WITH asked AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, unit, adjustment,
           first_period, last_period, true AS is_window
    FROM spans
    UNION
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, unit, adjustment,
           year_before(period), period, false
    FROM series
), merged AS (
    SELECT * EXCLUDE (is_window), bool_or(is_window) AS is_window FROM asked GROUP BY ALL
)
SELECT l.dataset, l.vintage, l.geo, l.partner, l.flow, l.item, l.definition, l.freq, l.basis, l.adjustment,
       l.unit AS currency, l.period, e.period AS base_period, m.is_window,
       e.period = year_before(l.period) AS is_year_on_year,
       year_of(l.period) - year_of(e.period) AS years,
       CASE WHEN coalesce(e.point, e.hi) <= 0 THEN 'the earlier level is not above zero'
            WHEN coalesce(l.point, l.hi) < 0 THEN 'the later level is negative' ELSE '' END AS refusal,
       CASE WHEN refusal = '' THEN l.point END AS p1, CASE WHEN refusal = '' THEN not_below_zero(l.lo) END AS lo1,
       CASE WHEN refusal = '' THEN l.hi END AS hi1, e.point AS p0, not_below_zero(e.lo) AS lo0, e.hi AS hi0,
       (l.coverage + e.coverage) / 2 AS coverage,
       CASE WHEN l.n_breaks > e.n_breaks THEN l.statuses | e.statuses | status_bit('B')
            ELSE l.statuses | e.statuses END AS statuses,
       CASE WHEN l.n_breaks > e.n_breaks OR l.is_otherwise_defined <> e.is_otherwise_defined THEN 'across_breaks'
            ELSE '' END AS asked,
       CASE WHEN l.n_breaks > e.n_breaks THEN 'the series is broken in between'
            WHEN l.is_otherwise_defined <> e.is_otherwise_defined THEN 'one of the two levels stands under another definition'
            ELSE '' END AS obstacle,
       l.contested OR e.contested AS contested, l.inputs || e.inputs AS inputs,
       concat_ws('; ', nullif(refusal, ''), nullif(obstacle, ''), nullif(l.note, ''), nullif(e.note, '')) AS note
FROM merged m
JOIN series l ON (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.item, l.measure, l.basis, l.price, l.unit,
                  l.adjustment, l.period)
               = (m.dataset, m.vintage, m.geo, m.partner, m.flow, m.item, m.measure, m.basis, m.price, m.unit,
                  m.adjustment, m.last_period)
JOIN series e ON (e.dataset, e.vintage, e.geo, e.partner, e.flow, e.item, e.measure, e.basis, e.price, e.unit,
                  e.adjustment, e.period)
               = (m.dataset, m.vintage, m.geo, m.partner, m.flow, m.item, m.measure, m.basis, m.price, m.unit,
                  m.adjustment, m.first_period);


-- Published rates chained over a span, where every year of it has one.
CREATE OR REPLACE TEMP TABLE chains AS
SELECT s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item,
       max(CASE WHEN starts_with(s.item, 'DEF:') THEN substr(s.item, 5) ELSE '' END) AS definition,
       s.first_period, s.last_period, s.basis, s.adjustment, s.unit AS currency,
       list_aggregate(list(r.factor ORDER BY r.period), 'product') AS factor,
       list_aggregate(list(r.least_factor ORDER BY r.period), 'product') AS least_factor,
       list_aggregate(list(r.most_factor ORDER BY r.period), 'product') AS most_factor,
       bit_or(r.statuses) AS statuses, list(r.input ORDER BY r.period) AS inputs
FROM spans s
JOIN published_factors r ON (r.dataset, r.vintage, r.geo, r.partner, r.flow, r.item, r.basis, r.adjustment)
                          = (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item, s.basis, s.adjustment)
 AND year_of(r.period) > year_of(s.first_period) AND year_of(r.period) <= year_of(s.last_period)
WHERE s.measure = 'value' AND s.years >= 2
GROUP BY s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item, s.first_period, s.last_period, s.basis, s.adjustment,
         s.unit, s.years
HAVING count(*) = s.years;
