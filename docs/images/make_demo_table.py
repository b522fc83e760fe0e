#!/usr/bin/python3
"""Draws the demonstration's table as an SVG: rows as JSON on standard input, the picture on standard output.

    docs/images/make_demo_table.py < rows.json > docs/images/demo-table.svg
    docs/images/make_demo_table.py --from-demo < build/bench/demo.json > docs/images/demo-table.svg

Rows are a list of {"label", "reads", "own", "back", "told", "replicas", "latency"}. With --from-demo the input is the
file of raw figures that ./demo.sh leaves behind. A value may be a number or a text; "" and null are drawn as a dash.
A count of reads that were too old is drawn in red if it is not zero."""

import json
import sys
from xml.sax.saxutils import escape

COLUMNS = (("label", "", 30, "start"), ("reads", "reads", 340, "end"), ("own", "own writes|not seen", 450, "end"),
           ("back", "reads that|went back", 555, "end"), ("told", "older than|others were told", 680, "end"),
           ("replicas", "served by|replicas", 775, "end"), ("latency", "p50 / p99|ms", 880, "end"))
COUNTS = ("own", "back", "told")
WIDTH, TOP, HEAD, ROW, BOTTOM = 910, 54, 46, 34, 16
STYLE = """
  .frame { fill: #ffffff; stroke: #d0d7de; } .rule { stroke: #d0d7de; } .stripe { fill: #f6f8fa; }
  text { font: 14px system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; } .head { font-size: 12px; fill: #59636e; }
  .bad { fill: #cf222e; font-weight: 600; } .good { fill: #1a7f37; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    .frame { fill: #0d1117; stroke: #3d444d; } .rule { stroke: #3d444d; } .stripe { fill: #151b23; }
    text { fill: #f0f6fc; } .head { fill: #9198a1; } .bad { fill: #f85149; } .good { fill: #3fb950; }
  }
"""


def rows_of_demo(figures):
    """From what bench/lib/demo.py saves."""
    for run in figures["runs"]:
        found = run["violations"]
        share = run.get("replica_share", 1.0)  # round-robin reads from replicas only
        yield {"label": run["label"], "reads": run["reads"], "own": found["own_write"], "back": found["went_back"],
               "told": found["causal"], "replicas": f"{100 * share:.1f} %",
               "latency": f"{run['read']['p50_ms']:.2f} / {run['read']['p99_ms']:.2f}"}


def shown(value):
    if value is None or value == "":
        return "–"
    return f"{value:,}".replace(",", " ") if isinstance(value, int) else str(value)


def text(x, y, content, anchor="start", kind=""):
    css = f' class="{kind}"' if kind else ""
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}"{css}>{escape(content)}</text>'


def header():
    for _, title, x, anchor in COLUMNS:
        for number, line in enumerate(title.split("|") if title else ()):
            yield text(x, TOP + 14 + 15 * number, line, anchor, "head")
    yield f'<line class="rule" x1="16" x2="{WIDTH - 16}" y1="{TOP + HEAD - 8}" y2="{TOP + HEAD - 8}"/>'


def kind_of(key, value):
    if key not in COUNTS or not isinstance(value, int):
        return ""
    return "bad" if value else "good"


def body(rows):
    for number, row in enumerate(rows):
        top = TOP + HEAD + ROW * number - 6
        if number % 2:
            yield f'<rect class="stripe" x="16" y="{top}" width="{WIDTH - 32}" height="{ROW}"/>'
        for key, _, x, anchor in COLUMNS:
            yield text(x, top + 22, shown(row.get(key)), anchor, kind_of(key, row.get(key)))


def picture(rows):
    height = TOP + HEAD + ROW * len(rows) + BOTTOM
    title = "Reads that were too old"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{title}">',
        f"<title>{title}</title>", f"<style>{STYLE}</style>",
        f'<rect class="frame" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8"/>',
        text(30, 34, title + ": 8 clients, 30 % writes, one of two replicas 40 ms behind", kind="title"),
        *header(), *body(rows), "</svg>"]) + "\n"


def main():
    given = json.load(sys.stdin)
    rows = list(rows_of_demo(given)) if "--from-demo" in sys.argv[1:] else given
    sys.stdout.write(picture(rows))


if __name__ == "__main__":
    main()
