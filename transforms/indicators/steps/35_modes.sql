-- 2b. Levels of one mode of supply under the items of definitions: a publisher's item that the concordance says is one and
--     the same (relation 1:1). Definitions by mode (what is delivered, not what is deliverable) are summed from these only.
INSERT INTO levels BY NAME
SELECT l.* REPLACE (c.to_code AS item, 'concordance' AS method)
FROM levels l
JOIN concordances c ON c.from_code = l.item AND c.relation = '1:1' AND c.weight = 1
WHERE l.mode <> '_T' AND c.to_code IN (SELECT item FROM definition_parts WHERE mode = l.mode)
  AND NOT EXISTS (
    SELECT 1 FROM levels o
    WHERE (o.dataset, o.vintage, o.geo, o.partner, o.flow, o.item, o.mode, o.period, o.basis, o.price, o.unit, o.adjustment)
        = (l.dataset, l.vintage, l.geo, l.partner, l.flow, c.to_code, l.mode, l.period, l.basis, l.price, l.unit,
           l.adjustment));
