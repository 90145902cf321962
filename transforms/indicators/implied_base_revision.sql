-- By how many per cent the base that a growth rate on a comparable basis implies differs from the level that is printed for
-- the earlier period: above zero the base was raised, or more firms were counted.
SELECT definition, geo, '' AS reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       'PERCENT' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN (p1 / nullif(factor * p0, 0) - 1) * 100 END AS value,
       CASE WHEN refusal = '' THEN (lo1 / nullif(most_factor * hi0, 0) - 1) * 100 END AS lower,
       CASE WHEN refusal = '' AND least_factor > 0 THEN (hi1 / nullif(least_factor * lo0, 0) - 1) * 100 END AS upper,
       0 AS unit_mult, statuses, n / 3e0 AS coverage, 'comparable_rate' AS method, contested, '' AS asked,
       refusal AS note, inputs
FROM implied_revisions
