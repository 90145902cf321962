-- en: Growth of a place, per cent, with its exact range: year on year, or another indicator over two periods. Rates in
--     two currencies, under two definitions or of two schemes are refused: name one.
-- zh: 一地的增速（百分比）及其精确范围：同比，或其他跨两期的指标。两种币种、两种定义或两种体系的增速拒绝同列：请指明其一。
-- geo en: Place: code or label, several joined by +.
-- geo zh: 地域：代码或名称，多个以 + 相连。
-- item en: What grows: code or label of the list items; NULL = all.
-- item zh: 项目：items 表的代码或名称；NULL 为不限。
-- flow en: X, M, T, N or their labels; NULL = all.
-- flow zh: 流向：X、M、T、N 或其名称；NULL 为不限。
-- definition en: Definition of digitally deliverable; NULL = all, if it is one.
-- definition zh: 可数字化交付的定义；NULL 为不限，但须只有一种。
-- currency en: Unit of the levels that grow; NULL = all, if it is one.
-- currency zh: 水平值的单位；NULL 为不限，但须只有一种。
-- scheme en: What stands before the colon of the item; NULL = all, if it is one.
-- scheme zh: 项目代码冒号前的体系；NULL 为不限，但须只有一种。
-- indicator en: growth (year on year), average_growth_compound, increase, multiple ...
-- indicator zh: growth（同比）、average_growth_compound、increase、multiple 等。
-- period en: The later period; NULL = all.
-- period zh: 后一时期；NULL 为不限。
-- since en: First later period; NULL = from the first there is.
-- since zh: 起始时期；NULL 为自最早。
-- until en: Last later period; NULL = to the last there is.
-- until zh: 终止时期；NULL 为至最近。
-- freq en: A, Q or M; NULL = all, if it is one.
-- freq zh: 频率 A、Q 或 M；NULL 为不限，但须只有一种。
-- partner en: Counterpart; W = all the world.
-- partner zh: 伙伴；W 为全世界。
-- dataset en: Only this publication; NULL = all.
-- dataset zh: 仅限该数据集；NULL 为不限。
-- vintage en: An edition; latest = the latest of each dataset; NULL = all.
-- vintage zh: 版次；latest 为各数据集的最新版次；NULL 为不限。
CREATE MACRO main.growth(
    geo, item := NULL, flow := NULL, definition := NULL, currency := NULL, scheme := NULL, indicator := 'growth',
    period := NULL, since := NULL, until := NULL, freq := NULL, partner := 'W', dataset := NULL, vintage := 'latest'
) AS TABLE
WITH asked AS MATERIALIZED (
    SELECT k[1] AS geos, k[2] AS items, k[3] AS flows, k[4] AS definitions, k[5] AS schemes, k[6] AS indicators,
           k[7] AS periods, k[8] AS partners, k[9] AS currencies, k[10] AS freqs, k[11] AS datasets,
           k[12] AS vintages, k[13][1] AS first, k[14][1] AS last
    FROM (SELECT find_codes([['geographies', geo], ['items', item], ['flows', flow], ['definitions', definition],
                             ['schemes', scheme], ['indicators', indicator], ['periods', CAST(period AS VARCHAR)],
                             ['geographies', partner], ['units', currency], ['frequencies', freq],
                             ['datasets', dataset], ['vintages', CAST(vintage AS VARCHAR)], ['times', CAST(since AS VARCHAR)],
                             ['times', CAST(until AS VARCHAR)]]) AS k)
), near AS (
    SELECT i.*, currency IS NULL OR list_contains(a.currencies, i.currency) AS fits
    FROM indicators i
    CROSS JOIN asked a
    JOIN datasets d ON d.dataset = i.dataset AND d.vintage = i.vintage
    WHERE i.indicator IN (SELECT unnest(indicators) FROM asked) AND i.base_period <> ''
      AND (geo IS NULL OR i.geo IN (SELECT unnest(geos) FROM asked))
      AND (item IS NULL OR i.item IN (SELECT unnest(items) FROM asked))
      AND (flow IS NULL OR list_contains(a.flows, i.flow))
      AND (definition IS NULL OR list_contains(a.definitions, i.definition))
      AND (scheme IS NULL OR list_contains(a.schemes, split_part(i.item, ':', 1)))
      AND (freq IS NULL OR list_contains(a.freqs, i.freq))
      AND (partner IS NULL OR list_contains(a.partners, i.partner))
      AND (period IS NULL OR list_contains(a.periods, i.period))
      AND (since IS NULL OR i.period >= a.first)
      AND (until IS NULL OR i.period <= a.last OR starts_with(i.period, a.last))
      AND (dataset IS NULL OR list_contains(a.datasets, i.dataset))
      AND (vintage IS NULL
           OR CASE WHEN a.vintages = ['latest'] THEN d.latest ELSE list_contains(a.vintages, d.vintage) END)
), present AS (
    SELECT refuse_absent('currencies', (SELECT list(DISTINCT n.currency) FROM near n), a.currencies, 'currency') AS is_present
    FROM asked a
), chosen AS (
    SELECT n.*
    FROM near n
    CROSS JOIN present p
    WHERE CASE WHEN p.is_present THEN n.fits END
), sound AS (
    SELECT refuse_mix('indicators', list(DISTINCT c.indicator), 'indicator')
       AND refuse_mix('schemes of items', list(DISTINCT split_part(c.item, ':', 1)), 'scheme')
       AND refuse_mix('currencies', list(DISTINCT c.currency), 'currency')
       AND refuse_mix('definitions', list(DISTINCT c.definition), 'definition')
       AND refuse_mix('frequencies', list(DISTINCT c.freq), 'freq') AS is_sound
    FROM chosen c
)
SELECT c.geo, g.label_en AS geo_label_en, g.label_zh AS geo_label_zh,
       c.item, t.label_en AS item_label_en, t.label_zh AS item_label_zh,
       c.definition, c.flow, c.period, c.base_period, c.freq, c.value, c.lower, c.upper, c.unit, c.currency,
       c.obs_status, c.coverage, c.contested, c.note, c.dataset, c.vintage
FROM chosen c
CROSS JOIN sound s
LEFT JOIN codes g ON g.list = 'geographies' AND g.code = c.geo
LEFT JOIN codes t ON t.list = 'items' AND t.code = c.item
WHERE s.is_sound
ORDER BY c.geo, c.item, c.flow, c.dataset, c.vintage, c.basis, c.adjustment, c.period, c.base_period;
