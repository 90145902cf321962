-- One row per code of the lists that point at one another, with what it points at in vain.
SELECT 'geographies ' || g.code AS locator,
       CASE WHEN g.parent <> '' AND g.parent NOT IN (SELECT code FROM geographies) THEN g.parent END AS lost_parent,
       CASE WHEN g.nation <> '' AND g.nation NOT IN (SELECT code FROM geographies) THEN g.nation END AS lost_nation,
       NULL AS lost_item, NULL AS lost_currency, label_en, label_zh
FROM geographies g
UNION ALL
SELECT 'items ' || i.code,
       CASE WHEN i.parent <> '' AND i.parent NOT IN (SELECT code FROM items) THEN i.parent END, NULL, NULL, NULL,
       label_en, label_zh
FROM items i
UNION ALL
SELECT 'definitions ' || d.definition || ' ' || d.item, NULL, NULL,
       CASE WHEN d.item NOT IN (SELECT code FROM items) THEN d.item END, NULL, label_en, label_zh
FROM definitions d
UNION ALL
SELECT 'references ' || r.code, NULL,
       CASE WHEN r.geo NOT IN ('', '@nation', '@parent') AND r.geo NOT IN (SELECT code FROM geographies)
            THEN r.geo END,
       CASE WHEN r.item <> '' AND r.item NOT IN (SELECT code FROM items) THEN r.item END, NULL, label_en, label_zh
FROM refs r
UNION ALL
SELECT 'definition_items ' || d.definition || ' ' || d.item, NULL, NULL,
       CASE WHEN d.item NOT IN (SELECT code FROM items) THEN d.item END, NULL, label_en, label_zh
FROM definition_items d
UNION ALL
SELECT 'schemes ' || s.code, NULL, NULL,
       CASE WHEN s.additive_to <> '' AND s.additive_to NOT IN (SELECT code FROM items) THEN s.additive_to END,
       NULL, label_en, label_zh
FROM schemes s
UNION ALL
SELECT concat('concordances ', c.from_scheme, ' ', c.from_code, ' ', c.to_scheme, ' ', c.to_code),
       CASE WHEN c.from_scheme NOT IN (SELECT code FROM schemes) THEN c.from_scheme
            WHEN c.to_scheme NOT IN (SELECT code FROM schemes) THEN c.to_scheme END, NULL,
       CASE WHEN c.to_code <> '' AND c.to_code NOT IN (SELECT code FROM items) THEN c.to_code END, NULL, NULL, NULL
FROM concordances c
UNION ALL
SELECT concat('group_members ', m.group_code, ' ', m.member, ' ', m.valid_from), NULL,
       CASE WHEN m.group_code NOT IN (SELECT code FROM geographies) THEN m.group_code
            WHEN m.member NOT IN (SELECT code FROM geographies) THEN m.member END, NULL, NULL, NULL, NULL
FROM group_members m
UNION ALL
SELECT concat_ws(' ', 'conversions', c.dataset, c.from_currency, c.to_currency), NULL, NULL,
       CASE WHEN NOT starts_with(c.series, 'XR:') OR c.series NOT IN (SELECT code FROM items) THEN c.series END,
       CASE WHEN c.from_currency NOT IN (SELECT code FROM units) THEN c.from_currency
            WHEN c.to_currency NOT IN (SELECT code FROM units) THEN c.to_currency END, NULL, NULL
FROM conversions c
ORDER BY locator
