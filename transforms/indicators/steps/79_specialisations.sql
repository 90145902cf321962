-- 6e. A part of a universe in a place against the same part in a reference place: a = x_i of the place, r = the
--     place's universe, i = x_i of the reference, w = its universe. The universes are the references RCA_* (against the
--     world, which must be printed in the same edition) and LQ_* (against the nation, of the same source family unless
--     asked for). Ranges: a lies in r, i in w and - within one edition - a in i and the rest of the place, b = r - a, in
--     the rest of the reference, e = w - i. Where a universe is a sum of its items, or with items missing is bounded by
--     sums, its rest has an interval of its own (steps/74_rests).

CREATE OR REPLACE TEMP MACRO ten_to(power) AS CAST(pow(10.0, greatest(power, 0)) AS DECIMAL(19, 0));
CREATE OR REPLACE TEMP MACRO nrca_of(a, r, i, w) AS (
    CAST(a AS DOUBLE) / CAST(w AS DOUBLE) - CAST(i AS DOUBLE) / CAST(w AS DOUBLE) * (CAST(r AS DOUBLE) / CAST(w AS DOUBLE))
);

CREATE OR REPLACE TEMP TABLE universe_members AS
SELECT DISTINCT r.item AS universe, i.code AS item
FROM (SELECT DISTINCT item FROM refs WHERE starts_with(code, 'RCA_') OR starts_with(code, 'LQ_')) r
JOIN items i ON i.code <> r.item AND (
       (r.item IN ('EBOPS2010:S', 'GS:T') AND (starts_with(i.code, 'DEF:')
                                               OR (i.tree = 'standard' AND starts_with(i.code, 'EBOPS2010:S'))))
    OR (starts_with(r.item, 'DEF:') AND i.tree = 'standard' AND EXISTS (
            SELECT 1 FROM definitions d WHERE 'DEF:' || d.definition = r.item AND starts_with(i.code, d.item))));

CREATE OR REPLACE TEMP TABLE within_universe AS
WITH places AS (
    SELECT DISTINCT m.geo, g.nation
    FROM measured m JOIN geographies g ON g.code = m.geo AND g.type IN ('province', 'city', 'district', 'zone')
), taken AS (
    SELECT * FROM measured
    WHERE measure = 'value' AND price = 'current'
      AND (flow = 'X' OR (flow IN ('M', 'T') AND geo IN (SELECT geo FROM places UNION SELECT nation FROM places)))
)
SELECT u.universe, CASE WHEN starts_with(u.universe, 'DEF:') THEN r.definition ELSE a.definition END AS definition,
       a.dataset, a.vintage, a.geo, a.partner, a.flow, a.item, a.period, a.freq, a.basis, a.unit, a.adjustment,
       least(a.mult, r.mult) AS mult,
       a.point * ten_to(a.mult - r.mult) AS part, r.point * ten_to(r.mult - a.mult) AS whole,
       above_zero(greatest(a.lo, a.sum_cut), a.hi) * ten_to(a.mult - r.mult) AS part_lo,
       a.hi * ten_to(a.mult - r.mult) AS part_hi,
       above_zero(greatest(r.lo, r.sum_cut), r.hi) * ten_to(r.mult - a.mult) AS whole_lo,
       r.hi * ten_to(r.mult - a.mult) AS whole_hi,
       -- a sum that the part is a term of: the other terms. A part with items missing leaves what is known not to belong
       CASE WHEN t.item IS NOT NULL THEN t.rest_lo WHEN r.item = 'EBOPS2010:S' AND NOT a.is_whole THEN a.outside_lo END
           AS rest_lo,
       t.rest_hi,
       a.statuses | r.statuses AS statuses, (a.coverage + r.coverage) / 2 AS coverage,
       a.contested OR r.contested AS contested, a.method, a.inputs || r.inputs AS inputs,
       concat_ws('; ', nullif(a.note, ''), nullif(r.note, '')) AS note,
       CASE WHEN coalesce(a.point, a.hi) < 0 OR coalesce(r.point, r.hi) < 0 THEN 'a figure is negative'
            WHEN a.has_negative OR r.has_negative THEN 'an item of the sum is negative'
            WHEN coalesce(r.point, r.hi) = 0 THEN 'the denominator is zero' ELSE '' END AS refusal
FROM taken a
JOIN universe_members u ON u.item = a.item
JOIN taken r ON r.item = u.universe
 AND (r.dataset, r.vintage, r.geo, r.partner, r.flow, r.period, r.basis, r.unit, r.adjustment)
   = (a.dataset, a.vintage, a.geo, a.partner, a.flow, a.period, a.basis, a.unit, a.adjustment)
LEFT JOIN rests t
  ON (t.definition, t.item, t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit,
      t.adjustment)
   = (r.definition, a.item, a.dataset, a.vintage, a.geo, a.partner, a.flow, a.period, a.basis, a.price, a.unit,
      a.adjustment);

-- The candidates for the reference: the world of the same edition and basis; the nation as for the share of it.
CREATE OR REPLACE TEMP TABLE compared_parts AS
WITH candidates AS (
    SELECT u.code AS reference, p.*, n.dataset AS ref_dataset, n.vintage AS ref_vintage,
           (n.dataset, n.vintage) = (p.dataset, p.vintage) AS is_inside,
           -- one unit for both places
           p.part * ten_to(p.mult - n.mult) AS a, p.whole * ten_to(p.mult - n.mult) AS r,
           p.part_lo * ten_to(p.mult - n.mult) AS a0_lo, p.part_hi * ten_to(p.mult - n.mult) AS a0_hi,
           p.whole_lo * ten_to(p.mult - n.mult) AS r0_lo, p.whole_hi * ten_to(p.mult - n.mult) AS r0_hi,
           p.rest_lo * ten_to(p.mult - n.mult) AS b0_lo, p.rest_hi * ten_to(p.mult - n.mult) AS b0_hi,
           n.part * ten_to(n.mult - p.mult) AS i, n.whole * ten_to(n.mult - p.mult) AS w,
           n.part_lo * ten_to(n.mult - p.mult) AS i0_lo, n.part_hi * ten_to(n.mult - p.mult) AS i0_hi,
           n.whole_lo * ten_to(n.mult - p.mult) AS w0_lo, n.whole_hi * ten_to(n.mult - p.mult) AS w0_hi,
           n.rest_lo * ten_to(n.mult - p.mult) AS e0_lo, n.rest_hi * ten_to(n.mult - p.mult) AS e0_hi,
           n.statuses AS n_statuses, n.coverage AS n_coverage, n.contested AS n_contested, n.inputs AS n_inputs,
           n.note AS n_note,
           CASE WHEN p.refusal <> '' THEN p.refusal WHEN n.refusal <> '' THEN n.refusal
                WHEN coalesce(n.part, n.part_hi) = 0 THEN 'the denominator is zero' ELSE '' END AS refused,
           concat_ws('; ',
                     CASE WHEN p.dataset <> n.dataset AND (pc.source_family <> nc.source_family OR pc.source_family = '')
                          THEN concat('the nation (', n.item, ') comes from another source family: ', nc.title_en) END,
                     CASE WHEN p.basis <> n.basis
                          THEN concat('the nation (', n.item, ') is on another basis: ', n.basis) END) AS obstacles
    FROM within_universe p
    JOIN geographies g ON g.code = p.geo
    JOIN refs u ON u.item = p.universe AND ((starts_with(u.code, 'RCA_') AND p.flow = 'X' AND p.partner = 'W')
        OR (starts_with(u.code, 'LQ_') AND g.type IN ('province', 'city', 'district', 'zone')))
    JOIN within_universe n ON n.geo = CASE u.geo WHEN '@nation' THEN g.nation ELSE u.geo END AND n.geo <> p.geo
     AND (n.universe, n.partner, n.flow, n.item, n.period, n.unit, n.adjustment)
       = (p.universe, p.partner, p.flow, p.item, p.period, p.unit, p.adjustment)
     AND (starts_with(u.code, 'LQ_') OR (n.dataset, n.vintage, n.basis) = (p.dataset, p.vintage, p.basis))
    JOIN cards pc ON (pc.dataset, pc.vintage) = (p.dataset, p.vintage)
    JOIN cards nc ON (nc.dataset, nc.vintage) = (n.dataset, n.vintage)
)
SELECT * FROM candidates
QUALIFY row_number() OVER (
    PARTITION BY reference, dataset, vintage, geo, partner, flow, item, period, basis, unit, adjustment
    ORDER BY obstacles <> '', i IS NULL OR w IS NULL, NOT is_inside, ref_dataset, ref_vintage DESC) = 1;

-- The ends that all relations together leave. What they rule out altogether is contested, and keeps its ends as printed.
CREATE OR REPLACE TEMP TABLE narrowed_parts AS
WITH rests AS (
    SELECT *, greatest(b0_lo, r0_lo - a0_hi, 0) AS b1_lo, least(b0_hi, r0_hi - a0_lo) AS b1_hi,
           greatest(e0_lo, w0_lo - i0_hi, 0) AS e1_lo, least(e0_hi, w0_hi - i0_lo) AS e1_hi,
           a0_lo IS NOT NULL AND r0_lo IS NOT NULL AND i0_lo IS NOT NULL AND w0_lo IS NOT NULL AS is_known
    FROM compared_parts
), insides AS (
    SELECT *, CASE WHEN is_inside THEN greatest(e1_lo, b1_lo) ELSE e1_lo END AS e_lo, e1_hi AS e_hi,
           b1_lo AS b_lo, CASE WHEN is_inside THEN least(b1_hi, e1_hi) ELSE b1_hi END AS b_hi,
           CASE WHEN is_inside THEN least(a0_hi, i0_hi) ELSE a0_hi END AS a1_hi,
           CASE WHEN is_inside THEN greatest(i0_lo, a0_lo) ELSE i0_lo END AS i1_lo
    FROM rests
), ends AS (
    SELECT *, greatest(a0_lo, r0_lo - b_hi) AS a_lo, least(a1_hi, r0_hi - b_lo) AS a_hi,
           greatest(i1_lo, w0_lo - e_hi, CASE WHEN is_inside THEN r0_lo - b_hi END) AS i_lo,
           least(i0_hi, w0_hi - e_lo) AS i_hi
    FROM insides
)
SELECT *, is_known AND (contested OR n_contested OR coalesce(a_lo > a_hi, false) OR coalesce(i_lo > i_hi, false)
                        OR coalesce(b_lo > b_hi, false) OR coalesce(e_lo > e_hi, false)
                        OR coalesce(a_lo + b_lo > r0_hi, false) OR coalesce(i_lo + e_lo > w0_hi, false)) AS is_torn
FROM ends;

-- The most of a / w - i r / w^2 = (a e - i b) / (i + e)^2. Given i, it rises with a and falls with b, and in e it rises
-- to i (1 + 2 b / a) and falls from there. In i it turns where i = e or i = (w - b) / 2 with a = i, or at an end of a
-- relation: these are tried. With a and b, i and e changed over, the same gives the least with its sign changed.
CREATE OR REPLACE TEMP MACRO nrca_most(a_hi, b_lo, r_lo, i_lo, i_hi, e_lo, e_hi, w_lo, w_hi) AS list_max(list_transform(
    list_filter(
        list_transform(
            list_transform(
                list_transform(
                    list_transform([i_lo, i_hi, a_hi, r_lo - b_lo, (w_lo - b_lo) / 2, (w_hi - b_lo) / 2, e_lo, e_hi,
                                    w_lo - e_lo, w_lo - e_hi, w_hi - e_lo, w_hi - e_hi,
                                    w_hi - greatest(b_lo, r_lo - a_hi)],
                                   lambda v: {'i': between_ends(v, i_lo, i_hi)}),
                    lambda s: {'i': s.i, 'a': least(a_hi, s.i)}),
                lambda s: {'i': s.i, 'a': s.a, 'b': greatest(b_lo, r_lo - s.a)}),
            lambda s: {'i': s.i, 'a': s.a, 'b': s.b, 'least': greatest(e_lo, w_lo - s.i, s.b),
                       'most': least(e_hi, w_hi - s.i),
                       'best': CASE WHEN s.a > 0 THEN s.i * (1 + 2 * s.b / s.a) END}),
        lambda s: s.least <= s.most + 1e-12 * w_hi),
    lambda s: (s.a * between_ends(s.best, s.least, s.most) - s.i * s.b)
              / pow(s.i + between_ends(s.best, s.least, s.most), 2)));

-- The same where the part is below i at all ends, and the rest below e: then i is at an end of a relation.
CREATE OR REPLACE TEMP MACRO nrca_at(i, a, b, e_lo, e_hi, w_lo, w_hi) AS nrca_of(
    a, a + b, i,
    i + between_ends(CASE WHEN a > 0 THEN i * (1 + 2 * b / a) END, greatest(e_lo, w_lo - i), least(e_hi, w_hi - i))
);
CREATE OR REPLACE TEMP MACRO nrca_most_apart(a, b, i_lo, i_hi, e_lo, e_hi, w_lo, w_hi) AS greatest(
    nrca_at(i_lo, a, b, e_lo, e_hi, w_lo, w_hi), nrca_at(i_hi, a, b, e_lo, e_hi, w_lo, w_hi),
    nrca_at(between_ends(w_lo - e_lo, i_lo, i_hi), a, b, e_lo, e_hi, w_lo, w_hi),
    nrca_at(between_ends(w_lo - e_hi, i_lo, i_hi), a, b, e_lo, e_hi, w_lo, w_hi),
    nrca_at(between_ends(w_hi - e_lo, i_lo, i_hi), a, b, e_lo, e_hi, w_lo, w_hi),
    nrca_at(between_ends(w_hi - e_hi, i_lo, i_hi), a, b, e_lo, e_hi, w_lo, w_hi)
);

-- ratio is (a / r) / (i / w). The corners of its range: it rises with a and w and falls with r and i, so that its most is at
-- a_top, r_bottom, i_bottom, w_top. A part moves with its whole. Where at the least the place and the part together would
-- exceed the reference, what there is is divided so that r * i is largest: as evenly as their ends allow.
CREATE OR REPLACE TEMP TABLE specialisations AS
WITH tops AS (
    SELECT *, CASE WHEN is_torn OR NOT is_inside THEN a_hi
                   ELSE between_ends(greatest(i_lo, r0_lo - b_lo), a_lo, a_hi) END AS a_top,
           least(r0_hi, a_lo + b_hi) AS r_most,
           CASE WHEN is_inside THEN i_hi + least(r0_hi - a_lo, b_hi) END AS w_need, w0_hi + a_lo AS r_and_i
    FROM narrowed_parts
), corners AS (
    SELECT *, greatest(r0_lo, a_top + b_lo) AS r_bottom,
           CASE WHEN is_inside THEN greatest(i_lo, a_top) ELSE i_lo END AS i_bottom,
           CASE WHEN w_need > w0_hi
                THEN between_ends(CAST(r_and_i / 2 AS DECIMAL(38, 10)), greatest(r0_lo, a_lo + b_lo, r_and_i - i_hi),
                                  least(r_most, r_and_i - i_lo))
                ELSE r_most END AS r_top
    FROM tops
), ends AS (
    -- where both parts vanish at the most, one over the other is 1 all the way there, and that alone counts
    SELECT * EXCLUDE (a_top, r_bottom, i_bottom, r_top),
           is_inside AND NOT is_torn AND a_top = 0 AND i_bottom = 0 AND a_hi IS DISTINCT FROM 0 AS is_vanishing,
           CASE WHEN is_torn THEN a0_hi WHEN is_vanishing THEN 1 WHEN is_known THEN a_top END AS a_top,
           CASE WHEN is_torn THEN r0_lo WHEN is_known THEN r_bottom END AS r_bottom,
           CASE WHEN is_torn THEN i0_lo WHEN is_vanishing THEN 1 WHEN is_known THEN i_bottom END AS i_bottom,
           CASE WHEN is_torn THEN w0_hi WHEN is_known THEN least(w0_hi, i_bottom + e_hi) END AS w_top,
           CASE WHEN is_torn THEN a0_lo WHEN is_known THEN a_lo END AS a_bottom,
           CASE WHEN is_torn THEN r0_hi WHEN is_known THEN r_top END AS r_top,
           CASE WHEN is_torn THEN i0_hi WHEN is_known THEN CASE WHEN w_need > w0_hi THEN r_and_i - r_top ELSE i_hi END
                END AS i_top,
           CASE WHEN is_torn THEN w0_lo
                WHEN is_known THEN CASE WHEN w_need > w0_hi THEN w0_hi ELSE greatest(w0_lo, i_hi + e_lo, w_need) END
                END AS w_bottom
    FROM corners
), doubled AS (
    -- open ends leave it between its limits only
    SELECT *, is_known AND refused = '' AND is_inside AND starts_with(reference, 'RCA_') AND a_hi IS NOT NULL
                  AND b_hi IS NOT NULL AND i_hi IS NOT NULL AND e_hi IS NOT NULL AND w0_hi IS NOT NULL
                  AND (w0_lo > 0 OR (NOT is_torn AND i_lo + e_lo > 0))
               AS is_ranged,
           a_hi <= i_lo AND b_hi <= e_lo AS is_apart,
           CAST(a_lo AS DOUBLE) AS al, CAST(a_hi AS DOUBLE) AS ah, CAST(b_lo AS DOUBLE) AS bl, CAST(b_hi AS DOUBLE) AS bh,
           CAST(i_lo AS DOUBLE) AS il, CAST(i_hi AS DOUBLE) AS ih, CAST(e_lo AS DOUBLE) AS el, CAST(e_hi AS DOUBLE) AS eh,
           CAST(r0_lo AS DOUBLE) AS rl, CAST(w0_lo AS DOUBLE) AS wl, CAST(w0_hi AS DOUBLE) AS wh
    FROM ends
), normalised AS (
    SELECT *,
           CASE WHEN NOT is_ranged THEN NULL
                WHEN is_torn
                THEN greatest(nrca_of(a0_hi, r0_lo, i0_lo, w0_lo), nrca_of(a0_hi, r0_lo, i0_lo, w0_hi),
                              nrca_of(a0_hi, r0_lo, i0_lo,
                                      between_ends(2 * CAST(i0_lo AS DOUBLE) * rl / nullif(CAST(a0_hi AS DOUBLE), 0),
                                                   wl, wh)))
                WHEN is_apart THEN nrca_most_apart(ah, greatest(bl, rl - ah), il, ih, el, eh, wl, wh)
                ELSE nrca_most(ah, bl, rl, il, ih, el, eh, wl, wh) END AS nrca_upper,
           CASE WHEN NOT is_ranged THEN NULL
                WHEN is_torn THEN least(nrca_of(a0_lo, r0_hi, i0_hi, w0_lo), nrca_of(a0_lo, r0_hi, i0_hi, w0_hi))
                WHEN is_apart THEN -nrca_most_apart(bh, greatest(al, rl - bh), el, eh, il, ih, wl, wh)
                ELSE -nrca_most(bh, al, rl, el, eh, il, ih, wl, wh) END AS nrca_lower
    FROM doubled
), divided AS (
    SELECT *,
           CASE WHEN refused = '' THEN a / nullif(CAST(r AS DOUBLE), 0) * (w / nullif(CAST(i AS DOUBLE), 0)) END AS quotient,
           CASE WHEN refused = ''
                THEN a_bottom / nullif(CAST(r_top AS DOUBLE), 0) * (w_bottom / nullif(CAST(i_top AS DOUBLE), 0))
                END AS ratio_lower,
           CASE WHEN refused <> '' THEN NULL
                WHEN a_top = 0 THEN 0
                ELSE a_top / nullif(CAST(r_bottom AS DOUBLE), 0) * (w_top / nullif(CAST(i_bottom AS DOUBLE), 0))
                END AS ratio_upper
    FROM normalised
)
SELECT definition, geo, reference, partner, flow, item, period, freq, basis, adjustment, unit AS currency, dataset,
       vintage, ref_dataset, ref_vintage, a, r, i, w,
       -- rounded figures can stand outside what their relations leave
       CASE WHEN is_torn THEN quotient ELSE nearest(quotient, ratio_lower, ratio_upper) END AS ratio,
       ratio_lower, ratio_upper, nrca_lower, nrca_upper, is_torn, statuses | n_statuses AS statuses,
       (coverage + n_coverage) / 2 AS coverage, method,
       contested OR n_contested OR is_torn AS contested, CASE WHEN obstacles = '' THEN '' ELSE 'mixed_sources' END AS asked,
       refused AS refusal,
       concat_ws('; ', nullif(refused, ''), nullif(note, ''),
                 CASE WHEN n_note <> note THEN nullif(n_note, '') END, nullif(obstacles, '')) AS note,
       inputs || n_inputs AS inputs
FROM divided;
