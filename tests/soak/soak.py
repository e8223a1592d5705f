#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""soak.py runs N [CHUNK] | soak.py long TIME (90s, 30m, 1h): what many runs, or one long one, leave growing.

Samples the harness (open files, threads, inotify, memory) and what it makes on the box (cgroups, /dev/shm,
runtime folders of runs and of libvirt, mounts, QEMUs) while it works. A row holds the least of each since the
row before: what is held between two runs. Growth is that from a third of the way to the end (before it, caches
fill); of the box, also from before the first run to after the last. Exit 1 when anything grew. STEALSCOPE names
the program; WRAP a command put before each process (a lock, say); CHUNK runs per process."""
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SS = os.environ.get("STEALSCOPE", "build/stealscope")
WRAP = shlex.split(os.environ.get("WRAP", ""))
MARK = "-soak-long-" if "long" in sys.argv else "-soak-"  # in the names of runs of this scenario
MEMORY_SLACK_KB = 1024  # of allocators: 5 kB a run in 200 of them would show


def entries(path, match=""):
    try:
        return sum(match in name for name in os.listdir(path))
    except OSError:
        return 0


def folders(root, match):
    return sum(match in d for _, dirs, _ in os.walk(root) for d in dirs)


def links(pid, match):
    n = 0
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            n += match in os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            pass
    return n


def status(pid, key):
    with open(f"/proc/{pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith(key))


def mounts():
    with open("/proc/self/mounts") as f:
        return sum(MARK in line or " /run/stealscope/" in line for line in f)


def children(pid, name):
    """The pids of its descendants whose command is `name`."""
    out = []
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            for child in f.read().split():
                with open(f"/proc/{child}/comm") as c:
                    out += [int(child)] if c.read().strip() == name else []
                out += children(child, name)
    except OSError:  # gone meanwhile
        pass
    return out


# Of the harness: (column, how). None where the process is gone.
HARNESS = [
    ("fds", lambda p: entries(f"/proc/{p}/fd")),
    ("threads", lambda p: status(p, "Threads:")),
    ("inotify", lambda p: links(p, "inotify")),
    # Not all that is resident: pages of programs and libraries go and come back as the box needs memory.
    ("anon_kB", lambda p: status(p, "RssAnon:")),
]
# Of the box: only what runs of this scenario make, so that others on the box do not count.
BOX = [
    ("cgroups", lambda p: folders("/sys/fs/cgroup", MARK)),
    ("shm", lambda p: entries("/dev/shm", MARK)),
    ("runtime", lambda p: entries("/run/stealscope", MARK)),
    ("libvirt", lambda p: sum(len(f) for _, _, f in os.walk(libvirt_root(p)))),
    ("mounts", lambda p: mounts()),
    ("qemus", lambda p: sum(MARK in cmdline(q) for q in os.listdir("/proc") if q.isdigit())),
]


def libvirt_root(pid):
    """The folder of its embedded libvirt driver: PID-START."""
    return next((f"/run/stealscope/{d}" for d in os.listdir("/run/stealscope") if d.startswith(f"{pid}-")), "/nowhere") \
        if os.path.isdir("/run/stealscope") else "/nowhere"


def cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as f:
            text = f.read()
            return text if "guest=" in text else ""
    except (OSError, UnicodeDecodeError):
        return ""


def harness_of(process):
    """The stealscope process below a wrapper, or the process itself."""
    return (children(process.pid, "stealscope") or [process.pid])[0] if WRAP else process.pid


def sample(pid):
    row = {name: how(pid) for name, how in BOX}
    try:
        row.update({name: how(pid) for name, how in HARNESS})
    except (OSError, StopIteration):  # gone, or a zombie: it has no VmRSS
        pass
    return row


def lower(into, row):
    for name, value in row.items():
        into[name] = min(into.get(name, value), value)


def spark(values):
    low, high = min(values), max(values)
    return "".join("▁▂▃▄▅▆▇█"[int(7.99 * (v - low) / (high - low)) if high > low else 0] for v in values)


def report(rows, what, before, after):
    if len(rows) < 3:
        print(f"soak: {what}: {len(rows)} rows of figures are too few for a growth")
        return 1
    grown = 0
    print(f"\n{'':9} {'third':>8} {'last':>8} {'growth':>8} {'before':>8} {'after':>8}")
    for name, _ in HARNESS + BOX:
        values = [row[name] for _, row in rows if name in row]
        growth = values[-1] - values[len(values) // 3]
        bad = growth > (MEMORY_SLACK_KB if name.endswith("_kB") else 0) or after.get(name, 0) > before.get(name, 0)
        grown += bad
        print(f"{name:9} {values[len(values) // 3]:8} {values[-1]:8} {growth:+8} {before.get(name, '-'):>8} "
              f"{after.get(name, '-'):>8} {spark(values)}{'  GREW' if bad else ''}")
    print(f"soak: {what}: {'nothing grew' if not grown else f'{grown} figures grew'}")
    return 1 if grown else 0


class Table:
    def __init__(self, every):
        self.every, self.rows, self.next = every, [], every
        names = [name for name, _ in HARNESS + BOX]
        print(f"{'at':>6} " + " ".join(f"{n:>8}" for n in names), flush=True)

    def close(self, at, least):
        self.rows.append((at, dict(least)))
        print(f"{at:>6} " + " ".join(f"{least.get(n, '-'):>8}" for n, _ in HARNESS + BOX), flush=True)


def finished(results):
    return sum(1 for d in entries_of(results) if os.path.exists(f"{results}/{d}/analysis.json"))


def entries_of(results):
    return [d for d in os.listdir(results) if d.endswith(tuple("0123456789abcdef")) and "-soak-" in d] \
        if os.path.isdir(results) else []


def start(arguments, log):
    return subprocess.Popen(WRAP + [SS] + arguments, stdout=log, stderr=log)


def stop(process):
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        process.wait()


def run_many(n, chunk, tmp, log):
    results, every = f"{tmp}/results", max(1, min(20, n // 5))
    table, least, done = Table(every), {}, 0
    while done < n:
        process = start(["batch", "--results", results, "--cool-down", "2", "--repeats", str(min(chunk, n - done)),
                         f"{HERE}/soak.xml"], log)
        try:
            while process.poll() is None:
                now = finished(results)
                # A young process holds less than it will: its own figures count from its third run on.
                lower(least, sample(harness_of(process) if now - done >= min(3, chunk - 1) else 0))
                if now >= table.next:
                    table.close(now, least)
                    least, table.next = {}, now - now % every + every
                time.sleep(0.2)
        finally:
            stop(process)
        if finished(results) == done:
            return table, done
        done = finished(results)
    return table, done


def run_long(seconds, tmp, log):
    table, least, begun = Table(seconds / 20), {}, time.monotonic()
    process = start(["run", "-q", "--results", f"{tmp}/results", "--set", f"duration={seconds}s", f"{HERE}/soak-long.xml"], log)
    while process.poll() is None:
        at = time.monotonic() - begun
        if at < seconds:  # what follows is the analysis
            lower(least, sample(harness_of(process)))
        if table.next <= at < seconds + 1:
            table.close(f"{int(at)}s", least)
            least, table.next = {}, table.next + table.every
        time.sleep(min(1, seconds / 200))
    return table, process.returncode


def seconds(text):
    unit = {"s": 1, "m": 60, "h": 3600}.get(text[-1])
    return int(text[:-1]) * unit if unit else int(text)


def main():
    what, amount = sys.argv[1], seconds(sys.argv[2])
    chunk = int(sys.argv[3]) if len(sys.argv) > 3 else amount
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="stealscope-soak.") as tmp, open(f"{tmp}/log", "w+") as log:
        before = sample(0)
        if what == "long":
            table, code = run_long(amount, tmp, log)
            wrong, said = code not in (0, 3), f"one run of {amount} s"
        else:
            table, done = run_many(amount, chunk, tmp, log)
            wrong, said = done < amount, f"{done} runs in {time.monotonic() - begun:.0f} s"
        if wrong:
            log.seek(0)
            print("".join(log.readlines()[-20:]) + f"soak: {said}: failed")
            return 1
        return report(table.rows, said, before, sample(0))


if __name__ == "__main__":
    sys.exit(main())
