-- Location quotient: the share of a part in a place over its share in the nation, in a universe that the reference names.
WITH divided AS (
    SELECT *,
           CASE WHEN refusal = '' THEN a / nullif(CAST(r AS DOUBLE), 0) * (w / nullif(CAST(i AS DOUBLE), 0)) END AS ratio,
           CASE WHEN refusal = ''
                THEN a_bottom / nullif(CAST(r_top AS DOUBLE), 0) * (w_bottom / nullif(CAST(i_top AS DOUBLE), 0))
                END AS lower,
           CASE WHEN refusal = '' AND a_top = 0 THEN 0
                WHEN refusal = ''
                THEN a_top / nullif(CAST(r_bottom AS DOUBLE), 0) * (w_top / nullif(CAST(i_bottom AS DOUBLE), 0))
                END AS upper
    FROM specialisations
    WHERE reference LIKE 'LQ%'
)
SELECT definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, currency, dataset, vintage, ref_dataset, ref_vintage,
       -- rounded figures can stand outside what their relations leave
       CASE WHEN is_torn THEN ratio WHEN ratio < lower THEN lower WHEN ratio > upper THEN upper ELSE ratio END AS value,
       lower, upper, 0 AS unit_mult, statuses, coverage, method, contested, asked, note, inputs
FROM divided
