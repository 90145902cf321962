-- Revealed symmetric comparative advantage, (RCA - 1) / (RCA + 1): rises with RCA, from -1 at no exports towards 1.
WITH divided AS (
    SELECT *,
           CASE WHEN refusal = '' THEN a / nullif(CAST(r AS DOUBLE), 0) * (w / nullif(CAST(i AS DOUBLE), 0)) END AS ratio,
           CASE WHEN refusal = ''
                THEN a_bottom / nullif(CAST(r_top AS DOUBLE), 0) * (w_bottom / nullif(CAST(i_top AS DOUBLE), 0))
                END AS lowest,
           CASE WHEN refusal = '' AND a_top = 0 THEN 0
                WHEN refusal = ''
                THEN a_top / nullif(CAST(r_bottom AS DOUBLE), 0) * (w_top / nullif(CAST(i_bottom AS DOUBLE), 0))
                END AS highest
    FROM specialisations
    WHERE reference LIKE 'RCA%'
), moved AS (
    SELECT *, CASE WHEN is_torn THEN ratio WHEN ratio < lowest THEN lowest WHEN ratio > highest THEN highest
                   ELSE ratio END AS held
    FROM divided
)
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, currency, dataset, vintage, ref_dataset, ref_vintage,
       (held - 1) / (held + 1) AS value, (lowest - 1) / (lowest + 1) AS lower, (highest - 1) / (highest + 1) AS upper,
       0 AS unit_mult, statuses, coverage, method, contested, asked, note, inputs
FROM moved
