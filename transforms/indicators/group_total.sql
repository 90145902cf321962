-- Sum over the members of a group on the last day of the period. With members missing: given and flagged where they weighed
-- little when they last reported, else on request (incomplete); the members at hand are its lower end.
SELECT definition, group_code AS geo, 'MEMBERS' AS reference, partner, flow, item, period, '' AS base_period, freq, basis,
       adjustment, unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       point AS value, lo AS lower, hi AS upper, mult AS unit_mult,
       CASE WHEN n_known = n_members THEN statuses
            ELSE statuses | (SELECT max(s.bit) FROM obs_status s WHERE s.code = 'E') END AS statuses,
       coverage, 'sum_of_members' AS method, contested,
       CASE WHEN n_known < n_members AND coverage < 0.95 THEN 'incomplete' ELSE '' END AS asked,
       CASE WHEN n_known < n_members
            THEN concat('only ', n_known, ' of ', n_members, ' members have a value, missing: ', lost) ELSE '' END AS note,
       inputs
FROM group_sums
