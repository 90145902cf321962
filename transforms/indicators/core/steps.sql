-- What the SELECTs of the indicators read, over the levels of the core set. Nothing is traced to single cells here. What
-- the form says (frequency, basis, adjustment, currency) comes back when the result is read: here its number stands for
-- the basis.
CREATE OR REPLACE TEMP MACRO definition_of(item) AS (CASE WHEN starts_with(item, 'DEF:') THEN substr(item, 5) ELSE '' END);
CREATE OR REPLACE TEMP TABLE said AS
SELECT '' AS dataset, '' AS vintage, '' AS ref_dataset, '' AS ref_vintage, 'W' AS partner, '' AS freq, '' AS adjustment,
       '' AS unit, '' AS currency, 0 AS mult, CAST([] AS VARCHAR[]) AS inputs;

CREATE OR REPLACE TEMP VIEW pairs AS
WITH sides AS (
    SELECT x.geo, x.item, x.period, x.form AS basis, x.p AS x, m.p AS m, x.p_lo AS x_lo, m.p_lo AS m_lo, x.p_hi AS x_hi,
           m.p_hi AS m_hi, x.statuses | m.statuses AS statuses, (x.coverage + m.coverage) / 2 AS coverage,
           x.contested OR m.contested AS contested
    FROM (FROM core_measured WHERE flow = 'X') x
    JOIN (FROM core_measured WHERE flow = 'M') m USING (geo, item, period, form)
)
SELECT *, definition_of(item) AS definition, not_below_zero(x_lo) AS x_from, not_below_zero(m_lo) AS m_from,
       CASE WHEN coalesce(x, x_hi) < 0 OR coalesce(m, m_hi) < 0 THEN 'a flow is negative'
            WHEN x = 0 AND m = 0 THEN 'exports and imports are both zero' ELSE '' END AS refusal,
       refusal AS note
FROM sides, said;

-- The same period of the year before.
CREATE OR REPLACE TEMP TABLE years_before AS
WITH periods AS (
    SELECT DISTINCT period, form, CAST(period AS VARCHAR) AS text FROM core_measured JOIN forms USING (form)
    WHERE freq IN ('A', 'Q', 'M')
)
SELECT form, period, TRY_CAST(printf('%04d%s', CAST(substr(text, 1, 4) AS INTEGER) - 1, substr(text, 5)) AS a_period)
           AS base_period
FROM periods
WHERE text <> '' AND NOT starts_with(text, '..') AND NOT contains(text, '/');
CREATE OR REPLACE TEMP VIEW changes AS
WITH ends AS (
    SELECT l.*, y.base_period, e.p AS p0, e.p_lo AS lo0, e.p_hi AS hi0, e.statuses AS statuses0, e.coverage AS coverage0,
           e.contested AS contested0
    FROM core_measured l
    JOIN years_before y USING (period, form)
    JOIN core_measured e ON e.geo = l.geo AND e.flow = l.flow AND e.item = l.item AND e.form = l.form
                        AND e.period = y.base_period
), judged AS (
    SELECT *,
           CASE WHEN coalesce(p0, hi0) <= 0 THEN 'the earlier level is not above zero'
                WHEN coalesce(p, p_hi) < 0 THEN 'the later level is negative' ELSE '' END AS refusal,
           CASE WHEN (statuses & getvariable('law').broken) <> 0 THEN 'the series is broken in between'
                WHEN (xor(statuses, statuses0) & status_bit('D')) <> 0
                THEN 'one of the two levels stands under another definition' ELSE '' END AS obstacle
    FROM ends
)
SELECT said.*, geo, flow, item, period, base_period, form AS basis, definition_of(item) AS definition, refusal, obstacle,
       CASE WHEN obstacle <> '' THEN 'across_breaks' ELSE '' END AS asked, true AS is_year_on_year,
       concat_ws('; ', nullif(refusal, ''), nullif(obstacle, '')) AS note,
       CASE WHEN refusal = '' THEN p END AS p1, CASE WHEN refusal = '' THEN not_below_zero(p_lo) END AS lo1,
       CASE WHEN refusal = '' THEN p_hi END AS hi1, p0, not_below_zero(lo0) AS lo0, hi0, statuses | statuses0 AS statuses,
       (coverage + coverage0) / 2 AS coverage, contested OR contested0 AS contested
FROM judged, said;

-- An item in all services of the economy (SERVICES), kept because comparative advantage reads it twice, and the economy in
-- the world (WORLD).
CREATE OR REPLACE TEMP TABLE core_shares_of_services AS
SELECT n.geo, n.flow, n.item, n.period, n.form, n.method, n.p AS n, n.p_lo AS n_lo, n.p_hi AS n_hi, n.statuses,
       n.coverage, n.contested, d.p AS d, d.p_lo AS d_lo, d.p_hi AS d_hi, d.statuses AS d_statuses,
       d.coverage AS d_coverage, d.contested AS d_contested
FROM core_measured n
JOIN (FROM core_measured WHERE item = 'EBOPS2010:S') d USING (geo, flow, period, form)
WHERE n.item <> 'EBOPS2010:S';

CREATE OR REPLACE TEMP VIEW core_shares AS
SELECT *, CAST('SERVICES' AS a_reference) AS reference, CAST('EBOPS2010:S' AS an_item) AS reference_item
FROM core_shares_of_services
UNION ALL
SELECT n.geo, n.flow, n.item, n.period, n.form, n.method, n.p, n.p_lo, n.p_hi, n.statuses, n.coverage, n.contested,
       d.p, d.p_lo, d.p_hi, d.statuses, d.coverage, d.contested, CAST('WORLD' AS a_reference), d.item
FROM core_measured n
JOIN (FROM core_measured WHERE geo = 'W') d USING (item, flow, period, form)
WHERE n.geo <> 'W';

CREATE OR REPLACE TEMP VIEW shares AS
WITH judged AS (
    SELECT *, CASE WHEN coalesce(n, n_hi) < 0 OR coalesce(d, d_hi) < 0 THEN 'a figure is negative'
                   WHEN coalesce(d, d_hi) = 0 THEN 'the denominator is zero' ELSE '' END AS refusal
    FROM core_shares
)
SELECT said.*, geo, flow, item, period, form AS basis, reference, reference_item, '' AS reference_definition,
       false AS is_within, definition_of(item) AS own_definition, method, refusal AS note,
       CASE WHEN refusal = '' THEN n / nullif(d, 0) * 100 END AS value,
       CASE WHEN refusal = '' THEN not_below_zero(n_lo) / nullif(d_hi, 0) * 100 END AS lower,
       CASE WHEN refusal = '' AND d_lo > 0 THEN n_hi / d_lo * 100 END AS upper,
       statuses | d_statuses AS statuses, least(coverage, d_coverage) AS coverage, contested OR d_contested AS contested
FROM judged, said;

-- Comparative advantage within services: the item in the services exports of the economy, against the same of the world.
CREATE OR REPLACE TEMP VIEW specialisations AS
WITH own AS (
    FROM core_shares_of_services WHERE flow = 'X'
), judged AS (
    SELECT o.*, w.n AS i, w.d AS w, w.n_lo AS i_lo, w.n_hi AS i_hi, w.d_lo AS w_lo, w.d_hi AS w_hi,
           w.statuses | w.d_statuses AS w_statuses, w.coverage + w.d_coverage AS w_coverage,
           w.contested OR w.d_contested AS w_contested,
           CASE WHEN least(coalesce(o.n, o.n_hi), coalesce(o.d, o.d_hi), coalesce(w.n, w.n_hi), coalesce(w.d, w.d_hi)) < 0
                THEN 'a figure is negative'
                WHEN least(coalesce(o.d, o.d_hi), coalesce(w.n, w.n_hi), coalesce(w.d, w.d_hi)) = 0
                THEN 'the denominator is zero' ELSE '' END AS refusal
    FROM own o JOIN (FROM own WHERE geo = 'W') w USING (item, period, form)
    WHERE o.geo <> 'W'
), divided AS (
    SELECT *, CASE WHEN refusal = '' THEN n / nullif(d, 0) * (w / nullif(i, 0)) END AS quotient,
           CASE WHEN refusal = '' THEN not_below_zero(n_lo) / nullif(d_hi, 0) * (not_below_zero(w_lo) / nullif(i_hi, 0))
                END AS ratio_lower,
           CASE WHEN refusal <> '' THEN NULL
                WHEN n_hi = 0 THEN 0
                ELSE n_hi / nullif(not_below_zero(d_lo), 0) * (w_hi / nullif(not_below_zero(i_lo), 0)) END AS ratio_upper
    FROM judged
)
SELECT said.*, geo, flow, item, period, form AS basis, definition_of(item) AS definition,
       CAST('RCA_SERVICES' AS a_reference) AS reference,
       CASE WHEN quotient < ratio_lower THEN ratio_lower WHEN quotient > ratio_upper THEN ratio_upper
            ELSE quotient END AS ratio,
       ratio_lower, ratio_upper,
       statuses | d_statuses | w_statuses AS statuses, (coverage + d_coverage + w_coverage) / 4 AS coverage, method,
       contested OR d_contested OR w_contested AS contested, '' AS asked, refusal AS note
FROM divided, said;

-- How the services of an economy are divided among the main items, the trade of all in an item among the economies, and
-- the trade of an economy in an item among the partners listed.
CREATE OR REPLACE TEMP TABLE core_mixes AS
WITH main_items AS (
    SELECT code, TRY_CAST(code AS an_item) AS item, code <> 'EBOPS2010:SN' AS is_required
    FROM items WHERE tree = 'standard' AND parent = 'EBOPS2010:S'
), members AS (
    SELECT CAST('' AS a_reference) AS reference, TRY_CAST('EBOPS2010:S' AS an_item) AS whole, geo, flow, period, form, p,
           point, statuses, contested, (SELECT count(*) FROM main_items WHERE is_required) AS n_required
    FROM core_measured JOIN main_items USING (item)
    WHERE is_required OR p IS NOT NULL
    UNION ALL
    SELECT CAST('ECONOMIES_LISTED' AS a_reference), item, CAST('W' AS a_geo), flow, period, form, p, point, statuses,
           contested, 0
    FROM core_measured SEMI JOIN economies USING (geo)
), totals AS (
    SELECT reference, whole, geo, flow, period, form, greatest(count(*), max(n_required)) AS n_members,
           count(p) AS n_valued, CAST(sum(point) AS DOUBLE) AS total, coalesce(min(p) < 0, false) AS has_negative,
           bit_or(statuses) AS statuses, bool_or(contested) AS contested
    FROM members
    GROUP BY ALL
), squared AS (
    -- squares of multiples of the whole: exact sums, with the same digits in every unit
    SELECT reference, whole, geo, flow, period, form,
           CAST(sum(CAST(pow(p / nullif(total, 0), 2) AS DECIMAL(18, 17))) AS DOUBLE) AS concentration
    FROM members
    JOIN (FROM totals WHERE NOT has_negative AND n_valued = n_members) USING (reference, whole, geo, flow, period, form)
    GROUP BY ALL
)
SELECT reference, whole AS item, geo, flow, period, form, n_members, n_valued, has_negative, total = 0 AS is_zero,
       concentration, statuses, contested
FROM totals LEFT JOIN squared USING (reference, whole, geo, flow, period, form)
UNION ALL
SELECT CAST('PARTNERS_LISTED' AS a_reference), item, geo, flow, period, form, n,
       CASE WHEN is_whole THEN n ELSE n_valued END, has_negative, total = 0,
       squares / nullif(pow(CAST(total AS DOUBLE), 2), 0), statuses, has_repeats
FROM summed
WHERE NOT is_world AND n > 1;

CREATE OR REPLACE TEMP VIEW mixes AS
WITH judged AS (
    SELECT *, CASE WHEN has_negative THEN 'a figure is negative' WHEN is_zero THEN 'the denominator is zero'
                   ELSE '' END AS refusal
    FROM core_mixes
)
SELECT *, form AS basis, '' AS definition, refusal AS note, n_valued / n_members AS coverage,
       CAST(NULL AS DOUBLE) AS hhi_least, CAST(NULL AS DOUBLE) AS hhi_most,
       CASE WHEN refusal = '' AND n_valued = n_members AND NOT contested THEN concentration END AS hhi
FROM judged, said;
