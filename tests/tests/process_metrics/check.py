"""Scrapes an exporter and compares what it says of its process with what /proc says, read from
outside before and after. Prints the samples as JSON."""

import http.client
import json
import os
import sys

port, pid = int(sys.argv[1]), int(sys.argv[2])
proc = f"/proc/{pid}"
TICK = 1 / os.sysconf("SC_CLK_TCK")
MIB = 1 << 20


def fields(path):
    with open(path) as file:
        return dict(line.split(":", 1) for line in file)


def limit(name):
    with open(f"{proc}/limits") as file:
        line = next(line for line in file if line.startswith(name))
    soft = line[len(name):].split()[0]
    return 2.0**64 if soft == "unlimited" else float(soft)


def read_stat():
    with open(f"{proc}/stat") as file:
        stat = file.read().rsplit(")", 1)[1].split()
    # By their numbers in proc(5).
    return {number: int(value) for number, value in enumerate(stat, 3) if number > 3}


def look():
    stat = read_stat()
    with open("/proc/stat") as file:
        boot = int(next(line for line in file if line.startswith("btime")).split()[1])
    tasks = [fields(f"{proc}/task/{task}/status") for task in os.listdir(f"{proc}/task")]
    switches = lambda kind: sum(int(task[f"{kind}_ctxt_switches"]) for task in tasks)
    return {
        "process_cpu_seconds_total": (stat[14] + stat[15]) * TICK,
        "process_page_faults_total{type=\"minor\"}": stat[10],
        "process_page_faults_total{type=\"major\"}": stat[12],
        "process_context_switches_total{type=\"voluntary\"}": switches("voluntary"),
        "process_context_switches_total{type=\"involuntary\"}": switches("nonvoluntary"),
        "process_resident_memory_bytes": stat[24] * os.sysconf("SC_PAGE_SIZE"),
        "process_virtual_memory_bytes": stat[23],
        "process_virtual_memory_max_bytes": limit("Max address space"),
        "process_open_fds": len(os.listdir(f"{proc}/fd")),
        "process_max_fds": limit("Max open files"),
        "process_start_time_seconds": boot + stat[22] * TICK,
        "process_threads": len(tasks),
    }


# How far a value may lie outside of those from before and after.
SLACK = {
    "process_cpu_seconds_total": 2 * TICK,  # two numbers, each cut to a tick
    "process_resident_memory_bytes": 8 * MIB,  # counted by core
    "process_virtual_memory_bytes": 256 * MIB,  # an arena of malloc
    "process_start_time_seconds": 1.1,  # btime is cut to a second
}

connection = http.client.HTTPConnection("127.0.0.1", port)
connection.connect()
# One request ahead, so that nothing is looked at that only the first one does.
for path in ("/health", "/metrics"):
    before = look()
    connection.request("GET", path)
    text = connection.getresponse().read().decode()
    after = look()

samples = {}
for line in text.splitlines():
    if line.startswith("process_"):
        name, value = line.rsplit(" ", 1)
        assert name not in samples, line
        samples[name] = float(value)

assert samples.keys() == before.keys(), samples.keys() ^ before.keys()
for name, value in samples.items():
    low, high = sorted((before[name], after[name]))
    slack = SLACK.get(name, 0)
    assert low - slack <= value <= high + slack, (name, low, value, high)
types = {line.split()[2]: line.split()[3] for line in text.splitlines() if line[:6] == "# TYPE"}
for name in samples:
    family = name.split("{")[0]
    assert types[family] == ("counter" if family.endswith("_total") else "gauge"), family
started = read_stat()[22] * TICK
print(json.dumps({"text": text, "samples": samples, "started_after_boot": started}))
