"""Markdown tables, and the raw figures beside them."""

import datetime
import json
import os
import platform
import subprocess


def markdown(title, columns, rows):
    lines = [f"### {title}", "", "| " + " | ".join(columns) + " |",
             "|" + "|".join("---" if i == 0 else "--:" for i in range(len(columns))) + "|"]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def machine():
    model = "unknown"
    with open("/proc/cpuinfo") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    version = subprocess.run(["psql", "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()
    return {"time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"), "processors": os.cpu_count(),
            "model": model, "kernel": platform.release(), "postgresql": version}


def save(folder, scenario, figures):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, f"{scenario}.json")
    with open(path, "w") as out:
        json.dump({"machine": machine(), **figures}, out, indent=1)
    return path
