-- Mean logarithmic growth of a span, ln(y_T / y_0) / n * 100 with n intervals. An end is empty where a level may be zero.
SELECT definition, geo, '' AS reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       'PERCENT' AS unit, currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN p1 > 0 THEN ln(p1 / nullif(CAST(p0 AS DOUBLE), 0)) / years * 100 END AS value,
       CASE WHEN lo1 > 0 THEN ln(lo1 / nullif(CAST(hi0 AS DOUBLE), 0)) / years * 100 END AS lower,
       CASE WHEN hi1 > 0 AND NOT coalesce(p1 = 0, false) THEN ln(hi1 / nullif(CAST(lo0 AS DOUBLE), 0)) / years * 100
       END AS upper,
       0 AS unit_mult, statuses, coverage, 'logarithmic' AS method, contested, asked,
       concat_ws('; ', CASE WHEN p1 = 0 THEN 'a level is not above zero' END, nullif(note, '')) AS note, inputs
FROM changes
WHERE is_window AND freq = 'A'
