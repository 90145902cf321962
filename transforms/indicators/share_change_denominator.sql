-- What the change of the denominator has to do with the change of a share n / d, in percentage points: the mean of n0 and
-- n1 times (1 / d1 - 1 / d0). With the numerator's part it adds up to the change, and neither year comes first.
-- Range: highest with the least d1 and the most d0 that there are beside n1 and n0. In n0 it is then highest at an end, or
-- where the most d0 turns from one relation to the other; in n1 too, or where d1 = n1 + rest at sqrt((rest - n0) d0) - rest
-- (there the slope changes sign once). Lowest, it is the same with the years exchanged and the sign changed.
SELECT definition, geo, reference, partner, flow, item, period, base_period, freq, basis, adjustment, 'PP' AS unit,
       currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage,
       CASE WHEN has_both THEN 50 * (n0 + n1) * (1 / nullif(d1, 0) - 1 / nullif(d0, 0)) END AS value,
       CASE WHEN has_ranges THEN 50 * least_by_d END AS lower, CASE WHEN has_ranges THEN 50 * most_by_d END AS upper,
       0 AS unit_mult, statuses, coverage, 'midpoint' AS method, contested, asked, note, inputs
FROM share_changes
