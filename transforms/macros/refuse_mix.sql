-- en: Refuses figures that cannot stand in one answer: an error where there are several values, else true.
-- zh: 拒绝不能同列于一个答案的数字：取值多于一个时报错，否则为真。
-- what en: What the values are, in words.
-- what zh: 这些取值是什么（文字）。
-- found en: The values found, as a list.
-- found zh: 所见取值的列表。
-- choice en: The parameter that chooses one of them.
-- choice zh: 用以选定其一的参数。
CREATE MACRO main.refuse_mix(what, found, choice) AS (
    CASE WHEN len(list_distinct(found)) > 1
         THEN error(concat('the figures asked for are in several ', what, ' (',
                           array_to_string(list_sort(list_distinct(found)), ', '),
                           '), which cannot stand in one answer; choose with ', choice, ' := ''',
                           list_sort(list_distinct(found))[1], ''''))
         ELSE true END
);
