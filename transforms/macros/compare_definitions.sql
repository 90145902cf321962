-- en: One indicator of a place under several definitions of digitally deliverable, side by side: a row for each
--     definition with value and exact range, the difference from one of them (against) and why the two differ: items
--     counted, publication, coverage. A definition without a figure has its row too. The range of the difference of
--     amounts and of shares of one whole, within one publication: where one definition lies inside the other, never on
--     the wrong side of zero (no item is held to be negative unless the values say so); where the items that differ have
--     ranges of their own, by these alone, as what both count cancels. Otherwise the two range each on its own, which may
--     be wider than need be. Several currencies are refused: name one.
-- zh: 一地一指标在多种“可数字化交付”定义下并列：每种定义一行，附数值与精确范围、与对照定义（against）之差及差异原因（所计项目、出处、覆盖率）。没有数字的定义亦列一行。金额及同一总体占比之差，出自同一出版物时：一定义含于另一定义者，差的范围不越过零（除非数值表明有负项）；相异项目自有范围者，只按这些项目计（共同项目相互抵消）。其余情形两者各自取值，范围可能偏宽。币种不一者拒绝同列：请指明其一。
-- geo en: Place: code or label, several joined by +.
-- geo zh: 地域：代码或名称，多个以 + 相连。
-- indicator en: Name or title of the indicator.
-- indicator zh: 指标的代码或名称。
-- period en: Period; NULL = all.
-- period zh: 时期；NULL 为不限。
-- flow en: X, M, T, N or their labels; NULL = all.
-- flow zh: 流向：X、M、T、N 或其名称；NULL 为不限。
-- against en: The definition that the others are set against.
-- against zh: 作为对照基准的定义。
-- definitions en: Only these definitions, joined by +; NULL = all.
-- definitions zh: 仅限这些定义，以 + 相连；NULL 为不限。
-- currency en: Unit of the levels; NULL = all, if it is one.
-- currency zh: 水平值的单位；NULL 为不限，但须只有一种。
-- dataset en: Only this publication; NULL = all, each row says which.
-- dataset zh: 仅限该数据集；NULL 为不限。
-- vintage en: An edition; latest = the latest of each dataset; NULL = all.
-- vintage zh: 版次；latest 为各数据集的最新版次；NULL 为不限。
CREATE MACRO main.compare_definitions(
    geo, indicator := 'total_trade', period := NULL, flow := NULL, against := 'dds6', definitions := NULL,
    currency := NULL, dataset := NULL, vintage := 'latest'
) AS TABLE
WITH asked AS MATERIALIZED (
    SELECT k[1] AS geos, k[2] AS indicators, k[3] AS flows, k[4] AS periods, k[5][1] AS base, k[6] AS only,
           k[7] AS currencies, k[8] AS datasets, k[9] AS vintages
    FROM (SELECT find_codes([['geographies', geo], ['indicators', indicator], ['flows', flow],
                             ['periods', CAST(period AS VARCHAR)], ['definitions', against],
                             ['definitions', definitions], ['units', currency],
                             ['datasets', dataset], ['vintages', CAST(vintage AS VARCHAR)]]) AS k)
), wanted AS (
    SELECT c.code AS definition, c.label_en, c.label_zh, a.base
    FROM codes c
    CROSS JOIN asked a
    WHERE c.list = 'definitions'
      AND (definitions IS NULL OR c.code = a.base OR list_contains(a.only, c.code))
), near AS (
    -- an aggregate under a definition is an item of its own: what is compared is the question, whatever the item
    SELECT i.*, CASE WHEN starts_with(i.item, 'DEF:') THEN '' ELSE i.item END AS part,
           CASE WHEN starts_with(i.item, 'DEF:') THEN i.reference ELSE '' END AS whole,
           currency IS NULL OR list_contains(a.currencies, i.currency) AS fits
    FROM indicators i
    CROSS JOIN asked a
    JOIN datasets d ON d.dataset = i.dataset AND d.vintage = i.vintage
    WHERE i.definition <> '' AND i.definition IN (SELECT w.definition FROM wanted w)
      AND i.indicator IN (SELECT unnest(indicators) FROM asked)
      AND (geo IS NULL OR i.geo IN (SELECT unnest(geos) FROM asked))
      AND (period IS NULL OR list_contains(a.periods, i.period))
      AND (flow IS NULL OR list_contains(a.flows, i.flow))
      AND (dataset IS NULL OR list_contains(a.datasets, i.dataset))
      AND (vintage IS NULL
           OR CASE WHEN a.vintages = ['latest'] THEN d.latest ELSE list_contains(a.vintages, d.vintage) END)
), present AS (
    SELECT refuse_absent('currencies', (SELECT list(DISTINCT n.currency) FROM near n), a.currencies, 'currency') AS is_present
    FROM asked a
), chosen AS (
    SELECT n.*, min(n.unit_mult) OVER () AS least
    FROM near n
    CROSS JOIN present p
    WHERE CASE WHEN p.is_present THEN n.fits END
), sound AS (
    SELECT refuse_mix('currencies', list(DISTINCT c.currency), 'currency')
       AND refuse_mix('indicators', list(DISTINCT c.indicator), 'indicator') AS is_sound FROM chosen c
), scaled AS (
    -- all in the smallest multiple found: exact, nothing is divided
    SELECT c.* EXCLUDE (value, lower, upper, unit_mult), c.least AS unit_mult,
           CAST(pow(10, c.unit_mult - c.least) AS DECIMAL(18, 0)) AS times,
           c.value * times AS value, c.lower * times AS lower, c.upper * times AS upper
    FROM chosen c
), questions AS (
    SELECT DISTINCT s.indicator, s.geo, s.partner, s.flow, s.part, s.whole, s.period, s.base_period, s.freq, s.basis,
           s.adjustment, s.unit, s.unit_mult, s.currency
    FROM scaled s
), answers AS (
    SELECT q.*, w.definition, w.label_en, w.label_zh, w.base, r.item, r.value, r.lower, r.upper, r.obs_status,
           r.coverage, r.contested, r.note, r.dataset, r.vintage, r.ref_dataset, r.inputs
    FROM questions q
    CROSS JOIN wanted w
    LEFT JOIN scaled r
      ON (r.indicator, r.geo, r.partner, r.flow, r.part, r.whole, r.period, r.base_period, r.freq, r.basis,
          r.adjustment, r.unit, r.currency, r.definition)
       = (q.indicator, q.geo, q.partner, q.flow, q.part, q.whole, q.period, q.base_period, q.freq, q.basis,
          q.adjustment, q.unit, q.currency, w.definition)
), compared AS (
    -- the base of the same publication where there is one
    SELECT a.*, b.value AS b_value, b.lower AS b_lower, b.upper AS b_upper, b.dataset AS b_dataset,
           b.coverage AS b_coverage,
           -- what rises with the aggregate and is of one publication and one whole
           a.whole IN ('', 'SERVICES', 'SERVICES_WITHOUT_TRAVEL', 'GDP') AND a.part = '' AND a.definition <> a.base
               AND (a.dataset, a.vintage, a.ref_dataset) = (b.dataset, b.vintage, b.ref_dataset)
               AND a.indicator IN ('level', 'total_trade', 'dds_share', 'dds_share_without_travel', 'openness',
                                   'openness_half', 'export_intensity') AS is_alike
    FROM answers a
    LEFT JOIN answers b
      ON (b.indicator, b.geo, b.partner, b.flow, b.part, b.whole, b.period, b.base_period, b.freq, b.basis,
          b.adjustment, b.unit, b.currency, b.definition)
       = (a.indicator, a.geo, a.partner, a.flow, a.part, a.whole, a.period, a.base_period, a.freq, a.basis,
          a.adjustment, a.unit, a.currency, a.base)
    QUALIFY row_number() OVER (
        PARTITION BY a.indicator, a.geo, a.partner, a.flow, a.part, a.whole, a.period, a.base_period, a.freq, a.basis,
                     a.adjustment, a.unit, a.currency, a.definition, a.dataset, a.vintage, a.ref_dataset
        ORDER BY b.dataset = a.dataset DESC NULLS LAST, b.ref_dataset = a.ref_dataset DESC NULLS LAST, b.dataset,
                 b.vintage DESC) = 1
), inside AS (
    -- definitions all of whose items lie in items of another
    SELECT s.definition, l.definition AS other
    FROM (SELECT d.definition, d.item, count(*) OVER (PARTITION BY d.definition) AS n FROM definitions d) s
    JOIN definitions l ON starts_with(s.item, l.item) AND l.definition <> s.definition
    GROUP BY s.definition, l.definition
    HAVING count(DISTINCT s.item) = max(s.n)
), apart AS (
    -- what the first counts and the second does not, item by item
    SELECT d.definition, o.definition AS other, d.item
    FROM definitions d
    JOIN (SELECT DISTINCT definition FROM definitions) o ON o.definition <> d.definition
    ANTI JOIN definitions e ON e.definition = o.definition AND e.item = d.item
), parts AS (
    SELECT i.*, CASE i.indicator WHEN 'category_share' THEN 'dds_share'
                                 WHEN 'category_share_without_travel' THEN 'dds_share_without_travel'
                                 ELSE i.indicator END AS twin
    FROM indicators i
    WHERE i.definition = '' AND i.item IN (SELECT a.item FROM apart a)
      AND i.reference IN ('', 'SERVICES', 'SERVICES_WITHOUT_TRAVEL', 'GDP')
), own AS (
    -- the range of the difference by the items that differ alone; nothing unless all of them have a range
    SELECT c.definition, c.base, c.indicator, c.dataset, c.vintage, c.ref_dataset, c.geo, c.partner, c.flow, c.period,
           c.base_period, c.freq, c.basis, c.adjustment, c.unit, c.currency, c.whole,
           CASE WHEN count(p.lower) = count(*) AND count(p.upper) = count(*)
                THEN sum(CASE WHEN t.sign > 0 THEN p.lower ELSE -p.upper END
                         * CAST(pow(10, p.unit_mult - c.unit_mult) AS DECIMAL(18, 0))) END AS lower,
           CASE WHEN count(p.lower) = count(*) AND count(p.upper) = count(*)
                THEN sum(CASE WHEN t.sign > 0 THEN p.upper ELSE -p.lower END
                         * CAST(pow(10, p.unit_mult - c.unit_mult) AS DECIMAL(18, 0))) END AS upper
    FROM compared c
    JOIN (SELECT definition, other, item, 1 AS sign FROM apart
          UNION ALL SELECT other, definition, item, -1 FROM apart) t
      ON t.definition = c.definition AND t.other = c.base
    LEFT JOIN parts p
      ON (p.twin, p.dataset, p.vintage, p.ref_dataset, p.geo, p.partner, p.flow, p.item, p.period, p.base_period, p.freq,
          p.basis, p.adjustment, p.unit, p.currency, p.reference)
       = (c.indicator, c.dataset, c.vintage, c.ref_dataset, c.geo, c.partner, c.flow, t.item, c.period, c.base_period,
          c.freq, c.basis, c.adjustment, c.unit, c.currency, c.whole)
    WHERE c.is_alike
    GROUP BY ALL
), differing AS (
    SELECT c.*, c.value - c.b_value AS difference, o.lower AS own_lower, o.upper AS own_upper,
           -- below, above: the sign that the difference cannot have, unless the figures have it (an item is negative)
           c.is_alike AND i.definition IS NOT NULL AND NOT coalesce(c.value > c.b_value, c.lower > c.b_upper, false)
               AS is_inside,
           c.is_alike AND j.definition IS NOT NULL AND NOT coalesce(c.value < c.b_value, c.upper < c.b_lower, false)
               AS is_around
    FROM compared c
    LEFT JOIN inside i ON i.definition = c.definition AND i.other = c.base
    LEFT JOIN inside j ON j.definition = c.base AND j.other = c.definition
    LEFT JOIN own o
      ON (o.definition, o.base, o.indicator, o.dataset, o.vintage, o.ref_dataset, o.geo, o.partner, o.flow, o.period,
          o.base_period, o.freq, o.basis, o.adjustment, o.unit, o.currency, o.whole)
       = (c.definition, c.base, c.indicator, c.dataset, c.vintage, c.ref_dataset, c.geo, c.partner, c.flow, c.period,
          c.base_period, c.freq, c.basis, c.adjustment, c.unit, c.currency, c.whole)
), ranged AS (
    SELECT d.*,
           greatest(d.lower - d.b_upper, d.own_lower, CASE WHEN d.is_around THEN 0 END) AS least_difference,
           least(d.upper - d.b_lower, d.own_upper, CASE WHEN d.is_inside THEN 0 END) AS most_difference,
           -- figures that rule one another out keep the ends that each has by itself
           coalesce(least_difference > most_difference, false) AS is_torn
    FROM differing d
), said AS (
    SELECT map_from_entries(list({'k': c.code, 'v': c.label_en})) AS en,
           map_from_entries(list({'k': c.code, 'v': c.label_zh})) AS zh
    FROM codes c WHERE c.list = 'reasons'
)
SELECT a.geo, g.label_en AS geo_label_en, g.label_zh AS geo_label_zh,
       a.indicator, n.label_en AS title_en, n.label_zh AS title_zh,
       a.definition, a.label_en AS definition_label_en, a.label_zh AS definition_label_zh,
       a.flow, coalesce(a.item, a.part) AS item, a.whole AS reference, a.period, a.base_period,
       a.value, a.lower, a.upper, a.unit, a.unit_mult, a.currency, a.obs_status, a.coverage, a.contested, a.note,
       a.base AS against,
       CASE WHEN a.definition <> a.base THEN a.difference END AS difference,
       CASE WHEN a.definition = a.base THEN NULL WHEN a.is_torn THEN a.lower - a.b_upper
            ELSE a.least_difference END AS difference_lower,
       CASE WHEN a.definition = a.base THEN NULL WHEN a.is_torn THEN a.upper - a.b_lower
            ELSE a.most_difference END AS difference_upper,
       CASE WHEN a.definition = a.base AND a.dataset IS NOT NULL THEN s.en['base']
            ELSE concat_ws('; ',
                 CASE WHEN a.dataset IS NULL THEN s.en['nothing'] END,
                 CASE WHEN a.dataset IS NOT NULL AND a.b_dataset IS NULL
                      THEN replace(s.en['no_base'], '{other}', a.base) END,
                 rtrim(x.words_en, '.'),
                 CASE WHEN a.dataset <> a.b_dataset
                      THEN replace(replace(s.en['other_source'], '{own}', a.dataset), '{other}', a.b_dataset) END,
                 CASE WHEN a.coverage <> a.b_coverage
                      THEN replace(replace(s.en['coverage'], '{own}', printf('%.0f %%', 100 * a.coverage)),
                                   '{other}', printf('%.0f %%', 100 * a.b_coverage)) END,
                 CASE WHEN a.is_inside AND NOT a.is_torn THEN replace(s.en['inside'], '{other}', a.base)
                      WHEN a.is_around AND NOT a.is_torn THEN replace(s.en['around'], '{other}', a.base) END)
       END AS why_en,
       CASE WHEN a.definition = a.base AND a.dataset IS NOT NULL THEN s.zh['base']
            ELSE concat_ws('；',
                 CASE WHEN a.dataset IS NULL THEN s.zh['nothing'] END,
                 CASE WHEN a.dataset IS NOT NULL AND a.b_dataset IS NULL
                      THEN replace(s.zh['no_base'], '{other}', a.base) END,
                 rtrim(x.words_zh, '。'),
                 CASE WHEN a.dataset <> a.b_dataset
                      THEN replace(replace(s.zh['other_source'], '{own}', a.dataset), '{other}', a.b_dataset) END,
                 CASE WHEN a.coverage <> a.b_coverage
                      THEN replace(replace(s.zh['coverage'], '{own}', printf('%.0f %%', 100 * a.coverage)),
                                   '{other}', printf('%.0f %%', 100 * a.b_coverage)) END,
                 CASE WHEN a.is_inside AND NOT a.is_torn THEN replace(s.zh['inside'], '{other}', a.base)
                      WHEN a.is_around AND NOT a.is_torn THEN replace(s.zh['around'], '{other}', a.base) END)
       END AS why_zh,
       a.dataset, a.vintage, a.inputs
FROM ranged a
CROSS JOIN sound ok
CROSS JOIN said s
LEFT JOIN definitions_compared x ON x.definition = a.definition AND x.other = a.base
LEFT JOIN codes g ON g.list = 'geographies' AND g.code = a.geo
LEFT JOIN codes n ON n.list = 'indicators' AND n.code = a.indicator
WHERE ok.is_sound
ORDER BY a.geo, a.period, a.base_period, a.flow, a.part, a.whole, a.freq, a.basis, a.adjustment, a.unit,
         a.definition <> a.base, a.definition, a.dataset, a.vintage;
