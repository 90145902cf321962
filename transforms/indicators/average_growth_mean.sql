-- Mean of the annual growth rates of a span (never below the compound rate); its exact range: paths.py, which works in
-- logarithms, so that its ends may miss the value of unrounded levels by the last bit.
WITH sums AS (
    SELECT *, list_sum(list_transform(range(2, len(points) + 1), lambda i: points[i] / points[i - 1])) AS ratios,
           smallest_sum_of_ratios(los, his) AS least_ratios, largest_sum_of_ratios(los, his) AS most_ratios
    FROM paths WHERE refusal = ''
    UNION ALL BY NAME
    SELECT * FROM paths WHERE refusal <> ''
)
SELECT definition, geo, '' AS reference, partner, flow, item, last_period AS period, first_period AS base_period,
       'A' AS freq, basis, adjustment, 'PERCENT' AS unit, currency, dataset, vintage,
       '' AS ref_dataset, '' AS ref_vintage,
       (ratios / years - 1) * 100 AS value,
       (least(least_ratios, ratios) / years - 1) * 100 AS lower,
       (greatest(most_ratios, ratios) / years - 1) * 100 AS upper,
       0 AS unit_mult, CASE WHEN refusal = '' THEN k.code ELSE coalesce(km.code, 'O') END AS obs_status, coverage,
       'mean_of_annual_rates' AS method, contested, refusal AS note, inputs
FROM sums
LEFT JOIN obs_status k ON k.precedence = strength
LEFT JOIN obs_status km ON km.precedence = missing_strength
