-- The Handbook's identity: digital trade = digitally ordered + digitally delivered - both. Where a part is not measured there is
-- no value but a range: what is both is at most the smaller of the two, and nothing of it is negative.
WITH sides AS (
    SELECT dataset, vintage, geo, partner, flow, period, freq, basis, unit, adjustment, max(mult) AS mult,
           max(CASE WHEN item = 'DTRADE:ORDERED' THEN point END) AS ordered,
           max(CASE WHEN item = 'DTRADE:ORDERED' THEN lo_cut END) AS ordered_lo,
           max(CASE WHEN item = 'DTRADE:ORDERED' THEN hi END) AS ordered_hi,
           max(CASE WHEN item = 'DTRADE:DELIVERED' THEN point END) AS delivered,
           max(CASE WHEN item = 'DTRADE:DELIVERED' THEN lo_cut END) AS delivered_lo,
           max(CASE WHEN item = 'DTRADE:DELIVERED' THEN hi END) AS delivered_hi,
           max(CASE WHEN item = 'DTRADE:BOTH' THEN point END) AS both_ways,
           max(CASE WHEN item = 'DTRADE:BOTH' THEN lo_cut END) AS both_lo,
           max(CASE WHEN item = 'DTRADE:BOTH' THEN hi END) AS both_hi,
           count(point) AS n_known, count(*) AS n_listed, bit_or(statuses) AS statuses, bool_or(contested) AS contested,
           bool_or(point < 0) AS has_negative, flatten(list(inputs)) AS inputs
    FROM measured
    WHERE item IN ('DTRADE:ORDERED', 'DTRADE:DELIVERED', 'DTRADE:BOTH') AND flow IN ('X', 'M', 'T') AND measure = 'value'
      AND price = 'current'
    GROUP BY dataset, vintage, geo, partner, flow, period, freq, basis, unit, adjustment
), judged AS (
    SELECT *, CASE WHEN has_negative THEN 'a figure is negative'
                   WHEN both_ways > ordered OR both_ways > delivered THEN 'what is both exceeds one of the two' ELSE '' END
           AS refusal,
           concat_ws(', ', CASE WHEN ordered IS NULL THEN 'ordered' END, CASE WHEN delivered IS NULL THEN 'delivered' END,
                     CASE WHEN both_ways IS NULL THEN 'both' END) AS lost
    FROM sides
)
SELECT '' AS definition, geo, '' AS reference, partner, flow, 'DTRADE:T' AS item, period, '' AS base_period, freq, basis,
       adjustment, unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN ordered + delivered - both_ways END AS value,
       CASE WHEN refusal <> '' THEN NULL
            WHEN ordered_lo IS NULL THEN delivered_lo WHEN delivered_lo IS NULL THEN ordered_lo
            WHEN both_hi IS NULL THEN greatest(ordered_lo, delivered_lo)
            ELSE greatest(ordered_lo, delivered_lo, ordered_lo + delivered_lo - both_hi) END AS lower,
       CASE WHEN refusal <> '' OR ordered_hi IS NULL OR delivered_hi IS NULL THEN NULL
            WHEN both_lo IS NULL THEN ordered_hi + delivered_hi ELSE ordered_hi + delivered_hi - both_lo END AS upper,
       mult AS unit_mult,
       CASE WHEN n_listed = 3 THEN statuses
            ELSE statuses | (SELECT max(s.bit) FROM obs_status s WHERE s.code = 'O') END AS statuses,
       n_known / 3e0 AS coverage, 'ordered_plus_delivered_less_both' AS method, contested, '' AS asked,
       concat_ws('; ', nullif(refusal, ''),
                 CASE WHEN lost <> '' THEN concat('not measured: ', lost) END) AS note, inputs
FROM judged
WHERE ordered_lo IS NOT NULL OR delivered_lo IS NOT NULL
