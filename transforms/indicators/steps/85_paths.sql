-- 8. Every year of a span, for averages that need the path and not only its ends: path_points has a row a year, paths one
--    a span, with the exact range of the sum of its annual ratios (paths.py).
CREATE OR REPLACE TEMP TABLE path_points AS
SELECT s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item, s.measure, s.basis, s.price, s.unit AS currency,
       s.adjustment, s.first_period, s.last_period, s.years, y.year, y.year - year_of(s.first_period) AS step,
       l.period, l.definition, l.point, l.lo, l.hi, l.statuses, l.contested, l.n_breaks, l.is_otherwise_defined, l.inputs
FROM spans s
JOIN (SELECT CAST(r AS INTEGER) AS year FROM range(1800, 2200) t(r)) y
  ON y.year BETWEEN year_of(s.first_period) AND year_of(s.last_period)
LEFT JOIN series l ON l.freq = 'A' AND (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.item, l.measure, l.basis,
                   l.price, l.unit, l.adjustment, year_of(l.period))
               = (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item, s.measure, s.basis, s.price, s.unit,
                  s.adjustment, y.year)
WHERE s.years >= 2;

CREATE OR REPLACE TEMP TABLE paths AS
WITH gathered AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period,
           last_period, years, max(definition) AS definition, count(point) / count(*) AS coverage,
           list(CAST(lo AS DOUBLE) ORDER BY year) AS los, list(CAST(hi AS DOUBLE) ORDER BY year) AS his,
           -- a year that is listed without a value says why; one that is not listed does not
           bit_or(CASE WHEN period IS NULL THEN status_bit('O') ELSE statuses END) AS statuses,
           bool_or(contested) AS contested,
           CASE WHEN max(n_breaks) > min(n_breaks) THEN 'the series is broken in between'
                WHEN bool_or(is_otherwise_defined) AND NOT bool_and(is_otherwise_defined)
                THEN 'some of the levels stand under another definition' ELSE '' END AS obstacle,
           flatten(list(inputs) FILTER (WHERE inputs IS NOT NULL)) AS inputs,
           CASE WHEN count(point) < count(*) THEN 'years of the span are not published'
                WHEN NOT bool_and(lo > 0) THEN 'a level is not above zero' ELSE '' END AS refusal
    FROM path_points
    GROUP BY ALL
)
SELECT * EXCLUDE (los, his), CASE WHEN obstacle <> '' THEN 'across_breaks' ELSE '' END AS asked,
       CASE WHEN refusal = '' THEN smallest_sum_of_ratios(los, his) END AS least_ratios,
       CASE WHEN refusal = '' THEN largest_sum_of_ratios(los, his) END AS most_ratios
FROM gathered;
