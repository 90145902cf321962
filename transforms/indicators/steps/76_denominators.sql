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
