-- One row for each printed balance (exports less imports) and each printed total of both flows. Three rounded figures
-- may differ by one and a half units: what the intervals leave.
WITH sides AS (
    SELECT dataset, vintage, table_id, geo, partner, item, activity, mode, period, basis, unit, adjustment,
           count(*) FILTER (measure = 'value' AND flow = 'X') AS xs, count(*) FILTER (measure = 'value' AND flow = 'M') AS ms,
           min(v) FILTER (measure = 'value' AND flow = 'X') AS x, min(lo) FILTER (measure = 'value' AND flow = 'X') AS x_lo,
           max(hi) FILTER (measure = 'value' AND flow = 'X') AS x_hi,
           min(v) FILTER (measure = 'value' AND flow = 'M') AS m, min(lo) FILTER (measure = 'value' AND flow = 'M') AS m_lo,
           max(hi) FILTER (measure = 'value' AND flow = 'M') AS m_hi,
           unnest([{kind: 'value', flow: 'T'}, {kind: 'balance', flow: ''}]) AS asked,
           list({measure: measure, flow: flow, v: v, lo: lo, hi: hi, locator: locator, mult: mult}
                ORDER BY locator) FILTER (measure = 'balance' OR flow = 'T') AS stated
    FROM amounts
    WHERE flow <> 'N'
      -- a table that states neither has nothing to judge
      AND hash(dataset, vintage, table_id) IN (SELECT hash(dataset, vintage, table_id) FROM amounts
                                               WHERE flow <> 'N' AND (measure = 'balance' OR flow = 'T'))
    GROUP BY ALL
    HAVING count(*) FILTER (measure = 'balance' OR flow = 'T') > 0
), said AS (
    SELECT * EXCLUDE (stated), unnest(list_filter(stated, lambda s: s.measure = asked.kind)) AS s
    FROM sides
), held AS (
    SELECT *, s.measure AS kind,
           CASE WHEN s.measure = 'balance' THEN x_lo - m_hi ELSE x_lo + m_lo END AS want_lo,
           CASE WHEN s.measure = 'balance' THEN x_hi - m_lo ELSE x_hi + m_hi END AS want_hi,
           CASE WHEN s.measure = 'balance' THEN x - m ELSE x + m END AS want
    FROM said
)
SELECT dataset, vintage, table_id, geo, partner, s.flow AS flow, item, period, kind AS measure, s.locator AS locator,
       CASE WHEN xs <> 1 OR ms <> 1 OR want_lo IS NULL OR want_hi IS NULL OR s.lo IS NULL OR s.hi IS NULL THEN 'not_judged'
            WHEN s.lo <= want_hi AND s.hi >= want_lo THEN 'pass'
            WHEN kind = 'balance' AND -s.hi <= want_hi AND -s.lo >= want_lo THEN 'fail'
            ELSE 'fail' END AS verdict,
       CASE WHEN xs = 0 OR ms = 0 THEN 'one_flow_missing' WHEN xs > 1 OR ms > 1 THEN 'printed_twice'
            WHEN verdict = 'not_judged' THEN 'no_interval'
            WHEN verdict = 'fail' AND kind = 'balance' AND -s.hi <= want_hi AND -s.lo >= want_lo THEN 'sign_reversed'
            ELSE '' END AS reason,
       CASE WHEN reason = 'sign_reversed' THEN 'information' ELSE '' END AS severity,
       CASE WHEN verdict = 'fail' THEN say(s.v, s.mult) END AS found,
       CASE WHEN verdict = 'fail' THEN tell_range(want_lo, want_hi, s.mult) END AS expected,
       CASE WHEN verdict <> 'pass' THEN excess(s.v, want) END AS size
FROM held
