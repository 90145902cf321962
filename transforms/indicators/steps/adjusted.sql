-- 14. After adjusted.py: the adjusted series with what is known of the levels under them, and one row, at the last period, for a
-- series that is refused. A month's level moves the adjusted values of all months, so one contested level contests all;
-- inputs and statuses are those of the period itself, the note says over which span.
CREATE OR REPLACE TEMP TABLE adjusted_series AS
WITH results AS (
    SELECT series, place, value, method, refusal FROM adjusted_points
    UNION ALL
    SELECT series, last_place, NULL, '', refusal FROM adjustable WHERE refusal <> ''
)
SELECT r.series, r.place, d.definition, d.geo, d.partner, d.flow, d.item, d.period, d.freq, d.basis, 'S' AS adjustment,
       d.unit, d.dataset, d.vintage, d.mult, r.value, r.method, r.refusal,
       CASE WHEN r.refusal = '' THEN d.statuses | status_bit('E') ELSE a.statuses END AS statuses,
       CASE WHEN r.refusal = '' THEN 1 ELSE a.n / (a.last_place - a.first_place + 1) END AS coverage, a.contested,
       CASE WHEN r.refusal <> '' THEN r.refusal
            WHEN d.freq = 'M' THEN 'adjusted over ' || a.first_period || '/' || a.last_period
                || '; holidays that move, such as the Chinese New Year, are not modelled'
            ELSE 'adjusted over ' || a.first_period || '/' || a.last_period END AS note,
       CASE WHEN r.refusal = '' THEN d.inputs ELSE a.inputs END AS inputs
FROM results r JOIN adjustable a USING (series) JOIN dated d USING (series, place);

-- Each period of an adjusted series, ours or as published, beside the period before it.
CREATE OR REPLACE TEMP TABLE adjusted_changes AS
WITH lined AS (
    SELECT *, value AS point, CAST(NULL AS DOUBLE) AS lo, CAST(NULL AS DOUBLE) AS hi, 0 AS n_breaks FROM adjusted_series
    UNION ALL BY NAME
    SELECT series, place, definition, geo, partner, flow, item, period, freq, basis, adjustment, unit, dataset, vintage,
           CAST(point AS DOUBLE) AS point, CAST(not_below_zero(lo) AS DOUBLE) AS lo, CAST(hi AS DOUBLE) AS hi,
           'published' AS method, '' AS refusal, statuses, coverage, contested, '' AS note, inputs, n_breaks
    FROM dated WHERE adjustment IN ('S', 'Y') AND freq IN ('Q', 'M')
)
SELECT l.definition, l.geo, l.partner, l.flow, l.item, l.period, coalesce(e.period, '') AS base_period, l.freq, l.basis,
       l.adjustment, l.unit AS currency, l.dataset, l.vintage, l.method,
       CASE WHEN l.refusal <> '' THEN '' WHEN coalesce(e.point, e.hi) <= 0 THEN 'the earlier level is not above zero'
            WHEN coalesce(l.point, l.hi) < 0 THEN 'the later level is negative' ELSE '' END AS refusal,
       l.point AS p1, l.lo AS lo1, l.hi AS hi1, e.point AS p0, e.lo AS lo0, e.hi AS hi0,
       CASE WHEN e.series IS NULL THEN l.statuses ELSE l.statuses | e.statuses END AS statuses,
       CASE WHEN e.series IS NULL THEN l.coverage ELSE (l.coverage + e.coverage) / 2 END AS coverage,
       l.contested OR coalesce(e.contested, false) AS contested,
       CASE WHEN l.n_breaks > e.n_breaks THEN 'across_breaks' ELSE '' END AS asked,
       concat_ws('; ', nullif(l.note, ''), CASE WHEN l.n_breaks > e.n_breaks THEN 'the series is broken in between' END) AS note,
       list_concat(l.inputs, e.inputs) AS inputs
FROM lined l LEFT JOIN lined e ON e.series = l.series AND e.place = l.place - 1
WHERE l.refusal <> '' OR e.series IS NOT NULL;
