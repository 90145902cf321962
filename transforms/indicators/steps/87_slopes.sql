-- 10. The slope b of ln y on the year over every span: a weighted sum of the ln y, weights (2 step - n) * 6 /
--     (n (n + 1) (n + 2)), so its range has each y at the end of its interval that the sign of its weight asks for.
--     Logarithms are summed as decimals, which gives the same sum in any order.
CREATE OR REPLACE TEMP TABLE slopes AS
WITH logarithms AS (
    SELECT *, 2 * step - years AS weight,
           CASE WHEN point > 0 THEN CAST(ln(CAST(point AS DOUBLE)) AS DECIMAL(30, 18)) END AS middle,
           CASE WHEN lo > 0 THEN CAST(ln(CAST(lo AS DOUBLE)) AS DECIMAL(30, 18)) END AS low,
           CASE WHEN hi > 0 THEN CAST(ln(CAST(hi AS DOUBLE)) AS DECIMAL(30, 18)) END AS high
    FROM path_points
), sums AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, currency, adjustment, first_period,
           last_period, years, sum(weight * middle) AS middle,
           CASE WHEN count(*) = count(CASE WHEN weight < 0 THEN high ELSE low END)
                THEN sum(weight * CASE WHEN weight < 0 THEN high ELSE low END) END AS low,
           CASE WHEN count(*) = count(CASE WHEN weight < 0 THEN low ELSE high END)
                THEN sum(weight * CASE WHEN weight < 0 THEN low ELSE high END) END AS high
    FROM logarithms
    GROUP BY ALL
)
SELECT * EXCLUDE (years, middle, low, high), 6 / (years * (years + 1e0) * (years + 2e0)) AS scale,
       CAST(middle AS DOUBLE) * scale AS b, CAST(low AS DOUBLE) * scale AS b_lo, CAST(high AS DOUBLE) * scale AS b_hi
FROM sums;
