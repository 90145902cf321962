-- Log-linear (least squares) average growth: (exp(b) - 1) * 100 with b the slope of ln y on the year. b is a weighted
-- sum of the ln y, so its range has each y at the end of its interval that the sign of its weight asks for.
WITH weighted AS (
    SELECT *, list_transform(range(1, len(points) + 1),
              lambda i: (i - 1 - years / 2e0) / (years * (years + 1) * (years + 2) / 12e0)) AS w
    FROM paths
), slopes AS (
    SELECT *,
           list_sum(list_transform(range(1, len(points) + 1), lambda i: w[i] * ln(points[i]))) AS b,
           list_sum(list_transform(range(1, len(points) + 1),
               lambda i: w[i] * ln(CASE WHEN w[i] < 0 THEN his[i] ELSE los[i] END))) AS b_lo,
           list_sum(list_transform(range(1, len(points) + 1),
               lambda i: w[i] * ln(CASE WHEN w[i] < 0 THEN los[i] ELSE his[i] END))) AS b_hi
    FROM weighted WHERE refusal = ''
    UNION ALL BY NAME
    SELECT * FROM weighted WHERE refusal <> ''
)
SELECT definition, geo, '' AS reference, partner, flow, item, last_period AS period, first_period AS base_period,
       'A' AS freq, basis, adjustment, 'PERCENT' AS unit, currency, dataset, vintage,
       '' AS ref_dataset, '' AS ref_vintage,
       (exp(b) - 1) * 100 AS value, (exp(b_lo) - 1) * 100 AS lower, (exp(b_hi) - 1) * 100 AS upper,
       0 AS unit_mult, CASE WHEN refusal = '' THEN k.code ELSE coalesce(km.code, 'O') END AS obs_status, coverage,
       'log_linear' AS method, contested, refusal AS note, inputs
FROM slopes
LEFT JOIN obs_status k ON k.precedence = strength
LEFT JOIN obs_status km ON km.precedence = missing_strength
