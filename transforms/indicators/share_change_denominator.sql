-- What the change of the denominator has to do with the change of a share n / d, in percentage points: the mean of n0 and
-- n1 times (1 / d1 - 1 / d0). With the numerator's part it adds up to the change, and neither year comes first.
-- Range: the effect falls with the rest r1 (or d1) and rises with r0. Where n is no part of d it then runs one way with
-- both n. Where d = n + r it is, at its highest, an end of n0 together with n1 as near to sqrt((r1 - n0) d0) - r1 as
-- its interval lets it be (there the slope in n1 changes sign once); at its lowest the same with the years exchanged.
WITH ends AS (
    SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, currency,
           dataset, vintage, statuses, coverage, contested, asked, note, inputs, has_both, has_ranges, is_sum, n0, n1, d0,
           d1, n0_lo, n0_hi, n1_lo, n1_hi, r0_lo, r0_hi, r1_lo, r1_hi,
           least(greatest(sqrt(greatest((r1_lo - n0_lo) * (n0_lo + r0_hi), 0)) - r1_lo, n1_lo), n1_hi) AS n1_by_low,
           least(greatest(sqrt(greatest((r1_lo - n0_hi) * (n0_hi + r0_hi), 0)) - r1_lo, n1_lo), n1_hi) AS n1_by_high,
           least(greatest(sqrt(greatest((r0_lo - n1_lo) * (n1_lo + r1_hi), 0)) - r0_lo, n0_lo), n0_hi) AS n0_by_low,
           least(greatest(sqrt(greatest((r0_lo - n1_hi) * (n1_hi + r1_hi), 0)) - r0_lo, n0_lo), n0_hi) AS n0_by_high,
           1 / nullif(r1_lo, 0) - 1 / nullif(r0_hi, 0) AS most, 1 / nullif(r1_hi, 0) - 1 / nullif(r0_lo, 0) AS least
    FROM share_changes
)
SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, 'PP' AS unit,
       currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage,
       CASE WHEN has_both THEN 50 * (n0 + n1) * (1 / nullif(d1, 0) - 1 / nullif(d0, 0)) END AS value,
       CASE WHEN NOT has_ranges OR n0_hi IS NULL OR n1_hi IS NULL OR r1_hi IS NULL THEN NULL
            WHEN NOT is_sum THEN 50 * least * CASE WHEN least < 0 THEN n0_hi + n1_hi ELSE n0_lo + n1_lo END
            ELSE least(50 * (n0_by_low + n1_lo) * (1 / nullif(n1_lo + r1_hi, 0) - 1 / nullif(n0_by_low + r0_lo, 0)),
                       50 * (n0_by_high + n1_hi) * (1 / nullif(n1_hi + r1_hi, 0) - 1 / nullif(n0_by_high + r0_lo, 0)))
       END AS lower,
       CASE WHEN NOT has_ranges OR n0_hi IS NULL OR n1_hi IS NULL OR r0_hi IS NULL THEN NULL
            WHEN NOT is_sum THEN 50 * most * CASE WHEN most > 0 THEN n0_hi + n1_hi ELSE n0_lo + n1_lo END
            ELSE greatest(50 * (n0_lo + n1_by_low) * (1 / nullif(n1_by_low + r1_lo, 0) - 1 / nullif(n0_lo + r0_hi, 0)),
                          50 * (n0_hi + n1_by_high) * (1 / nullif(n1_by_high + r1_lo, 0) - 1 / nullif(n0_hi + r0_hi, 0)))
       END AS upper,
       0 AS unit_mult, statuses, coverage, 'midpoint' AS method, contested, asked, note, inputs
FROM ends
