-- en: One indicator of a place under several definitions of digitally deliverable, side by side: a row for each
--     definition with value and exact range, the difference from one of them (against) and why the two differ: items
--     counted, publication, coverage. A definition without a figure has its row too. The range of the difference holds
--     whatever the two have in common: it may be wider than need be. Several currencies are refused: name one.
-- zh: 一地一指标在多种“可数字化交付”定义下并列：每种定义一行，附数值与精确范围、与对照定义（against）之差及差异原因（所计项目、出处、覆盖率）。没有数字的定义亦列一行。差的范围未利用两者的共同部分，可能偏宽。币种不一者拒绝同列：请指明其一。
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
           b.coverage AS b_coverage
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
       CASE WHEN a.definition <> a.base THEN a.value - a.b_value END AS difference,
       CASE WHEN a.definition <> a.base THEN a.lower - a.b_upper END AS difference_lower,
       CASE WHEN a.definition <> a.base THEN a.upper - a.b_lower END AS difference_upper,
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
                                   '{other}', printf('%.0f %%', 100 * a.b_coverage)) END)
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
                                   '{other}', printf('%.0f %%', 100 * a.b_coverage)) END)
       END AS why_zh,
       a.dataset, a.vintage, a.inputs
FROM compared a
CROSS JOIN sound ok
CROSS JOIN said s
LEFT JOIN definitions_compared x ON x.definition = a.definition AND x.other = a.base
LEFT JOIN codes g ON g.list = 'geographies' AND g.code = a.geo
LEFT JOIN codes n ON n.list = 'indicators' AND n.code = a.indicator
WHERE ok.is_sound
ORDER BY a.geo, a.period, a.base_period, a.flow, a.part, a.whole, a.freq, a.basis, a.adjustment, a.unit,
         a.definition <> a.base, a.definition, a.dataset, a.vintage;
