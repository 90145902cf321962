-- 9d. Ranks among peers: places of one level within one edition by their amounts (level) or by the share of the item in all
--     services (share), main items of one place (part). Economies are ranked together, other places within their nation;
--     groups and the world are ranked with nobody. A peer that the edition lists in another period only may be anywhere.
CREATE OR REPLACE TEMP TABLE rankable AS
WITH levels_of_peers AS (
    SELECT code AS geo, CASE WHEN type IN ('country', 'territory', 'economy', 'former') THEN 'economy' ELSE type END AS peers,
           CASE WHEN peers = 'economy' THEN '' ELSE nation END AS peers_of, type = 'former' AS is_former
    FROM geographies
    WHERE type NOT IN ('world', 'group')
), listed AS (
    SELECT 'level' AS kind, peers, peers_of, is_former, m.geo AS member, m.geo, definition, dataset, vintage, partner, flow,
           item, period, freq, basis, adjustment, unit AS currency, mult, point, lo, hi, statuses, contested, note, inputs
    FROM measured m JOIN levels_of_peers USING (geo)
    WHERE measure = 'value' AND flow IN ('X', 'M', 'T') AND partner = 'W' AND price = 'current'
    UNION ALL
    SELECT 'share', peers, peers_of, is_former, geo, geo, own_definition, dataset, vintage, partner, flow,
           item, period, freq, basis, adjustment, currency, 0, CAST(value AS DECIMAL(38, 10)), rounded_down(lower),
           rounded_up(upper), statuses, contested, note, inputs
    FROM shares JOIN levels_of_peers USING (geo)
    WHERE reference = 'SERVICES' AND partner = 'W' AND (starts_with(item, 'EBOPS2010:S') OR starts_with(item, 'DEF:'))
    UNION ALL
    SELECT 'part', '', geo, false, part, geo, '', dataset, vintage, partner, flow, '', period, freq, basis, adjustment, unit,
           mult, point, lo, hi, statuses, contested, '', inputs
    FROM compositions
    WHERE whole = 'EBOPS2010:S' AND partner = 'W' AND price = 'current'
), aligned AS (
    SELECT *, CAST(pow(10, mult - min(mult) OVER series) AS DECIMAL(19, 0)) AS factor
    FROM listed
    -- what cannot exist has no rank
    WHERE point IS NOT NULL OR (statuses & getvariable('law').empty) = 0
    WINDOW series AS (PARTITION BY kind, peers, peers_of, dataset, vintage, partner, flow, item, freq, basis, adjustment, currency)
)
SELECT * EXCLUDE (factor, mult, point, lo, hi), CAST(point * factor AS DECIMAL(38, 10)) AS amount,
       CAST(lo * factor AS DECIMAL(38, 10)) AS low, CAST(hi * factor AS DECIMAL(38, 10)) AS high
FROM aligned;

-- Counted in one pass along the amounts: how many are surely larger than a member (their low above its high), how many may
-- be (their high above its low; an open end is beyond all). Equal ends are neither.
CREATE OR REPLACE TEMP TABLE rank_ranges AS
WITH ends AS (
    SELECT kind, peers, peers_of, dataset, vintage, partner, flow, item, freq, basis, adjustment, currency,
           period, member, low, high, 'low' AS what, CASE WHEN low IS NULL THEN 2 ELSE 1 END AS place, low AS amount
    FROM rankable
    UNION ALL
    SELECT kind, peers, peers_of, dataset, vintage, partner, flow, item, freq, basis, adjustment, currency,
           period, member, low, high, 'high', CASE WHEN high IS NULL THEN 0 ELSE 1 END, high
    FROM rankable
), counted AS (
    SELECT *,
           count(*) FILTER (WHERE what = 'low' AND place = 1) OVER (
               PARTITION BY kind, peers, peers_of, dataset, vintage, partner, flow, item, freq, basis, adjustment, currency,
                            period
               ORDER BY place, amount DESC, CASE what WHEN 'high' THEN 0 ELSE 1 END ROWS UNBOUNDED PRECEDING) AS lows_above,
           count(*) FILTER (WHERE what = 'high') OVER (
               PARTITION BY kind, peers, peers_of, dataset, vintage, partner, flow, item, freq, basis, adjustment, currency,
                            period
               ORDER BY place, amount DESC, CASE what WHEN 'low' THEN 0 ELSE 1 END ROWS UNBOUNDED PRECEDING) AS highs_above
    FROM ends
)
SELECT kind, peers, peers_of, dataset, vintage, partner, flow, item, freq, basis, adjustment, currency, period, member,
       max(lows_above) FILTER (WHERE what = 'high') AS surely_above,
       max(highs_above) FILTER (WHERE what = 'low') - CASE WHEN bool_or(low < high OR low IS NULL OR high IS NULL) THEN 1 ELSE 0 END
           AS maybe_above
FROM counted
GROUP BY ALL;

CREATE OR REPLACE TEMP TABLE ranks AS
WITH series AS (
    SELECT kind, peers, peers_of, dataset, vintage, partner, flow, item, freq, basis, adjustment, currency,
           count(DISTINCT member) FILTER (WHERE NOT is_former) AS n_series
    FROM rankable
    GROUP BY ALL
), placed AS (
    SELECT r.*, count(*) OVER peers + CASE WHEN kind = 'part' THEN 0
                                           ELSE n_series - count(*) FILTER (WHERE NOT is_former) OVER peers END AS n_members,
           count(*) OVER peers AS n_listed, count(amount) OVER peers AS n_valued,
           -- one without a value that is surely larger counts
           rank() OVER (peers ORDER BY coalesce(amount, low) DESC NULLS LAST) AS place,
           lag(statuses) OVER near AS statuses_above, lag(inputs) OVER near AS inputs_above,
           lead(CASE WHEN amount IS NOT NULL THEN statuses END) OVER near AS statuses_below,
           lead(CASE WHEN amount IS NOT NULL THEN inputs END) OVER near AS inputs_below
    FROM rankable r
    JOIN series USING (kind, peers, peers_of, dataset, vintage, partner, flow, item, freq, basis, adjustment, currency)
    WINDOW peers AS (PARTITION BY kind, peers, peers_of, dataset, vintage, partner, flow, item, freq, basis, adjustment, currency,
                                  period),
           near AS (PARTITION BY kind, peers, peers_of, dataset, vintage, partner, flow, item, freq, basis, adjustment, currency,
                                 period ORDER BY amount DESC NULLS LAST, member)
)
-- a rank rests on all peers; the cells named are its own and those next to it, which fix its place
SELECT kind, CASE kind WHEN 'level' THEN 'PEERS_LISTED' WHEN 'share' THEN 'SERVICES' ELSE 'SERVICES_CATEGORIES' END AS reference,
       definition, geo, partner, flow, CASE kind WHEN 'part' THEN member ELSE item END AS item, period, freq, basis,
       adjustment, currency, dataset, vintage, CASE WHEN amount IS NOT NULL THEN place END AS place,
       CASE WHEN kind <> 'share' OR coalesce(low, high) IS NOT NULL THEN 1 + surely_above END AS place_least,
       CASE WHEN kind <> 'share' OR coalesce(low, high) IS NOT NULL THEN 1 + maybe_above + n_members - n_listed END AS place_most,
       CASE WHEN amount IS NULL THEN statuses
            ELSE statuses | CASE WHEN statuses_above IS NULL THEN 0 ELSE statuses_above END
                 | CASE WHEN statuses_below IS NULL THEN 0 ELSE statuses_below END END AS statuses,
       n_valued / n_members AS coverage, contested,
       CASE WHEN n_valued / n_members < 0.5 AND amount IS NOT NULL THEN 'incomplete' ELSE '' END AS asked,
       concat_ws('; ', nullif(note, ''), concat('among ', n_members, CASE kind WHEN 'part' THEN ' items' ELSE ' listed' END),
                 CASE WHEN n_valued / n_members < 0.5 AND amount IS NOT NULL
                      THEN 'fewer than half of them have a value' END) AS note,
       CASE WHEN amount IS NULL THEN inputs ELSE list_concat(inputs, inputs_above, inputs_below) END AS inputs
FROM placed
JOIN rank_ranges USING (kind, peers, peers_of, dataset, vintage, partner, flow, item, freq, basis, adjustment, currency, period, member)
WHERE n_members > 1 AND n_valued > 0 AND len(inputs) > 0;
