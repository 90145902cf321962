-- One row for each item, flow, measure and unit of an edition: how far it revises the edition before (MR, MAR, RMAR; R is
-- the later figure less the earlier), and which cells are new or gone.
WITH pairs AS (
    SELECT dataset, vintage, previous FROM judged WHERE previous <> ''
), later AS (
    SELECT p.dataset, p.vintage, o.* EXCLUDE (dataset, vintage) FROM observations o JOIN pairs p USING (dataset, vintage)
), earlier AS (
    SELECT p.dataset, p.vintage, o.* EXCLUDE (dataset, vintage)
    FROM observations o JOIN pairs p ON o.dataset = p.dataset AND o.vintage = p.previous
), met AS (
    SELECT dataset, vintage, table_id, geo, partner, flow, item, activity, mode, period, base_period, freq, measure, basis,
           price, unit, adjustment, reference,
           CAST(l.value AS DOUBLE) * pow(10.0, l.unit_mult) AS after, CAST(e.value AS DOUBLE) * pow(10.0, e.unit_mult) AS before,
           l.locator IS NULL AS is_gone, e.locator IS NULL AS is_new, coalesce(l.locator, e.locator) AS locator,
           coalesce(l.unit_mult, e.unit_mult) AS mult
    FROM later l FULL JOIN earlier e
    USING (dataset, vintage, table_id, geo, partner, flow, item, activity, mode, period, base_period, freq, measure, basis,
           price, unit, adjustment, reference)
), rated AS (
    SELECT dataset, vintage, flow, item, measure, unit, count(after - before) AS n,
           avg(after - before ORDER BY geo, partner, period, locator) AS mr,
           avg(abs(after - before) ORDER BY geo, partner, period, locator) AS mar,
           sum(abs(after - before) ORDER BY geo, partner, period, locator)
               / nullif(sum(abs(after) ORDER BY geo, partner, period, locator) FILTER (before IS NOT NULL), 0) AS rmar,
           count(*) FILTER (is_gone OR (after IS NULL AND before IS NOT NULL)) AS gone,
           count(*) FILTER (is_new OR (before IS NULL AND after IS NOT NULL)) AS new,
           count(*) FILTER (after * before < 0) AS flips,
           max({off: abs(after - before), locator: locator, geo: geo, partner: partner, period: period, mult: mult}) AS most,
           min({locator: locator, geo: geo, partner: partner, period: period})
               FILTER (is_gone OR (after IS NULL AND before IS NOT NULL)) AS lost,
           min({locator: locator, geo: geo, partner: partner, period: period}) FILTER (is_new) AS come
    FROM met GROUP BY ALL
), weighed AS (
    -- where all later figures are zero there is no RMAR: all of it is revised away
    SELECT *, CASE WHEN rmar IS NULL AND mar > 0 THEN 1.0 ELSE rmar END AS share, coalesce(lost, come) AS other FROM rated
)
SELECT dataset, vintage, '' AS table_id, CASE WHEN share > 0 THEN most.geo ELSE coalesce(other.geo, '') END AS geo,
       CASE WHEN share > 0 THEN most.partner ELSE coalesce(other.partner, '') END AS partner, flow, item,
       CASE WHEN share > 0 THEN most.period ELSE coalesce(other.period, '') END AS period, measure,
       CASE WHEN share > 0 THEN most.locator ELSE coalesce(other.locator, '') END AS locator,
       CASE WHEN n = 0 AND gone = 0 THEN 'explained' WHEN share > 0 OR gone > 0 THEN 'fail' ELSE 'pass' END AS verdict,
       CASE WHEN n = 0 AND gone = 0 THEN 'only_new' ELSE '' END AS reason,
       CASE WHEN flips > 0 OR share >= $error_from THEN 'error' WHEN share >= $warning_from OR gone > 0 THEN 'warning'
            ELSE 'information' END AS severity,
       tell({says: CASE WHEN n = 0 THEN 'nothing_in_both' ELSE 'revised' END, mr: printf('%.4g', mr / pow(10.0, most.mult)),
             mar: printf('%.4g', mar / pow(10.0, most.mult)), rmar: coalesce(printf('%.3g', 100 * share), '-'), new: new,
             gone: gone, flips: flips}) AS found,
       tell({says: 'little', most: printf('%g', 100 * $warning_from)}) AS expected,
       share AS size
FROM weighed
UNION ALL BY NAME
SELECT dataset, vintage, 'not_judged' AS verdict, 'first_edition' AS reason, '' AS found, 0 AS size
FROM judged WHERE previous = ''
