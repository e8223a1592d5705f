"""Invented boots, into an index that list has made: arms that differ, that do not, few, moved, sharded, swept."""
import random, sqlite3, sys
rng, db, n = random.Random(7), sqlite3.connect(sys.argv[1]), 0
def boots(scenario, variant, count, late, point="", host="lab", kernel="6.1", first=0, overrides=""):
    global n
    for k in range(first, first + count):
        n += 1
        run = f"r{n:04}"
        db.execute("INSERT INTO runs (run, folder, experiment, scenario, variant, point, repeat, seed, status, started,"
                   " duration_s, host, kernel, version, overrides) VALUES (?,?,'e',?,?,?,?,1,'complete',?,10,?,?,'0',?)",
                   (run, run, scenario, variant, point, k, f"2026-11-20T10:{n // 60:02}:{n % 60:02}Z", host, kernel, overrides))
        for name, unit, v in (("timer.late.p99", "us", late), ("steal.rate", "ms/s", 100)):
            value = v * rng.gauss(1, .02)
            db.execute("INSERT INTO metrics VALUES (?,'victim',0,-1,?,?,?)", (run, name, unit, value))
            db.execute("INSERT INTO metrics VALUES (?,'hog-0',1,-1,?,?,?)", (run, name, unit, 1e6 * n)) # in no mean
        if scenario == "swept": # the last value's witness, and nothing
            db.execute("INSERT INTO metrics VALUES (?,'victim',0,-1,'run_delay.rate','ms/s',?)", (run, value + .5))
            db.execute("INSERT INTO metrics VALUES (?,'victim',0,-1,'throttle.rate','ms/s',0)", (run,))
boots("made", "float", 10, 4400)
boots("made", "pinned", 10, 1300)
boots("made", "stacked", 10, 9000)
boots("few", "float", 4, 4400)
boots("few", "pinned", 4, 1300)
boots("moved", "float", 10, 4400)
boots("moved", "pinned", 10, 1300, host="other")
boots("mixed", "float", 10, 4400)
boots("mixed", "pinned", 6, 1300)
boots("mixed", "pinned", 6, 900, overrides="duration=2s")
boots("newer", "pinned", 10, 1300, kernel="6.12")
# Two shards: the hosts differ tenfold, the variants by a tenth.
for v, late in (("float", 1000), ("pinned", 900)):
    boots("sharded", v, 10, late, host="lab", first=0)
    boots("sharded", v, 9, 10 * late, host="other", first=10)
for v in ("float", "pinned"):
    for p in (10, 1, 2):
        boots("swept", f"{v}-overcommit-{p}", 6, 1000 * p * (1 if v == "float" else .5), f"lab.overcommit={p}")
# Planted: what pinned and stacked do to the float's 1000 us at each point of a sweep.
for v, factors in (("float", (1, 1, 1, 1)), ("pinned", (.8, .8, 1, 1.2)), ("stacked", (1, 1.2, 1.2, 1.2))):
    for p, f in zip((1, 2, 4, 8), factors):
        boots("planted", f"{v}-overcommit-{p}", 8, 1000 * f, f"lab.overcommit={p}")
db.commit()
