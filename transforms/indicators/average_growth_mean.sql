-- Mean of the annual growth rates of a span (never below the compound rate); its exact range: paths.py.
SELECT definition, geo, '' AS reference, partner, flow, item, last_period AS period, first_period AS base_period,
       'A' AS freq, basis, adjustment, 'PERCENT' AS unit, currency, dataset, vintage,
       '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN coverage = 1 AND positive THEN (list_sum(list_transform(range(2, len(points) + 1),
                lambda i: points[i] / points[i - 1])) / years - 1) * 100 END AS value,
       CASE WHEN coverage = 1 AND positive THEN (smallest_sum_of_ratios(los, his) / years - 1) * 100 END AS lower,
       CASE WHEN coverage = 1 AND positive THEN (largest_sum_of_ratios(los, his) / years - 1) * 100 END AS upper,
       0 AS unit_mult, CASE WHEN coverage = 1 AND positive THEN k.code ELSE 'O' END AS obs_status, coverage,
       'mean_of_annual_rates' AS method, contested,
       CASE WHEN coverage < 1 THEN 'years of the span are not published' ELSE '' END AS note, inputs
FROM paths LEFT JOIN obs_status k ON k.precedence = strength
