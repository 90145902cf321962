-- The base that a growth rate on a comparable basis implies: the level over 1 + g. It belongs to base_period.
SELECT definition, geo, '' AS reference, partner, flow, item, period, base_period, freq, basis, adjustment, unit,
       unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN p1 / nullif(factor, 0) END AS value,
       CASE WHEN refusal = '' THEN lo1 / nullif(most_factor, 0) END AS lower,
       CASE WHEN refusal = '' AND least_factor > 0 THEN hi1 / least_factor END AS upper,
       mult AS unit_mult, statuses, n / 2e0 AS coverage, 'comparable_rate' AS method, contested, '' AS asked,
       refusal AS note, inputs
FROM implied_bases
