-- 6b. What trade of a place is measured against: its gross product or value added, for every edition, period and
--     currency in which it has trade. Of several candidates one of the same source family, with a figure, of the same
--     basis, of the same edition comes first; of another family it is for who asks for mixed sources.
CREATE OR REPLACE TEMP TABLE denominators AS
WITH outputs AS (
    SELECT r.code AS reference, m.*, c.source_family AS family, c.title_en
    FROM measured m
    JOIN refs r ON r.item = m.item AND starts_with(r.item, 'NA:') AND r.measure = 'value' AND r.geo = ''
    JOIN cards c ON (c.dataset, c.vintage) = (m.dataset, m.vintage)
    WHERE m.measure = 'value' AND m.flow = 'N' AND m.partner = 'W' AND m.price = 'current'
), trades AS (
    SELECT DISTINCT m.dataset, m.vintage, m.geo, m.period, m.basis, m.unit, m.adjustment, c.source_family AS family
    FROM measured m JOIN cards c ON (c.dataset, c.vintage) = (m.dataset, m.vintage)
    WHERE m.measure = 'value' AND m.flow IN ('X', 'M', 'T') AND m.partner = 'W' AND m.price = 'current'
)
SELECT o.reference, t.dataset, t.vintage, t.geo, t.period, t.basis, t.unit, t.adjustment, o.dataset AS ref_dataset,
       o.vintage AS ref_vintage, o.point AS output, not_below_zero(o.lo) AS output_lo, o.hi AS output_hi,
       o.mult AS output_mult, o.statuses AS output_statuses, o.coverage AS output_coverage,
       o.contested AS output_contested, o.inputs AS output_inputs,
       CASE WHEN t.dataset <> o.dataset AND (t.family <> o.family OR t.family = '')
            THEN 'the denominator (' || o.item || ') comes from another source family: ' || o.title_en
            ELSE '' END AS obstacle,
       CASE WHEN coalesce(o.point, o.hi) < 0 THEN 'a figure is negative'
            WHEN coalesce(o.point, o.hi) = 0 THEN 'the denominator is zero' ELSE '' END AS output_refusal
FROM trades t
JOIN outputs o ON (o.geo, o.period, o.unit, o.adjustment) = (t.geo, t.period, t.unit, t.adjustment)
 -- trade in reported, final or balanced values has no gross product of its own
 AND (o.basis = t.basis OR (o.basis = 'published' AND t.basis IN ('reported', 'final', 'balanced')))
QUALIFY row_number() OVER (
    PARTITION BY o.reference, t.dataset, t.vintage, t.geo, t.period, t.basis, t.unit, t.adjustment
    ORDER BY obstacle <> '', o.point IS NULL, o.basis <> t.basis,
             (o.dataset, o.vintage) <> (t.dataset, t.vintage), o.dataset, o.vintage DESC) = 1;

-- Exports, and exports and imports together, per cent of an output: gross product, or the value added of the industry that
-- they are the sales of.
CREATE OR REPLACE TEMP TABLE over_output AS
WITH compared AS (
    SELECT m.*, d.reference, d.ref_dataset, d.ref_vintage, d.output, d.output_lo, d.output_hi, d.obstacle,
           d.output_coverage, d.output_contested, d.output_inputs, d.output_statuses,
           CASE WHEN m.point < 0 OR (m.point IS NULL AND m.hi < 0) THEN 'a figure is negative'
                ELSE d.output_refusal END AS refusal,
           100 * pow(10e0, m.mult - d.output_mult) AS scale
    FROM measured m
    JOIN denominators d ON (d.reference = 'GDP' OR (d.reference = 'VA_TERTIARY' AND m.item = 'EBOPS2010:S')
                            OR (d.reference = 'VA_ICT' AND m.item = 'EBOPS2010:SI'))
     AND d.dataset = m.dataset AND d.vintage = m.vintage AND d.geo = m.geo AND d.period = m.period
     AND d.basis = m.basis AND d.unit = m.unit AND d.adjustment = m.adjustment
    WHERE m.flow IN ('X', 'T') AND m.measure = 'value' AND m.partner = 'W' AND m.price = 'current'
)
SELECT definition, geo, reference, partner, flow, item, period, freq, basis, adjustment, unit AS currency, dataset, vintage,
       ref_dataset, ref_vintage,
       CASE WHEN refusal = '' THEN point / nullif(CAST(output AS DOUBLE), 0) * scale END AS percent,
       CASE WHEN refusal = '' THEN lo_cut / nullif(CAST(output_hi AS DOUBLE), 0) * scale END AS percent_lo,
       CASE WHEN refusal = '' THEN hi / nullif(CAST(output_lo AS DOUBLE), 0) * scale END AS percent_hi,
       statuses | output_statuses AS statuses, (coverage + output_coverage) / 2 AS coverage, method,
       contested OR output_contested AS contested, CASE WHEN obstacle = '' THEN '' ELSE 'mixed_sources' END AS asked,
       concat_ws('; ', nullif(refusal, ''), nullif(note, ''), nullif(obstacle, '')) AS note,
       inputs || output_inputs AS inputs
FROM compared;
