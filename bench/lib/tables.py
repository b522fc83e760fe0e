"""Markdown tables, and the raw figures beside them."""

import datetime
import json
import os
import platform
import subprocess


def markdown(title, columns, rows):
    """A table that reads as well in a terminal: the first column to the left, the others to the right."""
    cells = [[str(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(columns))]

    def line(row):
        return "| " + " | ".join(cell.rjust(width) if i else cell.ljust(width)
                                 for i, (cell, width) in enumerate(zip(row, widths))) + " |"

    rule = "|" + "|".join("-" * (width + 1) + (":" if i else "-") for i, width in enumerate(widths)) + "|"
    return "\n".join([f"### {title}", "", line(cells[0]), rule, *map(line, cells[1:])]) + "\n"


def machine():
    model = "unknown"
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    version = subprocess.run(["psql", "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()
    now = datetime.datetime.now(datetime.timezone.utc)
    return {"time": now.isoformat(timespec="seconds"), "processors": os.cpu_count(), "model": model,
            "kernel": platform.release(), "postgresql": version}


def save(folder, scenario, figures):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{scenario}.json")
    with open(path, "w") as out:
        json.dump({"machine": machine(), **figures}, out, indent=1)
    return path
