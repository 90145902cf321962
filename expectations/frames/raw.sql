-- One row per file of an edition, with what its card says. $dataset and $vintage choose the edition.
-- place: where the card names none at all, its files are not taken from documents but are the publisher's whole files.
-- address: of the edition, or the place of an excerpt.
SELECT dataset, vintage, file AS locator, CASE WHEN url = '' THEN f.place ELSE url END AS address, publisher_zh,
       publisher_en, title_zh, title_en, terms, accessed, sha256,
       CASE WHEN bool_and(place = '') OVER () THEN 'whole file' ELSE place END AS place, bytes
FROM edition_files f
LEFT JOIN (SELECT dataset, vintage, url FROM datasets) d USING (dataset, vintage)
WHERE dataset = $dataset AND vintage = $vintage
ORDER BY file
