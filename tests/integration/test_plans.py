"""Plans that were made for empty tables: what a worker asks of a window's jobs stays as cheap when the tables have grown.

A worker lives for weeks and prepares a question once; Postgres may keep the plan that it made when nothing was on record,
or make one with statistics from that day. So the questions are prepared with the workers' own settings while the office
is empty, then a large office is filled in without ANALYZE, and what each question reads is counted in pages, not in time.
The same with the plan made anew in the full office, still with the old statistics.
"""
import datetime as dt
import json
import re
import sys
import zoneinfo

import psycopg2

import house as support
from house import House, SOURCE

sys.path.insert(0, str(SOURCE / "tests/bench"))
from plan_bench import OFFICE  # noqa: E402

ROOMS = ["invoice_escalation", "license_renewal", "check_in", "payer_followup", "onboarding_packet"]
SCALE = 0.05  # 50,000 invoices and licenses, 10,000 placements, 25,000 applications
BATCH = 250
PAGES_A_JOB = 1500  # index probes of the longest question are half of that; one that scans for each job reads 3,000 and more
LARGE = 5000  # rows of a table that nobody reads from end to end for a batch
USES = 6  # Postgres may keep a plan from the sixth execution on
TODAY = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()


def worker_settings():
    """What daemon/lib/db.c sets on a worker's connection."""
    text = (SOURCE / "daemon/lib/db.c").read_text()
    return " ".join(re.findall(r"-c \w+=\w+", text))


class Worker:
    """A worker's connection. Its fetch is planned anew every few seconds and for a larger batch (db_ask_together); all else
    keeps its plan."""
    def __init__(self, house, questions):
        self.db = psycopg2.connect(host=str(house.dir / "run/postgres"), dbname="ticklerd", user="ticklerd_owner",
                                   options=worker_settings())
        self.db.autocommit = True
        self.cursor = self.db.cursor()
        for name, (text, _) in questions.items():
            self.cursor.execute(f"PREPARE {name} AS {text}")

    def pages(self, name, values):
        """What one execution reads, in pages, and its plan; nothing is changed."""
        given = ", ".join(self.cursor.mogrify("%s", (v,)).decode() for v in values)
        self.cursor.execute("BEGIN")
        self.cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) EXECUTE {name}({given})")
        plan = self.cursor.fetchone()[0][0]["Plan"]
        self.cursor.execute("ROLLBACK")
        return plan["Shared Hit Blocks"] + plan["Shared Read Blocks"], plan


def scans(plan):
    """The large tables that a plan reads from end to end: (name, rows). The queue is narrow: all of it may be fewer pages
    than a probe for each job."""
    rows = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
    if plan["Node Type"] == "Seq Scan" and rows > LARGE and plan["Relation Name"] != "job":
        yield plan["Relation Name"], rows
    for part in plan.get("Plans", []):
        yield from scans(part)


def room_settings(room):
    sample = json.loads((SOURCE / f"config/templates/{room}/sample.json").read_text())
    return json.dumps({**sample.get("settings", {}), "tracks": sample.get("tracks", ["main"])})


def questions_of(house):
    """{name: (text, its values for a list of jobs)}: each room's fetch, and what every worker asks of a batch."""
    found = {}
    for room in ROOMS:
        text = (SOURCE / f"workers/{room}/sql/fetch.sql").read_text()
        found[f"fetch_{room}"] = text, lambda jobs, room=room: (jobs, TODAY, 0, room_settings(room))
    for path in sorted((SOURCE / "daemon/lib/sql").glob("*.sql")):
        if path.stem in ("message_of_jobs", "job_still_ready"):
            found[path.stem] = path.read_text(), lambda jobs: (jobs,)
    # The made-up ledger has steps of which the planner does not know.
    found["job_finish"] = ((SOURCE / "daemon/lib/sql/job_finish.sql").read_text() + " ON CONFLICT DO NOTHING",
                           lambda jobs: (jobs, ["done"] * len(jobs), [None] * len(jobs), TODAY))
    found["job_ready"] = ((SOURCE / "daemon/scheduler/sql/job_ready.sql").read_text(),
                          lambda jobs: ("invoice_escalation", TODAY + dt.timedelta(days=2), [], [], [], [], BATCH, 10, BATCH))
    return found


def fill(house):
    volume = dict(day=TODAY, k=1, licenses=int(1_000_000 * SCALE), therapists=int(250_000 * SCALE),
                  placements=int(200_000 * SCALE), applications=int(500_000 * SCALE))
    house.sql("SET session_replication_role = replica")
    for text in OFFICE:
        house.sql(text, volume)
    house.sql("SET session_replication_role = DEFAULT")


def freeze_statistics(house):
    """As an office that has grown since the last ANALYZE: taken when the tables were empty, and not again."""
    for name, in house.sql("""SELECT oid::regclass::text FROM pg_class
                               WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""):
        house.sql(f"ALTER TABLE {name} SET (autovacuum_enabled = false)")
    house.sql("ANALYZE")


def check(worker, questions, jobs, when):
    wrong = []
    for name, (_, values) in questions.items():
        mine = jobs.get(name.removeprefix("fetch_"), jobs["invoice_escalation"])
        assert len(mine) > 100, f"{name}: {len(mine)} jobs"
        try:
            pages, plan = worker.pages(name, values(mine))
        except psycopg2.errors.QueryCanceled:
            worker.cursor.execute("ROLLBACK")
            wrong.append(f"{when}, {name}: not answered in time")
            continue
        big = sorted(set(scans(plan)))
        print(f"  {when}, {name}: {len(mine)} jobs, {pages:,} pages, {pages / len(mine):.0f} a job {big or ''}")
        if pages > PAGES_A_JOB * len(mine) or big:
            wrong.append(f"{when}, {name}: {pages / len(mine):.0f} pages a job, read from end to end: {big}")
    return wrong


def test_plans_made_for_an_empty_office_hold_in_a_large_one():
    with House() as house:
        house.init()
        for room in ROOMS:
            house.schedule(room, limits={"per_party_per_day": 0, "per_run": 0}, storm_brake=0,
                           stop_if_data_older_than=None)
        house.edit(house.dir / "config/ticklerd.yaml", lambda d: d.update(rooms={room: 0 for room in [*ROOMS, "task_desk"]}))
        house.start(wait=False)
        house.wait(lambda: house.one("SELECT count(*) FROM packet_rule") > 0, "the database and its rules")
        freeze_statistics(house)
        questions = questions_of(house)
        kept = {name: question for name, question in questions.items() if not name.startswith("fetch_")}
        old = Worker(house, kept)
        for name, (_, values) in kept.items():
            for _ in range(USES):
                old.pages(name, values([0]))
        fill(house)
        for room in ROOMS:
            house.tickler("run", room)
        jobs = {room: [job for job, in house.sql("SELECT job_id FROM job WHERE worker = %s ORDER BY party_id, job_id LIMIT %s",
                                                 room, BATCH)] for room in ROOMS}
        wrong = check(old, kept, jobs, "an old plan")
        wrong += check(Worker(house, questions), questions, jobs, "old statistics")
        assert not wrong, "\n".join(wrong)


if __name__ == "__main__":
    support.run_tests(globals())
