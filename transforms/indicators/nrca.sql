-- Normalised revealed comparative advantage (Yu, Cai and Leung), x_i / W - X_i x / W^2, in ten-thousandths.
WITH differences AS (
    SELECT *, CASE WHEN refusal = ''
                   THEN (a / nullif(CAST(w AS DOUBLE), 0)
                         - i / nullif(CAST(w AS DOUBLE), 0) * (r / nullif(CAST(w AS DOUBLE), 0))) END AS nrca
    FROM specialisations
    WHERE reference LIKE 'RCA%'
)
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, currency, dataset, vintage, ref_dataset, ref_vintage,
       CASE WHEN is_torn THEN nrca WHEN nrca < nrca_lower THEN nrca_lower WHEN nrca > nrca_upper THEN nrca_upper
            ELSE nrca END * 1e4 AS value,
       nrca_lower * 1e4 AS lower, nrca_upper * 1e4 AS upper, -4 AS unit_mult, statuses, coverage, method, contested, asked,
       note, inputs
FROM differences
