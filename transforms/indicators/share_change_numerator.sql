-- What the change of the numerator has to do with the change of a share n / d, in percentage points: (n1 - n0) at the
-- mean of 1 / d0 and 1 / d1. With the denominator's part it adds up to the change, and neither year comes first.
-- Range: the effect rises with n1 and falls with n0 (also where d = n + r), and then runs one way with each denominator,
-- the sense of n1 - n0: corners. An end is empty where the denominator may be zero.
WITH corners AS (
    SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, currency,
           dataset, vintage, statuses, coverage, contested, asked, note, inputs, has_both, has_ranges, n0, n1, d0, d1,
           n1_hi - n0_lo AS most, n1_lo - n0_hi AS least,
           CASE WHEN is_sum THEN n0_lo ELSE 0 END + CASE WHEN n1_hi > n0_lo THEN r0_lo ELSE r0_hi END AS most_d0,
           CASE WHEN is_sum THEN n1_hi ELSE 0 END + CASE WHEN n1_hi > n0_lo THEN r1_lo ELSE r1_hi END AS most_d1,
           CASE WHEN is_sum THEN n0_hi ELSE 0 END + CASE WHEN n1_lo > n0_hi THEN r0_hi ELSE r0_lo END AS least_d0,
           CASE WHEN is_sum THEN n1_lo ELSE 0 END + CASE WHEN n1_lo > n0_hi THEN r1_hi ELSE r1_lo END AS least_d1
    FROM share_changes
)
SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, 'PP' AS unit,
       currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage,
       CASE WHEN has_both THEN 50 * (n1 - n0) * (1 / nullif(d0, 0) + 1 / nullif(d1, 0)) END AS value,
       CASE WHEN has_ranges THEN 50 * least * (1 / nullif(least_d0, 0) + 1 / nullif(least_d1, 0)) END AS lower,
       CASE WHEN has_ranges THEN 50 * most * (1 / nullif(most_d0, 0) + 1 / nullif(most_d1, 0)) END AS upper,
       0 AS unit_mult, statuses, coverage, 'midpoint' AS method, contested, asked, note, inputs
FROM corners
