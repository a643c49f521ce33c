"""The loop of a measured program, as internal/bench speaks it: one request a line on
standard input, one answer a line on standard output, both JSON objects.

The first line out is {"versions": {...}}. A request is {"do": NAME, "ids": [...],
"full": BOOL}; its answer has "seconds" for the measured call alone, and where full is
true also what was computed, so that it can be compared.
"""

import json
import os
import sys


def serve(versions: dict, commands: dict) -> None:
    # Libraries print where they like; only answers may reach the other side.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    print(json.dumps({"versions": versions}), file=answers)
    for line in sys.stdin:
        request = json.loads(line)
        answer = commands[request["do"]](request["ids"], request["full"])
        answer["peak_kib"] = peak_kib()
        print(json.dumps(answer), file=answers)


def peak_kib() -> int:
    """The most memory this process has had resident, or 0 where there is no /proc."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    except OSError:
        return 0
