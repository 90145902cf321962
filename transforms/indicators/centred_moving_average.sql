-- Centred moving average, 2x12 months or 2x4 quarters: the period with those of half a year to both sides, the outermost
-- with half their weight (the sum of all and the sum of the inner ones, over twice the window), so that no season is left.
-- The weights are positive, so the range is the average of the ranges.
WITH averaged AS (
    SELECT d.definition, d.geo, d.partner, d.flow, d.item, d.period, d.freq, d.basis, d.adjustment, d.unit, d.dataset,
           d.vintage, d.mult, d.centred_window, d.span,
           d.place - d.span / 2 < d.first_place OR d.place + d.span / 2 > d.last_place AS is_beyond,
           count(w.point) AS n,
           CASE WHEN count(w.point) = d.span + 1
                THEN sum(w.point) + sum(w.point) FILTER (WHERE abs(w.place - d.place) < d.span / 2) END AS total,
           CASE WHEN count(w.lo) = d.span + 1
                THEN sum(w.lo) + sum(w.lo) FILTER (WHERE abs(w.place - d.place) < d.span / 2) END AS total_lo,
           CASE WHEN count(w.hi) = d.span + 1
                THEN sum(w.hi) + sum(w.hi) FILTER (WHERE abs(w.place - d.place) < d.span / 2) END AS total_hi,
           bit_or(w.statuses) AS statuses, bool_or(w.contested) AS contested, flatten(list(w.inputs)) AS inputs,
           CASE WHEN max(w.n_breaks) > min(w.n_breaks) THEN 'the series is broken in between'
                WHEN bool_or(w.is_otherwise_defined) AND NOT bool_and(w.is_otherwise_defined)
                THEN 'some of the levels stand under another definition' ELSE '' END AS obstacle
    FROM dated d
    JOIN dated w ON w.series = d.series AND w.place BETWEEN d.place - d.span / 2 AND d.place + d.span / 2
    WHERE d.freq IN ('Q', 'M') AND d.first_place < d.last_place
    GROUP BY d.definition, d.geo, d.partner, d.flow, d.item, d.period, d.freq, d.basis, d.adjustment, d.unit, d.dataset,
             d.vintage, d.mult, d.centred_window, d.span, d.place, d.first_place, d.last_place, d.series
), near AS (
    -- a double holds too few digits of a large amount: its quotient is put right by what it leaves, which is exact
    SELECT *, 2 * span AS weight, CAST(CAST(total AS DOUBLE) / (2 * span) AS DECIMAL(38, 10)) AS q,
           CAST(CAST(total_lo AS DOUBLE) / (2 * span) AS DECIMAL(38, 10)) AS q_lo,
           CAST(CAST(total_hi AS DOUBLE) / (2 * span) AS DECIMAL(38, 10)) AS q_hi
    FROM averaged
), averages AS (
    SELECT *, q + CAST(CAST(total - q * weight AS DOUBLE) / weight AS DECIMAL(38, 10)) AS value,
           q_lo + CAST(floor(CAST(total_lo - q_lo * weight AS DOUBLE) / weight * 1e10) / 1e10 AS DECIMAL(38, 10)) AS lower,
           q_hi + CAST(ceil(CAST(total_hi - q_hi * weight AS DOUBLE) / weight * 1e10) / 1e10 AS DECIMAL(38, 10)) AS upper
    FROM near
)
SELECT definition, geo, '' AS reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment, unit,
       unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       value, lower, upper, mult AS unit_mult, statuses,
       n / (span + 1e0) AS coverage, centred_window AS method, contested,
       CASE WHEN total IS NOT NULL AND obstacle <> '' THEN 'across_breaks' ELSE '' END AS asked,
       concat_ws('; ', CASE WHEN is_beyond THEN 'the window reaches beyond the series'
                            WHEN n <= span THEN 'periods of the window are not published' END,
                 nullif(obstacle, '')) AS note, inputs
FROM averages
