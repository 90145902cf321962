-- Growth of a group on the year before over the members that have a value in both periods: the same members on both sides,
-- so that nobody's joining, leaving or not reporting moves it. coverage: what these members weighed in the earlier period.
WITH members AS (
    SELECT group_code, dataset, vintage, partner, flow, item, period, freq, basis, unit, adjustment, member, point, lo, hi,
           statuses, contested, inputs, definition, lost_share,
           CASE WHEN freq = 'A' THEN concat(CAST(CAST(substr(period, 1, 4) AS INTEGER) + 1 AS VARCHAR))
                ELSE concat(CAST(CAST(substr(period, 1, 4) AS INTEGER) + 1 AS VARCHAR), substr(period, 5)) END AS next_period
    FROM group_panels
), both_periods AS (
    SELECT l.group_code, l.dataset, l.vintage, l.partner, l.flow, l.item, l.period, l.freq, l.basis, l.unit, l.adjustment,
           max(e.period) AS base_period, max(l.definition) AS definition,
           count(*) AS n_members, count(l.point + e.point) AS n_known,
           sum(CASE WHEN e.point IS NOT NULL THEN l.point END) AS p1, sum(CASE WHEN l.point IS NOT NULL THEN e.point END) AS p0,
           sum(CASE WHEN e.point IS NOT NULL THEN l.lo END) AS lo1, sum(CASE WHEN l.point IS NOT NULL THEN e.lo END) AS lo0,
           sum(CASE WHEN e.point IS NOT NULL THEN l.hi END) AS hi1, sum(CASE WHEN l.point IS NOT NULL THEN e.hi END) AS hi0,
           sum(e.point) AS all0,
           CAST(sum(CAST(CASE WHEN e.point IS NULL THEN e.lost_share ELSE 0 END AS DECIMAL(38, 15))) AS DOUBLE) AS lost,
           count(CASE WHEN e.point IS NULL AND e.lost_share IS NULL THEN 1 END) AS n_unknown, bit_or(CASE WHEN l.point IS NOT NULL AND e.point IS NOT NULL
                                             THEN l.statuses | e.statuses ELSE 0 END) AS statuses,
           bool_or((l.statuses & k.broken) <> 0) AS is_broken, bool_or(l.contested OR e.contested) AS contested,
           flatten(list(l.inputs) FILTER (WHERE l.inputs IS NOT NULL)) AS l_inputs,
           flatten(list(e.inputs) FILTER (WHERE e.inputs IS NOT NULL)) AS e_inputs
    FROM members l
    JOIN members e ON e.next_period = l.period AND e.group_code = l.group_code AND e.dataset = l.dataset
     AND e.vintage = l.vintage AND e.partner = l.partner AND e.flow = l.flow AND e.item = l.item AND e.freq = l.freq
     AND e.basis = l.basis AND e.unit = l.unit AND e.adjustment = l.adjustment AND e.member = l.member
    CROSS JOIN (SELECT max(bit) AS broken FROM obs_status WHERE effect = 'break') k
    GROUP BY l.group_code, l.dataset, l.vintage, l.partner, l.flow, l.item, l.period, l.freq, l.basis, l.unit, l.adjustment
    HAVING count(l.inputs) + count(e.inputs) > 0  -- who is listed may have left the group since
), judged AS (
    SELECT *, CASE WHEN n_unknown > 0 OR all0 <= 0 OR all0 IS NULL OR p0 IS NULL THEN n_known / CAST(n_members AS DOUBLE)
                   ELSE p0 / CAST(all0 AS DOUBLE) * (1 - lost) END AS coverage,
           CASE WHEN p0 <= 0 OR p0 IS NULL THEN 'the earlier level is not above zero'
                WHEN p1 < 0 THEN 'the later level is negative' ELSE '' END AS refusal
    FROM both_periods
)
SELECT definition, group_code AS geo, 'MEMBERS' AS reference, partner, flow, item, period, base_period, freq, basis,
       adjustment, 'PERCENT' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN (p1 / nullif(CAST(p0 AS DOUBLE), 0) - 1) * 100 END AS value,
       CASE WHEN refusal = '' AND n_known = n_members
            THEN (CASE WHEN lo1 < 0 THEN 0 ELSE lo1 END / nullif(CAST(hi0 AS DOUBLE), 0) - 1) * 100 END AS lower,
       CASE WHEN refusal = '' AND n_known = n_members AND lo0 > 0
            THEN (hi1 / nullif(CAST(lo0 AS DOUBLE), 0) - 1) * 100 END AS upper,
       0 AS unit_mult,
       CASE WHEN n_known = n_members THEN statuses
            ELSE statuses | (SELECT max(s.bit) FROM obs_status s WHERE s.code = 'E') END AS statuses,
       coverage, 'same_members' AS method, contested,
       CASE WHEN is_broken THEN 'across_breaks' WHEN n_known < n_members AND coverage < 0.95 THEN 'incomplete'
            ELSE '' END AS asked,
       concat_ws('; ', nullif(refusal, ''), CASE WHEN is_broken THEN 'the series of a member is broken in between' END, CASE WHEN n_known < n_members
            THEN concat('over ', n_known, ' of ', n_members, ' members that have a value in both periods') END) AS note,
       CASE WHEN l_inputs IS NULL THEN e_inputs WHEN e_inputs IS NULL THEN l_inputs ELSE l_inputs || e_inputs END AS inputs
FROM judged
