-- Share of a province, city, district or zone in its nation. Numerator and denominator belong to one source family,
-- item and basis; where only another family has the nation there is no value (status O), unless mixed sources are asked
-- for: then a value with status D. The variable mixed_sources is set by the caller.
WITH places AS (
    SELECT m.*, g.nation, c.source_family AS family
    FROM measured m
    JOIN geographies g ON g.code = m.geo AND g.type IN ('province', 'city', 'district', 'zone')
    JOIN cards c USING (dataset, vintage)
    WHERE m.flow IN ('X', 'M', 'T') AND m.measure = 'value' AND m.is_whole
), nations AS (
    SELECT m.*, c.source_family AS family, c.title_en
    FROM measured m JOIN cards c USING (dataset, vintage)
    WHERE m.is_whole
), candidates AS (
    SELECT p.*, n.dataset AS ref_dataset, n.vintage AS ref_vintage, n.item AS ref_item, n.point AS n_point,
           not_below_zero(n.lo) AS n_lo, n.hi AS n_hi, n.mult AS n_mult, n.obs_status AS n_status,
           n.contested AS n_contested, n.inputs AS n_inputs, n.title_en AS ref_title, n.coverage AS n_coverage,
           'the nation (' || n.item || ') ' AS subject,
           concat_ws('; ', CASE WHEN p.dataset <> n.dataset AND (p.family <> n.family OR p.family = '')
                                THEN subject || 'comes from another source family: ' || n.title_en END,
                     CASE WHEN p.item <> n.item THEN subject || 'stands under another definition' END,
                     CASE WHEN p.basis <> n.basis THEN subject || 'is on another basis: ' || n.basis END) AS obstacles,
           CASE WHEN coalesce(p.point, p.hi) < 0 OR coalesce(n.point, n.hi) < 0 THEN 'a figure is negative'
                WHEN p.has_negative OR n.has_negative THEN 'an item of the sum is negative'
                WHEN coalesce(n.point, n.hi) = 0 THEN 'the denominator is zero' ELSE '' END AS refusal
    FROM places p
    JOIN nations n ON n.geo = p.nation AND n.geo <> p.geo
     AND (n.item = p.item OR (starts_with(n.item, 'DEF:') AND starts_with(p.item, 'DEF:')))
     AND (n.partner, n.flow, n.measure, n.period, n.price, n.unit, n.adjustment)
       = (p.partner, p.flow, p.measure, p.period, p.price, p.unit, p.adjustment)
), chosen AS (
    SELECT *, obstacles = '' OR getvariable('mixed_sources') AS is_given, 100 * pow(10.0, mult - n_mult) AS scale
    FROM candidates
    QUALIFY row_number() OVER (
        PARTITION BY dataset, vintage, geo, partner, flow, item, period, basis, unit, adjustment
        ORDER BY obstacles = '' DESC, n_point IS NULL, item = ref_item DESC,
                 (ref_dataset, ref_vintage) = (dataset, vintage) DESC, ref_dataset, ref_vintage DESC) = 1
)
SELECT definition, geo, 'NATION' AS reference, partner, flow, item, period, '' AS base_period, freq, basis, adjustment,
       'PERCENT' AS unit, unit AS currency, dataset, vintage, ref_dataset, ref_vintage,
       CASE WHEN is_given AND refusal = '' THEN point / nullif(CAST(n_point AS DOUBLE), 0) * scale END AS value,
       CASE WHEN is_given AND refusal = ''
            THEN not_below_zero(lo) / nullif(CAST(n_hi AS DOUBLE), 0) * scale END AS lower,
       CASE WHEN is_given AND refusal = '' THEN hi / nullif(CAST(n_lo AS DOUBLE), 0) * scale END AS upper,
       0 AS unit_mult,
       CASE WHEN NOT is_given THEN 'O'
            WHEN obstacles <> '' THEN 'D'
            WHEN precedence(obs_status) <= precedence(n_status) THEN obs_status ELSE n_status END AS obs_status,
       CASE WHEN is_given THEN (coverage + n_coverage) / 2 ELSE 0.5 END AS coverage,
       CASE WHEN obstacles = '' THEN '' ELSE 'mixed_sources' END AS method,
       contested OR n_contested AS contested,
       concat_ws('; ', nullif(refusal, ''),
                 nullif(obstacles, ''),
                 CASE WHEN NOT is_given THEN 'ask for mixed sources to see the value' END) AS note,
       list_sort(list_distinct(inputs || n_inputs)) AS inputs
FROM chosen
