-- One row per code of the lists that point at one another, with what it points at in vain.
SELECT 'geographies ' || g.code AS locator,
       CASE WHEN g.parent <> '' AND g.parent NOT IN (SELECT code FROM geographies) THEN g.parent END AS lost_parent,
       CASE WHEN g.nation <> '' AND g.nation NOT IN (SELECT code FROM geographies) THEN g.nation END AS lost_nation,
       NULL AS lost_item, label_en, label_zh
FROM geographies g
UNION ALL
SELECT 'items ' || i.code,
       CASE WHEN i.parent <> '' AND i.parent NOT IN (SELECT code FROM items) THEN i.parent END, NULL, NULL,
       label_en, label_zh
FROM items i
UNION ALL
SELECT 'definitions ' || d.definition || ' ' || d.item, NULL, NULL,
       CASE WHEN d.item NOT IN (SELECT code FROM items) THEN d.item END, label_en, label_zh
FROM definitions d
UNION ALL
SELECT 'references ' || r.code, NULL,
       CASE WHEN r.geo NOT IN ('', '@nation', '@parent') AND r.geo NOT IN (SELECT code FROM geographies)
            THEN r.geo END,
       CASE WHEN r.item <> '' AND r.item NOT IN (SELECT code FROM items) THEN r.item END, label_en, label_zh
FROM refs r
UNION ALL
SELECT 'mofcom_categories ' || m.code, NULL, NULL,
       CASE WHEN m.ebops2010 NOT IN (SELECT code FROM items) THEN m.ebops2010 END, label_en, label_zh
FROM mofcom_categories m
ORDER BY locator
