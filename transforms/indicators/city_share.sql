-- Share of a province, city, district or zone in its nation. Numerator and denominator belong to one source family;
-- where only another family has the nation there is no value (status O), unless mixed sources are asked for: then a
-- value with status D. The variable mixed_sources is set by the caller.
WITH places AS (
    SELECT m.*, g.nation, c.source_family AS family
    FROM measured m
    JOIN geographies g ON g.code = m.geo AND g.type IN ('province', 'city', 'district', 'zone')
    JOIN cards c USING (dataset, vintage)
    WHERE m.flow IN ('X', 'M', 'T') AND m.measure = 'value' AND m.coverage = 1 AND m.lo >= 0
), nations AS (
    SELECT m.*, c.source_family AS family, c.title_en
    FROM measured m JOIN cards c USING (dataset, vintage)
    WHERE m.coverage = 1 AND m.lo >= 0 AND m.hi > 0
), candidates AS (
    SELECT p.*, n.dataset AS ref_dataset, n.vintage AS ref_vintage, n.item AS ref_item, n.point AS n_point,
           n.lo AS n_lo, n.hi AS n_hi, n.mult AS n_mult, n.obs_status AS n_status, n.contested AS n_contested,
           n.inputs AS n_inputs, n.title_en AS ref_title, p.family = n.family AND p.item = n.item AS same_family
    FROM places p
    JOIN nations n ON n.geo = p.nation AND n.geo <> p.geo
     AND (n.item = p.item OR (starts_with(n.item, 'DEF:') AND starts_with(p.item, 'DEF:')))
     AND (n.partner, n.flow, n.measure, n.period, n.price, n.unit, n.adjustment)
       = (p.partner, p.flow, p.measure, p.period, p.price, p.unit, p.adjustment)
), chosen AS (
    SELECT * FROM candidates
    QUALIFY row_number() OVER (
        PARTITION BY dataset, vintage, geo, partner, flow, item, period, basis, unit, adjustment
        ORDER BY same_family DESC, n_point IS NULL, item = ref_item DESC, ref_dataset, ref_vintage DESC) = 1
)
SELECT definition, geo, 'NATION' AS reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'PERCENT' AS unit, unit AS currency, dataset, vintage, ref_dataset, ref_vintage,
       CASE WHEN same_family OR getvariable('mixed_sources')
            THEN point / nullif(CAST(n_point AS DOUBLE), 0) * 100 * pow(10.0, mult - n_mult) END AS value,
       CASE WHEN same_family OR getvariable('mixed_sources')
            THEN lo / nullif(CAST(n_hi AS DOUBLE), 0) * 100 * pow(10.0, mult - n_mult) END AS lower,
       CASE WHEN same_family OR getvariable('mixed_sources')
            THEN hi / nullif(CAST(n_lo AS DOUBLE), 0) * 100 * pow(10.0, mult - n_mult) END AS upper,
       0 AS unit_mult,
       CASE WHEN same_family AND precedence(obs_status) <= precedence(n_status) THEN obs_status
            WHEN same_family THEN n_status
            WHEN getvariable('mixed_sources') THEN 'D' ELSE 'O' END AS obs_status,
       CASE WHEN same_family OR getvariable('mixed_sources') THEN 1.0 ELSE 0.5 END AS coverage,
       CASE WHEN same_family THEN '' ELSE 'mixed_sources' END AS method,
       contested OR n_contested AS contested,
       CASE WHEN same_family THEN ''
            ELSE 'the nation (' || ref_item || ') comes from another source family: ' || ref_title
                 || CASE WHEN getvariable('mixed_sources') THEN '' ELSE '; ask for mixed sources to see the value' END
       END AS note,
       list_sort(list_concat(inputs, n_inputs)) AS inputs
FROM chosen
