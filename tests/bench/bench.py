#!/usr/bin/python3
"""Benchmarks: tests/bench/run prints each figure beside bare SQL that does the same work in the same run.

    tests/bench/run [--letters 5000] [--invoices 1000000] [--rounds 5]

Figures are medians with their spread; nothing here fails on a time.
"""
import argparse
import contextlib
import datetime as dt
import email
import email.policy
import os
import pathlib
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import time
import zoneinfo

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import house as support  # noqa: E402
from house import House  # noqa: E402

TODAY = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
SINK = shutil.which("smtp-sink", path=os.environ["PATH"] + ":/usr/sbin")
QUIET = dict(limits={"per_party_per_day": 0, "per_run": 0}, storm_brake=0, stop_if_data_older_than=None)


def figure(name, unit, ours, bare, note=""):
    """One row: median [min-max] of ticklerd and of the bare work, and their ratio."""
    def cell(values):
        return f"{statistics.median(values):,.0f} [{min(values):,.0f}-{max(values):,.0f}]"
    ratio = statistics.median(ours) / statistics.median(bare)
    print(f"| {name} | {unit} | {cell(ours)} | {cell(bare)} | {ratio:.2f} | {note} |", flush=True)


def clean(house):
    house.sql("TRUNCATE job, fired, message, message_step, bounce, spent, task, occurrence")
    past = house.root / "past"  # not deleted: the file system is slow to make files where many were just deleted
    past.mkdir(exist_ok=True)
    for path in house.maildir():
        path.rename(past / path.name)


def bare_letters(how, sample, to, count, at_once):
    """Letters a second of the bare program beside this (bare_letters.c)."""
    program = pathlib.Path(os.environ["TICKLER_BIN"]) / "bare_letters"
    done = subprocess.run([program, how, sample, to, str(count), str(at_once)], check=True, capture_output=True, text=True)
    return float(done.stdout)


def take_sample(house, letter):
    """What the bare program writes its letters from: the parts of one of ours."""
    folder = house.root / "sample"
    folder.mkdir(exist_ok=True)
    (folder / "subject").write_text(letter["Subject"])
    for part in letter.walk():
        if part.get_content_maintype() == "text":
            name = {"plain": "text"}.get(part.get_content_subtype(), part.get_content_subtype())
            (folder / name).write_text(part.get_content().replace("\r\n", "\n"))
    return folder


def open_office(house, count, relay=None):
    house.init()
    support.open_window(house)
    house.schedule("invoice_escalation", **QUIET)
    if relay:
        house.edit(house.dir / "config/ticklerd.yaml", lambda d: d["mail"].update(relay={"url": relay, "starttls": False}))
    house.start()
    house.tickler("import", "--dir", support.overdue_folder(house, count, TODAY))


def send_all(house, count):
    """Letters a second, end to end: planned, dispatched, rendered, claimed, sent, recorded."""
    clean(house)
    begun = time.monotonic()
    house.tickler("run", "invoice_escalation")
    house.wait(lambda: house.one("""SELECT coalesce(sum(planned), 0) >= %s AND NOT EXISTS (SELECT FROM job)
                                      FROM occurrence""", count), "letters", 600)  # asked often: it must cost little
    took = time.monotonic() - begun
    assert house.one("SELECT count(*) FROM message WHERE state = 'sent'") == count
    return count / took


def letters(count, rounds):
    ours, bare = [], []
    with House() as house:
        open_office(house, count)
        send_all(house, count)  # caches and plans are warm then
        sample = take_sample(house, email.message_from_bytes(house.maildir()[0].read_bytes(), policy=email.policy.default))
        for n in range(rounds):
            ours.append(send_all(house, count))
            folder = house.root / f"bare{n}"
            for part in ("tmp", "new", "cur"):
                (folder / part).mkdir(parents=True)
            bare.append(bare_letters("maildir", sample, folder, count, 2))
    figure(f"{count:,} letters into a Maildir, end to end", "letters/s", ours, bare,
           "bare: built by GMime, each file and the folder synced, 2 processes")


@contextlib.contextmanager
def smtp_sink(*options):
    port = support.free_port()
    sink = subprocess.Popen([SINK, *options, f"127.0.0.1:{port}", "100"])
    try:
        support.House.wait(lambda: socket.create_connection(("127.0.0.1", port)).close() is None, "smtp-sink")
        yield f"smtp://127.0.0.1:{port}"
    finally:
        sink.terminate()
        sink.wait()


def over_smtp(count, rounds, what, *options):
    if not SINK:
        print("smtp-sink (postfix) is not installed: no letters over SMTP", flush=True)
        return
    ours, bare = [], []
    with smtp_sink(*options) as relay, House() as house:
        open_office(house, count, relay)
        send_all(house, count)
        raw = bytes(house.one("SELECT letter FROM message LIMIT 1"))
        sample = take_sample(house, email.message_from_bytes(raw, policy=email.policy.default))
        for _ in range(rounds):
            ours.append(send_all(house, count))
            bare.append(bare_letters("smtp", sample, relay, count, 8))
    figure(f"{count:,} letters to {what}", "letters/s", ours, bare, "bare: 8 libcurl connections, each letter built by GMime")


# The planner's work with nothing else: one INSERT ... SELECT into a table with the queue's indexes.
BARE_PLAN = """
INSERT INTO bench_plan (agency_id, worker, subject_id, cycle, step, job_id, ordinal, party_id, nominal, ready_at, state,
                        tries, starts, subject)
SELECT i.agency_id, 'bare', i.invoice_id, i.due_on, 'reminder', i.invoice_id, 1, i.facility_id, 'epoch', 'epoch', 'ready',
       0, 0, 'invoice:' || i.ext_id
  FROM invoice i
 WHERE i.agency_id = 1 AND i.status = 'sent' AND i.settled_on > %(day)s AND i.due_on <= %(day)s::date - 3
   AND i.amount_cents - coalesce((SELECT sum(effect_cents) FROM payment p WHERE p.agency_id = i.agency_id
                                  AND p.invoice_id = i.invoice_id AND p.received_on <= %(day)s), 0) > 0
   AND NOT EXISTS (SELECT FROM fired f WHERE f.agency_id = i.agency_id AND f.worker = 'bare'
                   AND f.subject_id = i.invoice_id AND f.cycle = i.due_on AND f.step = 'reminder')
    ON CONFLICT DO NOTHING
"""


def planning(count, rounds):
    """A plan over `count` open invoices, all due, and none of them chased before."""
    ours, bare = [], []
    with House() as house:
        house.init()
        house.schedule("invoice_escalation", **QUIET)
        house.edit(house.dir / "config/ticklerd.yaml", lambda d: d.update(rooms={"invoice_escalation": 0, "task_desk": 0}))
        house.start(wait=False)
        house.wait(lambda: house.one("SELECT count(*) FROM agency") == 1, "the database")
        house.sql("""INSERT INTO facility (agency_id, ext_id, name, type)
                     SELECT 1, 'F-' || n, 'Clinic ' || n, 'iop' FROM generate_series(1, 10000) n""")
        house.sql("""INSERT INTO invoice (agency_id, ext_id, facility_id, issued_on, due_on, amount_cents)
                     SELECT 1, 'INV-' || n, (n %% 10000) + (SELECT min(facility_id) FROM facility),
                            %s::date - 60 - (n %% 300)::int, %s::date - 30 - (n %% 300)::int, 10000
                       FROM generate_series(1, %s) n""", TODAY, TODAY, count)
        house.sql("CREATE TABLE bench_plan (LIKE job INCLUDING INDEXES)")
        house.sql("ALTER TABLE bench_plan ALTER job_id DROP NOT NULL")
        house.sql("VACUUM ANALYZE")
        for _ in range(rounds):
            house.sql("TRUNCATE job, occurrence")
            begun = time.monotonic()
            house.tickler("run", "invoice_escalation")
            house.wait(lambda: house.one("SELECT coalesce(sum(planned), 0) FROM occurrence") >= count, "the plan", 600)
            ours.append(1000 * (time.monotonic() - begun))
            house.sql("TRUNCATE bench_plan")
            begun = time.monotonic()
            house.sql(BARE_PLAN, dict(day=TODAY))
            bare.append(1000 * (time.monotonic() - begun))
    figure(f"planning {count:,} due invoices", "ms", ours, bare, "bare: one INSERT ... SELECT with the same indexes")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--letters", type=int, default=5000)
    parser.add_argument("--invoices", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print(f"{os.cpu_count()} cores ({model}), Linux {platform.release()}, embedded Postgres (fsync and synchronous_commit "
          f"on), {options.rounds} rounds, median [min-max]\n")
    print("| what | unit | ticklerd | bare | ratio | note |\n|---|---|---:|---:|---:|---|")
    letters(options.letters, options.rounds)
    over_smtp(options.letters, options.rounds, "smtp-sink")
    over_smtp(min(options.letters, 64), options.rounds, "smtp-sink that thinks a second over each", "-W", "DATA:1")
    planning(options.invoices, options.rounds)


if __name__ == "__main__":
    support.leave_root()
    main()
