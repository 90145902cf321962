-- What the change of the numerator has to do with the change of a share n / d, in percentage points: (n1 - n0) at the
-- mean of 1 / d0 and 1 / d1. With the denominator's part it adds up to the change, and neither year comes first.
-- Range: the effect rises with n1 and falls with n0, whether d stays or the rest beside n does, and then runs one way with
-- each denominator, the sense of n1 - n0: corners
-- (steps/86_share_changes). An end is empty where the denominator may be zero.
SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, 'PP' AS unit,
       currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage,
       CASE WHEN has_both THEN 50 * (n1 - n0) * (1 / nullif(d0, 0) + 1 / nullif(d1, 0)) END AS value,
       CASE WHEN has_ranges THEN 50 * (n1_lo - n0_hi) * (1 / nullif(least_d0, 0) + 1 / nullif(least_d1, 0)) END AS lower,
       CASE WHEN has_ranges THEN 50 * (n1_hi - n0_lo) * (1 / nullif(most_d0, 0) + 1 / nullif(most_d1, 0)) END AS upper,
       0 AS unit_mult, statuses, coverage, 'midpoint' AS method, contested, asked, note, inputs
FROM share_changes
