-- 13. Monthly and quarterly series that may be seasonally adjusted, from the first to the last known level; refusal: why
--     not. What the publisher itself prints adjusted is not adjusted again. adjusted.py adjusts, steps/adjusted gathers.
CREATE OR REPLACE TEMP TABLE adjustable AS
WITH known AS (
    SELECT *, min(place) FILTER (WHERE point IS NOT NULL) OVER (PARTITION BY series) AS first_known,
           max(place) FILTER (WHERE point IS NOT NULL) OVER (PARTITION BY series) AS last_known
    FROM dated d
    WHERE freq IN ('Q', 'M') AND adjustment = 'N' AND NOT EXISTS (
        SELECT 1 FROM dated p
        WHERE p.adjustment IN ('S', 'Y') AND p.point IS NOT NULL
          AND (p.dataset, p.vintage, p.geo, p.partner, p.flow, p.item, p.measure, p.freq, p.basis, p.price, p.unit)
            = (d.dataset, d.vintage, d.geo, d.partner, d.flow, d.item, d.measure, d.freq, d.basis, d.price, d.unit))
)
SELECT series, freq, min(period) AS first_period, max(period) AS last_period, min(place) AS first_place,
       max(place) AS last_place, list(CAST(point AS DOUBLE) ORDER BY place) AS points, count(point) AS n,
       bit_or(statuses) AS statuses, bool_or(contested) AS contested, flatten(list(inputs)) AS inputs,
       CASE WHEN count(point) < 3 * max(span) THEN 'fewer than 36 months or 12 quarters'
            WHEN bool_or(point IS NULL AND (statuses & status_bit('Q')) <> 0)
            THEN 'a suppressed value lies inside the series'
            WHEN count(point) < max(place) - min(place) + 1 THEN 'periods of the series are not published'
            WHEN max(n_breaks) > min(n_breaks) THEN 'the series is broken in between'
            WHEN bool_or(is_otherwise_defined) AND NOT bool_and(is_otherwise_defined)
            THEN 'some of the levels stand under another definition' ELSE '' END AS refusal
FROM known
WHERE place BETWEEN first_known AND last_known
GROUP BY series, freq;
