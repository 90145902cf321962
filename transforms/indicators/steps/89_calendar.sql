-- 12. Series on a calendar: place counts years, quarters or months, so that what is missing is seen; span is the window of
--     the moving averages. A number stands for the series in joins.
CREATE OR REPLACE TEMP TABLE dated AS
SELECT *, dense_rank() OVER (ORDER BY dataset, vintage, geo, partner, flow, item, measure, freq, basis, price, unit,
                                      adjustment) AS series,
       CASE freq WHEN 'A' THEN year_of(period) WHEN 'Q' THEN year_of(period) * 4 + CAST(substr(period, 7, 1) AS INTEGER) - 1
            ELSE year_of(period) * 12 + CAST(substr(period, 6, 2) AS INTEGER) - 1 END AS place,
       CASE freq WHEN 'A' THEN 3 WHEN 'Q' THEN 4 ELSE 12 END AS span,
       CASE freq WHEN 'A' THEN 'trailing_3_years' WHEN 'Q' THEN 'trailing_4_quarters' ELSE 'trailing_12_months'
       END AS trailing_window,
       CASE freq WHEN 'Q' THEN 'centred_2x4_quarters' WHEN 'M' THEN 'centred_2x12_months' END AS centred_window,
       min(place) OVER (PARTITION BY dataset, vintage, geo, partner, flow, item, measure, freq, basis, price, unit,
                                     adjustment) AS first_place,
       max(place) OVER (PARTITION BY dataset, vintage, geo, partner, flow, item, measure, freq, basis, price, unit,
                                     adjustment) AS last_place
FROM series
WHERE NOT contains(period, '/') AND measure = 'value' AND is_whole;

-- The year that an index is based on: 2015, else the first year that is complete. n periods of it sum to b.
CREATE OR REPLACE TEMP TABLE index_bases AS
WITH years AS (
    SELECT series, year_of(period) AS year, count(*) AS n, sum(point) AS b,
           CASE WHEN count(lo) = n THEN sum(not_below_zero(lo)) END AS b_lo, CASE WHEN count(hi) = n THEN sum(hi) END AS b_hi,
           bool_or(point < 0) AS has_negative, bit_or(statuses) AS statuses, bool_or(contested) AS contested,
           min(n_breaks) AS least_breaks, max(n_breaks) AS most_breaks,
           bool_or(is_otherwise_defined) AS some_otherwise, bool_and(is_otherwise_defined) AS all_otherwise,
           flatten(list(inputs)) AS inputs
    FROM dated
    GROUP BY series, year_of(period), freq
    HAVING count(point) = CASE freq WHEN 'A' THEN 1 WHEN 'Q' THEN 4 ELSE 12 END
)
FROM years
QUALIFY row_number() OVER (PARTITION BY series ORDER BY year <> 2015, year) = 1;

CREATE OR REPLACE TEMP TABLE indexed AS
SELECT d.definition, d.geo, d.partner, d.flow, d.item, d.period, coalesce(CAST(b.year AS VARCHAR), '') AS base_period,
       d.freq, d.basis, d.adjustment, d.unit AS currency, d.dataset, d.vintage, d.point, not_below_zero(d.lo) AS lo, d.hi,
       b.n, b.b, b.b_lo, b.b_hi, coalesce(year_of(d.period) = b.year, false) AS is_in_base,
       CASE WHEN b.b IS NULL THEN 'no complete year to be the base'
            WHEN b.has_negative OR coalesce(d.point, d.hi) < 0 THEN 'a figure is negative'
            WHEN b.b = 0 THEN 'the base is zero' ELSE '' END AS refusal,
       CASE WHEN greatest(d.n_breaks, b.most_breaks) > least(d.n_breaks, b.least_breaks)
            THEN 'the series is broken in between'
            WHEN (d.is_otherwise_defined OR b.some_otherwise) AND NOT (d.is_otherwise_defined AND b.all_otherwise)
            THEN 'some of the levels stand under another definition' ELSE '' END AS obstacle,
       CASE WHEN obstacle = '' THEN '' ELSE 'across_breaks' END AS asked,
       CASE WHEN obstacle = 'the series is broken in between' THEN status_bit('B') ELSE 0 END
           | d.statuses | coalesce(b.statuses, status_bit('O')) AS statuses,
       CASE WHEN b.b IS NULL THEN 0.5 ELSE 1 END * CAST(d.point IS NOT NULL AS DOUBLE) AS coverage,
       d.contested OR coalesce(b.contested, false) AS contested, list_concat(d.inputs, b.inputs) AS inputs
FROM dated d LEFT JOIN index_bases b USING (series)
WHERE d.first_place < d.last_place;
