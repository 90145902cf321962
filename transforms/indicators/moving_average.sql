-- Trailing moving average: the mean of the last three years, four quarters or twelve months, in the unit of the levels.
-- Nothing is averaged over fewer periods. Every level has the same weight, so the range is the average of the ranges.
WITH averaged AS (
    SELECT d.definition, d.geo, d.partner, d.flow, d.item, d.period, d.freq, d.basis, d.adjustment, d.unit, d.dataset,
           d.vintage, d.mult, d.trailing_window, d.span, d.place - d.span + 1 < d.first_place AS is_beyond,
           count(w.point) AS n, CASE WHEN count(w.point) = d.span THEN sum(w.point) END AS total,
           CASE WHEN count(w.lo) = d.span THEN sum(w.lo) END AS total_lo,
           CASE WHEN count(w.hi) = d.span THEN sum(w.hi) END AS total_hi,
           bit_or(w.statuses) AS statuses, bool_or(w.contested) AS contested, flatten(list(w.inputs)) AS inputs,
           CASE WHEN max(w.n_breaks) > min(w.n_breaks) THEN 'the series is broken in between'
                WHEN bool_or(w.is_otherwise_defined) AND NOT bool_and(w.is_otherwise_defined)
                THEN 'some of the levels stand under another definition' ELSE '' END AS obstacle
    FROM dated d JOIN dated w ON w.series = d.series AND w.place BETWEEN d.place - d.span + 1 AND d.place
    WHERE d.first_place < d.last_place
    GROUP BY d.definition, d.geo, d.partner, d.flow, d.item, d.period, d.freq, d.basis, d.adjustment, d.unit, d.dataset,
             d.vintage, d.mult, d.trailing_window, d.span, d.place, d.first_place, d.series
), near AS (
    -- a double holds too few digits of a large amount: its quotient is put right by what it leaves, which is exact
    SELECT *, span AS weight, CAST(CAST(total AS DOUBLE) / (span) AS DECIMAL(38, 10)) AS q,
           CAST(CAST(total_lo AS DOUBLE) / (span) AS DECIMAL(38, 10)) AS q_lo,
           CAST(CAST(total_hi AS DOUBLE) / (span) AS DECIMAL(38, 10)) AS q_hi
    FROM averaged
), averages AS (
    SELECT *, q + CAST(CAST(total - q * weight AS DOUBLE) / weight AS DECIMAL(38, 10)) AS value,
           q_lo + CAST(floor(CAST(total_lo - q_lo * weight AS DOUBLE) / weight * 1e10) / 1e10 AS DECIMAL(38, 10)) AS lower,
           q_hi + CAST(ceil(CAST(total_hi - q_hi * weight AS DOUBLE) / weight * 1e10) / 1e10 AS DECIMAL(38, 10)) AS upper
    FROM near
)
SELECT definition, geo, '' AS reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment, unit,
       unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       value, lower, upper, mult AS unit_mult, statuses, CAST(n AS DOUBLE) / span AS coverage,
       trailing_window AS method, contested, CASE WHEN total IS NOT NULL AND obstacle <> '' THEN 'across_breaks' ELSE '' END AS asked,
       concat_ws('; ', CASE WHEN is_beyond THEN 'the window reaches beyond the series'
                            WHEN n < span THEN 'periods of the window are not published' END,
                 nullif(obstacle, '')) AS note, inputs
FROM averages
