"""Steps with Postgres, which keeps the only record: what it refuses is waited for, without a busy loop, and told."""
import os
import time

import psycopg2

from fault_words import verb

PRODUCT = "usename = 'ticklerd_app'"


def connect(scene, user):
    return psycopg2.connect(host=str(scene.house.dir / "run/postgres"), dbname="ticklerd", user=user)


@verb
def read_only(scene, on):
    """Every transaction that begins from now on may only read, as on a standby."""
    scene.house.sql(f"ALTER SYSTEM SET default_transaction_read_only = {'on' if on else 'off'}")
    scene.house.sql("SELECT pg_reload_conf()")
    scene.house.wait(lambda: scene.house.one("SHOW transaction_read_only") == ("on" if on else "off"), "the new mode")
    scene.office.history.fault(f"Postgres read-only: {on}")


@verb
def disconnect(scene):
    """Ends every connection of the product."""
    scene.house.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {PRODUCT}")
    scene.office.history.fault("every connection ended")


@verb
def take_connections(scene):
    """Takes every connection that there is, also those of the product; those kept for superusers stay."""
    held = scene.marks.setdefault("connections", [])
    scene.undo.append(lambda: give_connections(scene))
    product = lambda: scene.house.one(f"SELECT count(*) FROM pg_stat_activity WHERE {PRODUCT} "
                                      "AND application_name <> 'held'")
    deadline = time.monotonic() + 60
    while True:
        try:
            held.append(psycopg2.connect(host=str(scene.house.dir / "run/postgres"), dbname="ticklerd",
                                         user="ticklerd_app", application_name="held"))
        except psycopg2.OperationalError:
            if not product():
                break
            scene.house.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {PRODUCT} "
                            "AND application_name <> 'held' LIMIT 1")
        assert time.monotonic() < deadline, "the product keeps its connections"
    scene.count("connections taken", len(held))
    scene.office.history.fault(f"{len(held)} connections taken")


@verb
def give_connections(scene):
    while scene.marks.get("connections"):
        scene.marks["connections"].pop().close()


@verb
def lock(scene, table):
    """Somebody's transaction holds a table; `unlock` ends it."""
    holder = connect(scene, "ticklerd_owner")
    scene.marks["lock"] = holder
    scene.undo.append(holder.close)
    holder.cursor().execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
    scene.office.history.fault(f"{table} locked")


@verb
def unlock(scene):
    scene.marks.pop("lock").close()


@verb
def slow(scene, table, each_s):
    """Every statement that writes into a table takes so much longer; 0: no more."""
    scene.house.sql(f"DROP TRIGGER IF EXISTS slow ON {table}")
    if each_s:
        scene.house.sql("CREATE OR REPLACE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
                        "$$ BEGIN PERFORM pg_sleep(TG_ARGV[0]::float8); RETURN NULL; END $$")
        scene.house.sql(f"CREATE TRIGGER slow AFTER INSERT OR UPDATE OR DELETE ON {table} "
                        f"FOR EACH STATEMENT EXECUTE FUNCTION slow({each_s})")
    scene.office.history.fault(f"{table} slow: {each_s} s")


@verb
def fill_disk(scene, full):
    """No file of Postgres grows any more, or can again (full_disk.c, which the office must preload)."""
    mark = scene.house.root / "disk_is_full"
    mark.touch() if full else mark.unlink()
    scene.office.history.fault(f"disk full: {full}")


@verb
def status(scene, says, patience=60):
    """Until `tickler status` has a sentence, on either of its outputs."""
    def said():
        done = scene.house.tickler("status", check=False)
        return says in done.stdout + done.stderr
    scene.house.wait(said, f"tickler status to say '{says}'", patience)


def used(scene):
    """CPU seconds that each program of the product has used, by process."""
    seconds = {}
    for pid, line in scene.house.processes().items():
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if "ticklerd" in line.split(" ")[0]:
            seconds[pid] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


@verb
def calm(scene, for_s=3, lines_each_s=8, cpu=0.25):
    """Looks on for a while: whoever waits uses little CPU (cores) and writes few lines."""
    log = scene.house.log
    began, before, lines = time.monotonic(), used(scene), len(log.read_text(errors="replace").splitlines())
    time.sleep(for_s)
    took = time.monotonic() - began
    cores = sum(now - before.get(pid, 0) for pid, now in used(scene).items()) / took
    wrote = (len(log.read_text(errors="replace").splitlines()) - lines) / took
    scene.counts["cores while waiting"] = f"{cores:.2f}"
    scene.counts["lines/s while waiting"] = f"{wrote:.1f}"
    assert cores <= cpu, f"while waiting the product used {cores:.2f} cores"
    assert wrote <= lines_each_s, f"while waiting the product wrote {wrote:.0f} lines a second"
