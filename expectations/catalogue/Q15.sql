-- One row for each item, flow, measure and unit of an edition: how far it revises the edition before (MR, MAR, RMAR; R is
-- the later figure less the earlier). And one for each figure of the edition before: is it still there, with its sign, and
-- near what it was? A large revision of one place is none of the sum.
WITH pairs AS (
    SELECT dataset, vintage, previous FROM judged WHERE previous <> ''
), stated AS NOT MATERIALIZED (
    -- ends of intervals: an unrounded figure is its own, of a figure stated only as a bound one is not known
    SELECT *, CASE WHEN qualifier = '' THEN coalesce(lower, value) ELSE lower END AS lo,
           CASE WHEN qualifier = '' THEN coalesce(upper, value) ELSE upper END AS hi, pow(10.0, unit_mult) AS power
    FROM observations
), later AS (
    SELECT p.dataset, p.vintage, o.* EXCLUDE (dataset, vintage) FROM stated o JOIN pairs p USING (dataset, vintage)
), earlier AS (
    SELECT p.dataset, p.vintage, o.* EXCLUDE (dataset, vintage)
    FROM stated o JOIN pairs p ON o.dataset = p.dataset AND o.vintage = p.previous
), met AS MATERIALIZED (
    SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, unit,
           CAST(l.value AS DOUBLE) * l.power AS after, CAST(e.value AS DOUBLE) * e.power AS before,
           -- the least that they differ by, rounding allowed for
           CASE WHEN l.lo IS NOT NULL AND l.hi IS NOT NULL AND e.lo IS NOT NULL AND e.hi IS NOT NULL
                THEN greatest(0, CAST(l.lo AS DOUBLE) * l.power - CAST(e.hi AS DOUBLE) * e.power,
                              CAST(e.lo AS DOUBLE) * e.power - CAST(l.hi AS DOUBLE) * l.power) END AS gap,
           coalesce(l.locator, e.locator) AS locator, coalesce(l.unit_mult, e.unit_mult) AS mult
    FROM later l FULL JOIN earlier e
    USING (dataset, vintage, table_id, geo, partner, flow, item, activity, mode, period, base_period, freq, measure, basis,
           price, unit, adjustment, reference)
), rated AS (
    SELECT dataset, vintage, flow, item, measure, unit, count(after - before) AS n,
           avg(after - before ORDER BY geo, partner, period, locator) AS mr,
           avg(abs(after - before) ORDER BY geo, partner, period, locator) AS mar,
           sum(abs(after - before) ORDER BY geo, partner, period, locator)
               / nullif(sum(abs(after) ORDER BY geo, partner, period, locator) FILTER (before IS NOT NULL), 0) AS rmar,
           count(*) FILTER (after IS NULL AND before IS NOT NULL) AS gone,
           count(*) FILTER (before IS NULL AND after IS NOT NULL) AS new,
           count(*) FILTER (after * before < 0) AS flips,
           max({off: abs(after - before), locator: locator, geo: geo, partner: partner, period: period, mult: mult})
               FILTER (after - before IS NOT NULL) AS most,  -- unknown is more than any number
           min({locator: locator, geo: geo, partner: partner, period: period}) FILTER (before IS NULL) AS come
    FROM met GROUP BY ALL
), shares AS (
    -- where all later figures are zero there is no RMAR: all of it is revised away
    SELECT *, CASE WHEN rmar IS NULL AND mar > 0 THEN 1.0 ELSE rmar END AS share FROM rated WHERE n > 0 OR gone = 0
), earlier_figures AS (
    -- of an earlier figure of zero all is new
    SELECT *, CASE WHEN gap > 0 THEN coalesce(gap / nullif(abs(before), 0), 1.0) ELSE gap END AS off,
           CASE WHEN after IS NULL THEN 'gone' WHEN after * before < 0 THEN 'turned'
                WHEN measure <> 'value' OR after = before THEN '' WHEN gap IS NULL THEN 'no_interval'
                WHEN off >= $figure_warning_from THEN 'far' ELSE '' END AS kind
    FROM met WHERE before IS NOT NULL
)
SELECT dataset, vintage, '' AS table_id, CASE WHEN share > 0 THEN most.geo ELSE coalesce(come.geo, '') END AS geo,
       CASE WHEN share > 0 THEN most.partner ELSE coalesce(come.partner, '') END AS partner, flow, item,
       CASE WHEN share > 0 THEN most.period ELSE coalesce(come.period, '') END AS period, measure,
       CASE WHEN share > 0 THEN most.locator ELSE coalesce(come.locator, '') END AS locator,
       CASE WHEN n = 0 THEN 'explained' WHEN share >= $warning_from THEN 'fail' WHEN share > 0 THEN 'explained'
            ELSE 'pass' END AS verdict,
       CASE WHEN n = 0 THEN 'only_new' WHEN verdict = 'explained' THEN 'small' ELSE '' END AS reason,
       CASE WHEN share >= $error_from THEN 'error' ELSE '' END AS severity,
       CASE WHEN share > 0 THEN tell({says: 'revised', mr: printf('%.4g', mr / pow(10.0, most.mult)),
             mar: printf('%.4g', mar / pow(10.0, most.mult)), rmar: printf('%.3g', 100 * share), new: new, gone: gone,
             flips: flips}) END AS found,
       CASE WHEN share > 0 THEN tell({says: 'little', most: printf('%g', 100 * $warning_from)}) END AS expected,
       share AS size, '' AS size_unit
FROM shares
UNION ALL BY NAME
SELECT dataset, vintage, 'pass' AS verdict FROM earlier_figures WHERE kind = ''
UNION ALL BY NAME
SELECT dataset, vintage, table_id, geo, partner, flow, item, period, measure, locator,
       CASE WHEN kind = 'no_interval' THEN 'not_judged' ELSE 'fail' END AS verdict,
       CASE WHEN kind = 'no_interval' THEN kind ELSE '' END AS reason,
       CASE WHEN kind = 'turned' OR (kind = 'far' AND off >= $figure_error_from) THEN 'error' ELSE '' END AS severity,
       CASE WHEN kind = 'gone' THEN tell({says: 'gone', before: say(before, mult)})
            WHEN before = 0 OR kind = 'no_interval' THEN tell({says: 'moved', before: say(before, mult), after: say(after, mult)})
            ELSE tell({says: 'moved_by', before: say(before, mult), after: say(after, mult),
                       percent: printf('%+.3g', 100 * (after - before) / abs(before))}) END AS found,
       CASE kind WHEN 'gone' THEN tell({says: 'kept'}) WHEN 'turned' THEN tell({says: 'same_sign'})
            WHEN 'far' THEN tell({says: 'near', most: printf('%g', 100 * $figure_warning_from)}) END AS expected,
       CASE WHEN kind = 'gone' THEN 1 ELSE off END AS size, 'earlier' AS size_unit
FROM earlier_figures WHERE kind <> ''
UNION ALL BY NAME
SELECT dataset, vintage, 'not_judged' AS verdict, 'first_edition' AS reason, 0 AS size
FROM judged WHERE previous = ''
