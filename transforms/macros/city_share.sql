-- en: What share a city, district, province or zone has in its nation, or its digital trade in its services trade or
--     another whole, with the exact range. Where the whole comes from another source there is no value but a note that
--     says so; mixed_sources gives the value with status D.
-- zh: 市、区、省或园区占全国的比重，或其数字贸易占其服务贸易等总体的比重，附精确范围。总体出自其他来源时不给数值而注明原因；mixed_sources 则给出状态为 D 的数值。
-- geo en: Place: code or label, several joined by +.
-- geo zh: 地域：代码或名称，多个以 + 相连。
-- reference en: Of what: code or label of the list references (NATION, SERVICES, SERVICES_TOTAL, WORLD ...).
-- reference zh: 占何者之比：references 表的代码或名称（NATION、SERVICES、SERVICES_TOTAL、WORLD 等）。
-- definition en: Definition of digitally deliverable; NULL = all, and shares that rest on none. Shares of an item that is
--     asked for and is under no definition are always there.
-- definition zh: 可数字化交付的定义；NULL 为不限，并含不依定义者。指明的项目若不属任何定义，其比重始终列出。
-- flow en: X, M, T or their labels; NULL = all.
-- flow zh: 流向：X、M、T 或其名称；NULL 为不限。
-- item en: What is shared: code or label of the list items; NULL = all.
-- item zh: 项目：items 表的代码或名称；NULL 为不限。
-- period en: Period; NULL = all.
-- period zh: 时期；NULL 为不限。
-- mixed_sources en: Give the value (status D) where the whole comes from another source or definition.
-- mixed_sources zh: 总体出自其他来源或定义时仍给出数值（状态 D）。
-- vintage en: An edition; latest = the latest of each dataset; NULL = all.
-- vintage zh: 版次；latest 为各数据集的最新版次；NULL 为不限。
CREATE MACRO main.city_share(
    geo, reference := 'NATION', definition := 'dds6', flow := NULL, item := NULL, period := NULL,
    mixed_sources := false, vintage := 'latest'
) AS TABLE
WITH asked AS MATERIALIZED (
    SELECT k[1] AS geos, k[2] AS items, k[3] AS flows, k[4] AS definitions, k[5] AS refs, k[6] AS periods,
           k[7] AS vintages
    FROM (SELECT find_codes([['geographies', geo], ['items', item], ['flows', flow], ['definitions', definition],
                             ['references', reference], ['periods', CAST(period AS VARCHAR)],
                             ['vintages', CAST(vintage AS VARCHAR)]]) AS k)
), given AS (
    SELECT i.*, false AS is_mixed FROM indicators i
    UNION ALL BY NAME
    SELECT m.*, true AS is_mixed FROM indicators_on_request m WHERE mixed_sources AND m.asked = 'mixed_sources'
), chosen AS (
    SELECT i.*
    FROM given i
    CROSS JOIN asked a
    JOIN datasets d ON d.dataset = i.dataset AND d.vintage = i.vintage
    WHERE i.unit = 'PERCENT' AND i.base_period = ''
      AND list_contains(a.refs, i.reference)
      AND (geo IS NULL OR i.geo IN (SELECT unnest(geos) FROM asked))
      -- an item that was asked for and is under no definition is not cut by the usual one
      AND (definition IS NULL OR list_contains(a.definitions, i.definition)
           OR (item IS NOT NULL AND i.definition = ''))
      AND (flow IS NULL OR list_contains(a.flows, i.flow))
      AND (item IS NULL OR i.item IN (SELECT unnest(items) FROM asked))
      AND (period IS NULL OR list_contains(a.periods, i.period))
      AND (vintage IS NULL
           OR CASE WHEN a.vintages = ['latest'] THEN d.latest ELSE list_contains(a.vintages, d.vintage) END)
    -- a value that was asked for takes the place of the row without one
    QUALIFY row_number() OVER (
        PARTITION BY i.indicator, i.definition, i.geo, i.reference, i.partner, i.flow, i.item, i.period, i.freq,
                     i.basis, i.adjustment, i.currency, i.dataset, i.vintage
        ORDER BY i.value IS NULL, i.is_mixed) = 1
)
SELECT c.geo, g.label_en AS geo_label_en, g.label_zh AS geo_label_zh, c.indicator, c.reference,
       r.label_en AS reference_label_en, r.label_zh AS reference_label_zh, c.definition, c.flow,
       c.item, t.label_en AS item_label_en, t.label_zh AS item_label_zh,
       c.period, c.value, c.lower, c.upper, c.unit, c.currency, c.obs_status, c.coverage, c.contested, c.note,
       c.dataset, c.vintage, c.ref_dataset, c.ref_vintage
FROM chosen c
LEFT JOIN codes g ON g.list = 'geographies' AND g.code = c.geo
LEFT JOIN codes r ON r.list = 'references' AND r.code = c.reference
LEFT JOIN codes t ON t.list = 'items' AND t.code = c.item
ORDER BY c.geo, c.reference, c.definition, c.item, c.flow, c.period, c.dataset, c.vintage, c.basis, c.adjustment,
         c.currency;
