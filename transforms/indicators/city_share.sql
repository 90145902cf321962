-- Share of a province, city, district or zone in its nation. Numerator and denominator belong to one source family,
-- item and basis; where only another family has the nation the value is given on request (mixed_sources, status D).
WITH places AS (
    SELECT m.*, g.nation, c.source_family AS family, c.population
    FROM measured m
    JOIN geographies g ON g.code = m.geo AND g.type IN ('province', 'city', 'district', 'zone')
    JOIN cards c ON c.dataset = m.dataset AND c.vintage = m.vintage
    WHERE m.flow IN ('X', 'M', 'T') AND m.measure = 'value' AND m.is_whole
), nations AS (
    SELECT m.*, c.source_family AS family, c.population, c.title_en
    FROM measured m JOIN cards c ON c.dataset = m.dataset AND c.vintage = m.vintage
    WHERE m.is_whole
), candidates AS (
    SELECT p.definition, p.geo, p.partner, p.flow, p.item, p.period, p.freq, p.basis, p.adjustment, p.unit, p.dataset,
           p.vintage, n.basis AS ref_basis, p.point, p.lo_cut, p.hi, p.coverage, p.contested, p.inputs, n.dataset AS ref_dataset,
           n.vintage AS ref_vintage, n.item AS ref_item, n.point AS n_point, n.lo_cut AS n_lo, n.hi AS n_hi,
           p.statuses | n.statuses AS statuses, n.contested AS n_contested, n.inputs AS n_inputs,
           n.coverage AS n_coverage, 100 * pow(10e0, p.mult - n.mult) AS scale,
           concat_ws('; ', CASE WHEN p.dataset <> n.dataset AND (p.family <> n.family OR p.family = '')
                                THEN concat('the nation (', n.item, ') comes from another source family: ', n.title_en) END,
                     CASE WHEN p.item <> n.item
                          THEN concat('the nation (', n.item, ') stands under another definition') END,
                     CASE WHEN p.population <> n.population
                          THEN concat('the nation (', n.item, ') covers another population: ', n.population) END,
                     CASE WHEN p.basis <> n.basis
                          THEN concat('the nation (', n.item, ') is on another basis: ', n.basis) END) AS obstacles,
           CASE WHEN p.point < 0 OR (p.point IS NULL AND p.hi < 0) OR n.point < 0 OR (n.point IS NULL AND n.hi < 0)
                THEN 'a figure is negative'
                WHEN p.has_negative OR n.has_negative THEN 'an item of the sum is negative'
                WHEN n.point = 0 OR (n.point IS NULL AND n.hi = 0) THEN 'the denominator is zero' ELSE '' END AS refusal
    FROM places p
    JOIN nations n ON n.geo = p.nation AND n.geo <> p.geo
     AND (n.item = p.item OR (n.item LIKE 'DEF:%' AND p.item LIKE 'DEF:%'))
     AND n.partner = p.partner AND n.flow = p.flow AND n.measure = p.measure AND n.period = p.period
     AND n.price = p.price AND n.unit = p.unit AND n.adjustment = p.adjustment
), chosen AS (
    SELECT *
    FROM candidates
    QUALIFY row_number() OVER (
        PARTITION BY dataset, vintage, geo, partner, flow, item, period, basis, unit, adjustment
        -- of several bases of the nation the same one in every period: its own, else published
        ORDER BY CASE WHEN obstacles = '' THEN 0 ELSE 1 END,
                 CASE WHEN ref_basis = basis THEN '' WHEN ref_basis = 'published' THEN ' ' ELSE ref_basis END,
                 CASE WHEN n_point IS NULL THEN 1 ELSE 0 END, CASE WHEN item = ref_item THEN 0 ELSE 1 END,
                 CASE WHEN ref_dataset = dataset AND ref_vintage = vintage THEN 0 ELSE 1 END, ref_dataset,
                 ref_vintage DESC) = 1
)
SELECT definition, geo, 'NATION' AS reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'PERCENT' AS unit, unit AS currency, dataset, vintage, ref_dataset, ref_vintage,
       CASE WHEN refusal = '' THEN point / nullif(CAST(n_point AS DOUBLE), 0) * scale END AS value,
       CASE WHEN refusal = '' THEN lo_cut / nullif(CAST(n_hi AS DOUBLE), 0) * scale END AS lower,
       CASE WHEN refusal = '' THEN hi / nullif(CAST(n_lo AS DOUBLE), 0) * scale END AS upper,
       0 AS unit_mult, statuses,(coverage + n_coverage) / 2 AS coverage,
       CASE WHEN obstacles = '' THEN '' ELSE 'mixed_sources' END AS method, contested OR n_contested AS contested,
       CASE WHEN obstacles = '' THEN '' ELSE 'mixed_sources' END AS asked,
       concat_ws('; ', nullif(refusal, ''), nullif(obstacles, '')) AS note, inputs || n_inputs AS inputs
FROM chosen
