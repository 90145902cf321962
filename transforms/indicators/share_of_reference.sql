-- Shares of other references that a publisher prints (share of a district in its city, of digital exports in all
-- services trade ...), wherever both levels are published.
SELECT own_definition AS definition, geo, reference, partner, flow, item, period, '' AS base_period, freq, basis,
       adjustment, 'PERCENT' AS unit, currency, dataset, vintage, dataset AS ref_dataset, vintage AS ref_vintage,
       value, lower, upper, 0 AS unit_mult, statuses, coverage, method, contested, '' AS asked, note, inputs
FROM shares
WHERE reference NOT IN ('NATION', 'WORLD', 'SERVICES', 'DDS6', '')
  AND EXISTS (
    SELECT 1 FROM observations o
    WHERE o.measure = 'share'
      AND (o.dataset, o.vintage, o.geo, o.partner, o.flow, o.item, o.period, o.reference)
        = (shares.dataset, shares.vintage, shares.geo, shares.partner, shares.flow, shares.item, shares.period,
           shares.reference))
