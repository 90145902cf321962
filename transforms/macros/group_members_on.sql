-- en: Members of each group of economies or cities on a day.
-- zh: 某日各国家组或地区组的成员。
-- day en: The day, as text: '2020-01-31'.
-- day zh: 日期（文本），如 '2020-01-31'。
CREATE MACRO main.group_members_on(day) AS TABLE
SELECT group_code, member, note, source
FROM group_members
WHERE valid_from <= day AND (valid_to = '' OR valid_to >= day)
ORDER BY group_code, member
