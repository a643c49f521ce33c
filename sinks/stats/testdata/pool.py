"""What the values are like that notebooks give to stats.Mean: pool.py SERIES.jsonl > pooled.json

SERIES.jsonl has a line {"who": …, "sum": […], "size": […]} for each interval of a mean, written by
a copy of mean.go that logs what `ratio` is given, at most 300 of one caller in a cell, while all
notebooks ran:

    pool.py overlay LOG FOLDER      writes that copy, and FOLDER/overlay.json for the Go command
    GOFLAGS=-overlay=FOLDER/overlay.json .venv/bin/python scripts/run_notebooks.py

The values of each series are centred, divided by their standard deviation, turned round if they are
skewed to the left, and put together with those of all other series of as many units, n. Kept are
199 quantiles of each such pool.
"""

import json
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

QUANTILES, LEAST = 199, 12  # of a pool; series that make one

LOGGED = '''
var (
	logMu    sync.Mutex
	logCount = map[string]int{}
)

func logged(sum, size []float64) {
	var pcs [24]uintptr
	frames, who := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])]), []string{}
	for more := true; more && len(who) < 6; {
		var f runtime.Frame
		if f, more = frames.Next(); !strings.Contains(f.Function, "sinks/stats.") && !strings.HasPrefix(f.Function, "runtime.") {
			who = append(who, f.Function)
		}
	}
	key := strings.Join(who, " < ")
	logMu.Lock()
	defer logMu.Unlock()
	if logCount[key]++; logCount[key] > 300 {
		return
	}
	if line, err := json.Marshal(map[string]any{"who": key, "sum": sum, "size": size}); err == nil {
		if f, err := os.OpenFile(%s, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err == nil {
			defer f.Close()
			f.Write(append(line, '\\n'))
		}
	}
}
'''


def overlay(log: str, folder: Path) -> None:
    source = Path(__file__).resolve().parent.parent / "mean.go"
    text = source.read_text()
    text = text.replace("import (", 'import (\n\t"encoding/json"\n\t"os"\n\t"runtime"\n\t"strings"\n\t"sync"\n', 1)
    text = text.replace("\tn := len(sum)\n", "\tn := len(sum)\n\tlogged(sum, size)\n", 1)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mean.go").write_text(text + LOGGED % json.dumps(str(Path(log).resolve())))
    (folder / "overlay.json").write_text(json.dumps({"Replace": {str(source): str(folder.resolve() / "mean.go")}}))


def pools(path: str) -> list:
    seen, series = set(), defaultdict(list)
    for line in open(path):
        d = json.loads(line)
        total, size = np.array(d["sum"], float), np.array(d["size"], float)
        if len(total) < 5 or len(total) >= 30 or np.ptp(size) > 0:
            continue  # without an interval of t, or a ratio of sums
        x = total / size
        if np.ptp(x) <= 1e-9 * np.abs(x).max() or (key := tuple(np.round(x, 12))) in seen:
            continue  # all the same, or asked for twice
        seen.add(key)
        z = (x - x.mean()) / x.std()
        series[len(x)].append(z * np.sign(np.mean(z**3)))
    at = (np.arange(QUANTILES) + 0.5) / QUANTILES
    return [
        {"n": n, "series": len(series[n]), "quantiles": np.round(np.quantile(np.concatenate(series[n]), at), 4).tolist()}
        for n in sorted(series)
        if len(series[n]) >= LEAST
    ]


if __name__ == "__main__":
    if sys.argv[1] == "overlay":
        overlay(sys.argv[2], Path(sys.argv[3]))
    else:
        print("[\n" + ",\n".join(json.dumps(p) for p in pools(sys.argv[1])) + "\n]")
