-- Contribution of a part to the growth of its whole, in percentage points: change of the part over the earlier level of the whole;
-- over all parts they add up to the growth, also with negative parts. Range: the formula runs one way with each level, so
-- its ends lie at corners of the box; it is empty where the earlier whole may be zero.
WITH ranged AS (
    SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, currency,
           dataset, vintage, x0, x1, x0_lo, x0_hi, x1_lo, x1_hi, w0, statuses, contested, asked, obstacle, said, refusal, inputs, is_sum,
           is_sum * x0_lo + r0_lo AS lo_lo, is_sum * x0_lo + r0_hi AS lo_hi, is_sum * x0_hi + r0_lo AS hi_lo,
           is_sum * x0_hi + r0_hi AS hi_hi,
           refusal = '' AND is_sum * x0_lo + r0_lo > 0 AND x1_lo + x0_hi + r0_hi + x1_hi IS NOT NULL AS has_range
    FROM contributions
)
SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, 'PP' AS unit,
       currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN 100 * (x1 - x0) / nullif(CAST(w0 AS DOUBLE), 0) END AS value,
       CASE WHEN has_range THEN 100 * least((x1_lo - x0_lo) / lo_lo, (x1_lo - x0_lo) / lo_hi, (x1_lo - x0_hi) / hi_lo,
                                            (x1_lo - x0_hi) / hi_hi) END AS lower,
       CASE WHEN has_range THEN 100 * greatest((x1_hi - x0_lo) / lo_lo, (x1_hi - x0_lo) / lo_hi, (x1_hi - x0_hi) / hi_lo,
                                               (x1_hi - x0_hi) / hi_hi) END AS upper,
       0 AS unit_mult, statuses,
       (CASE WHEN x0 IS NULL THEN 0 ELSE 1 END + CASE WHEN x1 IS NULL THEN 0 ELSE 1 END
           + CASE WHEN w0 IS NULL THEN 0 ELSE 1 END) / 3e0 AS coverage,
       CASE is_sum WHEN 1 THEN 'sum_of_items' ELSE 'published' END AS method, contested, asked,
       concat_ws('; ', nullif(refusal, ''), nullif(obstacle, ''), nullif(said, '')) AS note, inputs
FROM ranged
