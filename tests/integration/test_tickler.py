"""tickler from the shell: help and usage of every command, the VA's inbox, holds, answers, reports, two agencies apart."""
import datetime as dt
import json
import re
import signal
import subprocess
import sys
import zoneinfo

import house as support
from house import House

TODAY = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
DAY = dt.timedelta(days=1)


def run(house, *words, code=0):
    done = house.tickler(*words, check=False)
    assert done.returncode == code, f"tickler {words}: exit {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout if code == 0 else done.stderr


def test_help_and_usage(house):
    text = subprocess.run([house.bin / "tickler", "--help"], text=True, capture_output=True, check=True).stdout
    commands = re.findall(r"^  ([a-z-]+) ", text, re.M)
    assert len(commands) >= 24, commands
    for command in commands:
        page = subprocess.run([house.bin / "tickler", command, "--help"], text=True, capture_output=True, check=True).stdout
        assert "Example:\n  tickler" in page, command
    table = [(("stats",), 2, "did you mean 'status'"), (("plan", "--as-of", "2027-02-31"), 2, "is no date"),
             (("run",), 2, "needs the name"), (("run", "x"), 1, "no room 'x'"), (("task",), 2, "needs the number"),
             (("task", "99"), 1, "there is no task 99"), (("hold", "invoice", "I"), 2, "needs"),
             (("hold", "invoice", "nope", "--kind", "pause", "--reason", "r"), 1, "there is no invoice 'nope'"),
             (("hold", "invoice", "INV-00001", "--kind", "pose", "--reason", "r"), 2, "unknown"),
             (("hold", "invoice", "INV-00001", "--kind", "promise_to_pay", "--reason", "r"), 2, "needs --until"),
             (("hold", "invoice", "INV-00001", "--kind", "pause", "--until", "2020-01-01", "--reason", "r"), 1, "in the past"),
             (("release", "H-77"), 1, "there is no hold"), (("retry", "7"), 1, "there is no job"),
             (("message", "7"), 1, "there is no letter"), (("why", "invoice", "x"), 1, "there is no invoice 'x'"),
             (("why", "cat", "x"), 2, "needs a kind"), (("report", "x"), 2, "aging or payers"), (("audit",), 2, "verify"),
             (("resume", "invoice_escalation"), 1, "is not paused"), (("pause", "nope"), 1, "no room 'nope'"),
             (("import", "invoicess", "x"), 2, "did you mean invoices"), (("rehearse",), 2, "needs --from"),
             (("rehearse", "--from", "2027-02-02", "--to", "2027-02-01"), 2, "is before"), (("demo",), 2, "needs --out"),
             (("init", "--agency", "A", "--timezone", "Mars"), 1, "is no time zone"),
             (("init", "--agency", "A", "--timezone", "UTC", "--va", "x"), 1, "NAME:EMAIL"),
             (("jobs", "--nope"), 2, "nknown option"), (("--agency", "Z", "tasks"), 1, "there is no agency 'Z'")]
    for words, code, sentence in table:
        assert sentence in run(house, *words, code=code), words
    done = subprocess.run([house.bin / "tickler", "tasks"], text=True, capture_output=True)
    assert done.returncode == 2 and "say where the office is" in done.stderr


def test_empty_lists_say_so(house):
    assert "the queue is empty" in run(house, "jobs") and "no letters" in run(house, "messages")
    assert "no tasks" in run(house, "tasks") and run(house, "tasks", "--json") == ""


def test_a_day_at_the_desk(house):
    run(house, "run", "invoice_escalation")
    house.wait(lambda: house.one("SELECT count(*) FROM job") == 0, "the drain")
    tasks = house.json("tasks")
    call = next(t for t in tasks if t["step"] == "call")
    assert call["assignee"] == "staff:VA-1" and call["priority"] == "high" and call["effect"] == "task"
    number = call["task"]
    page = run(house, "task", number)
    for part in ("Call Clinic", "what to say", "Good morning, this is Elm Street Staffing", "outcomes", "promise_to_pay"):
        assert part in page, page
    assert "did you mean promise_to_pay" in run(house, "task", number, "done", "--outcome", "promise_to_pa", code=2)
    assert "needs --date" in run(house, "task", number, "done", "--outcome", "promise_to_pay", code=2)
    assert "can be take, done, snooze or assign" in run(house, "task", number, "eat", code=2)
    assert "there is no staff" in run(house, "task", number, "assign", "VA-9", code=1)
    run(house, "task", number, "take")
    run(house, "task", number, "snooze", "--until", TODAY + 2 * DAY)
    run(house, "--as", "VA-1", "task", number, "done", "--outcome", "promise_to_pay", "--date", TODAY + 7 * DAY, "--amount",
        "100.00", "--note", "spoke with Bill")
    assert "is done already" in run(house, "task", number, "take", code=1)
    invoice = call["subjects"][0].split(":")[1]
    hold, = house.sql("SELECT kind, until_on, amount_cents FROM hold")
    assert hold == ("promise_to_pay", TODAY + 7 * DAY, 10000)
    why = run(house, "why", "invoice", invoice)
    assert "promise_to_pay" in why and "next: nothing: promise_to_pay" in why and "step call done" in why, why
    assert invoice not in run(house, "plan", "--as-of", TODAY + 3 * DAY)
    held, = house.sql("SELECT ext_id FROM hold")[0]
    run(house, "release", held)
    letter = house.json("messages")[0]
    assert letter["effect"] == "message" and letter["to"][0].startswith("billing:") and letter["state"] == "sent"
    text = run(house, "message", letter["letter"])
    assert "Auto-Submitted: auto-generated" in text and letter["subject_line"][:20] in text
    runs = house.json("runs", "--worker", "invoice_escalation")
    assert runs[0]["state"] == "fired" and runs[0]["planned"] >= 2
    run(house, "audit", "verify")


def test_aging_buckets(house):
    rows = [dict(invoice=f"A-{late}", facility="F-AGE", issued_on=TODAY - 200 * DAY, due_on=TODAY - late * DAY, amount="1.00")
            for late in (0, 1, 30, 31, 60, 61, 90, 91, 120, 121)]
    folder = house.root / "aging"
    folder.mkdir()
    support.write_csv(folder / "facilities.csv", [dict(facility="F-AGE", name="Aging", type="school")])
    support.write_csv(folder / "invoices.csv", rows)
    run(house, "import", "--dir", folder)
    row = next(r for r in house.json("report", "aging", "--as-of", TODAY) if r["facility"] == "F-AGE")
    assert [row[k] for k in ("current", "1-30", "31-60", "61-90", "91-120", "over 120", "total")] == \
        [100, 200, 200, 200, 200, 100, 1000], row
    run(house, "hold", "invoice", "A-31", "--kind", "dispute", "--reason", "hours")
    row = next(r for r in house.json("report", "aging") if r["facility"] == "F-AGE")
    assert row["31-60"] == 200, "a dispute stays in the statistics"


def test_check_and_effects(house):
    assert "no problems" in run(house, "check")
    path = house.dir / "config/schedules/invoice_escalation.yaml"
    before = path.read_text()
    house.schedule("invoice_escalation", min_amount="99999.00")
    words = run(house, "check", "--effects")
    assert re.search(r"invoice_escalation: \d+ fewer invoice_escalation steps due on|fewer steps due on", words), words
    path.write_text(before.replace("catch_up:", "catchup:"))
    assert "1 problem" in run(house, "check", code=1)
    path.write_text(before)


def test_preview(house):
    """The coming days on a copy: by day, or as the contract's stream; nothing of it happens."""
    before = [house.one(f"SELECT count(*) FROM {table}") for table in ("message", "task", "occurrence", "event")]
    rows = house.json("preview", "--days", "40")
    assert {r["effect"] for r in rows} >= {"message", "task"} and all(r["at"][:10] >= str(TODAY) for r in rows)
    assert any(r["step"] == "formal" for r in rows), "25 days late today, so the formal letter is due in the coming days"
    text = run(house, "preview", "--days", "40")
    formal = next(r for r in rows if r["step"] == "formal")
    assert f"{formal['at'][:10]} " in text and formal["subject_line"] in text, text
    assert "1 to 400" in run(house, "preview", "--days", "0", code=2)
    assert before == [house.one(f"SELECT count(*) FROM {table}") for table in ("message", "task", "occurrence", "event")]
    assert house.one("SELECT count(*) FROM pg_database WHERE datname LIKE 'rehearsal%%'") == 0, "the copy was left"


def test_an_interrupted_rehearsal_leaves_nothing(house):
    """Told to end at its beginning and in its middle: the copy and its folder are gone."""
    copies = lambda: house.one("SELECT count(*) FROM pg_database WHERE datname LIKE 'rehearsal%%'")
    folder = house.temporary
    for number, begun in ((signal.SIGTERM, lambda: copies() == 1), (signal.SIGHUP, lambda: any(folder.glob("tk-r-*/clock")))):
        command = subprocess.Popen([house.bin / "tickler", "--dir", house.dir, "rehearse", "--from", "2027-01-01", "--to",
                                    "2028-12-31"], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=house.environment())
        house.wait(begun, "the rehearsal to begin")
        command.send_signal(number)
        assert "interrupted" in command.communicate(timeout=60)[1] and command.returncode == 1
        assert copies() == 0 and not list(folder.iterdir())
    with subprocess.Popen([house.bin / "tickler", "--dir", house.dir, "preview", "--days", "40", "--json"], text=True,
                          stdout=subprocess.PIPE, env=house.environment()) as command:
        command.stdout.close()  # a reader that has had enough
    assert copies() == 0 and not list(folder.iterdir())


def test_two_agencies_are_apart(house):
    folder = house.root / "b"
    folder.mkdir()
    support.write_csv(folder / "agencies.csv", [dict(agency="B", name="Second", timezone="America/Denver")])
    support.write_csv(folder / "staff.csv", [dict(agency="B", staff="L", name="Leo", email="l@b.example", role="leadership")])
    run(house, "import", "--dir", folder)
    assert "holds 2 agencies; say which with --agency" in run(house, "tasks", code=1)
    for words in (("tasks",), ("messages",), ("jobs",), ("runs",), ("plan",), ("report", "aging")):
        assert run(house, "--agency", "B", "--json", *words) == "", words
        run(house, "--agency", "A-1", "--json", *words)
    for words in (("message", "1"), ("task", "1"), ("why", "invoice", "INV-00001"), ("retry", "1"),
                  ("release", "H-1"), ("hold", "invoice", "INV-00001", "--kind", "pause", "--reason", "r")):
        assert "there is no" in run(house, "--agency", "B", *words, code=1), words


def test_status(house):
    text = run(house, "--agency", "A-1", "status")
    for part in ("daemon: ready", "scheduler", "invoice_escalation/1", "last runs", "open tasks", "next:"):
        assert part in text, text
    row = json.loads(run(house, "--json", "status"))
    assert row["daemon"]["ready"] is True and row["next"]


def main():
    with House() as house:
        house.init()
        support.open_window(house)
        house.schedule("invoice_escalation", stop_if_data_older_than=None)
        house.start()
        assert "already there" in run(house, "init", "--agency", "Elm Street Staffing", "--timezone", "America/Chicago")
        folder = support.overdue_folder(house, 3, TODAY)
        lines = (folder / "invoices.csv").read_text().splitlines()
        late = TODAY - 25 * DAY
        lines[1] = f"INV-00000,F-00000,{late - 30 * DAY},{late},100.00"
        (folder / "invoices.csv").write_text("\n".join(lines) + "\n")
        run(house, "import", "--dir", folder)
        for name, function in list(globals().items()):
            if name.startswith("test_"):
                function(house)
                print(f"ok {name}", flush=True)


if __name__ == "__main__":
    support.leave_root()
    main()
