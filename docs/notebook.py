"""A notebook on the published database: opens it read-only and draws a chart that carries its unit and source.

Run it as a page with `marimo edit docs/notebook.py`, or as a script with `python docs/notebook.py`, which writes the
chart as Vega-Lite to the standard output. DIGITRADE_DATA_DIR names another data folder.
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def open_database():
    import os
    from pathlib import Path

    import duckdb

    folder = Path(os.environ.get("DIGITRADE_DATA_DIR", Path(__file__).resolve().parents[1] / "data"))
    # read-only: any number of readers at once, also while a run publishes; the next run replaces the file as a whole
    con = duckdb.connect(str(folder / "curated" / "digitrade.duckdb"), read_only=True)
    return (con,)


@app.cell
def choose():
    # one dataset, one definition, one unit: the macro refuses what cannot stand in one chart
    question = {
        "places": "CHN+IND+IRL+SGP+HKG",
        "flow": "X",
        "definition": "unctad",
        "dataset": "unctad_digitally_deliverable",
        "since": "2015",
    }
    lang = "en"
    return lang, question


@app.cell
def ask(con, lang, question):
    found = con.execute(
        "FROM series($places, flow := $flow, definition := $definition, dataset := $dataset, since := $since)", question
    )
    figures = found.to_arrow_table().to_pylist()
    rows = [
        {
            "place": row[f"geo_label_{lang}"],
            "period": row["period"],
            # a figure that is missing stays missing, and breaks the line; it is no zero
            **{name: None if row[name] is None else float(row[name]) for name in ("value", "lower", "upper")},
            "status": row["obs_status"],
            "cell": f"{row['dataset']}/{row['vintage']}/{row['locator']}",
        }
        for row in figures
    ]
    return figures, rows


@app.cell
def describe(con, figures, lang):
    first = figures[0]
    label = f"SELECT label_{lang} FROM codes WHERE list = ? AND code = ?"
    unit = con.execute(label, ["units", first["unit"]]).fetchone()
    flow = con.execute(label, ["flows", first["flow"]]).fetchone()
    axis = f"{unit[0]}, × 10^{first['unit_mult']}"
    title = f"{first[f'item_label_{lang}']}: {flow[0]}"
    edition = f"SELECT concat_ws(', ', publisher_{lang}, title_{lang}, vintage) FROM datasets"
    source = con.execute(
        f"{edition} WHERE dataset = ? AND vintage = ?", [first["dataset"], first["vintage"]]
    ).fetchone()
    return axis, source, title


@app.cell
def draw(axis, rows, source, title):
    import altair as alt

    chart = (
        alt.Chart(alt.Data(values=rows))
        .mark_line(point=True)
        .encode(
            x=alt.X("period:O", title=None),
            y=alt.Y("value:Q", title=axis),
            color=alt.Color("place:N", title=None),
            tooltip=["place:N", "period:O", "value:Q", "lower:Q", "upper:Q", "status:N", "cell:N"],
        )
        .properties(title=alt.TitleParams(title, subtitle=f"Source: {source[0]}"), width=640, height=320)
    )
    chart  # noqa: B018 - what a cell ends with is shown
    return (chart,)


if __name__ == "__main__":
    _, names = app.run()
    print(names["chart"].to_json())
