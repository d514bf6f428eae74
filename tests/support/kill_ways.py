"""What leads to each kill, one function a way: it makes new work, arms the point or holds what the process waits for, and
lets one process end there, or every process of the house.
"""
import os
import random
import signal

WORKER, DESK, SCHEDULER = "ticklerd-invoice-escalation", "ticklerd-task-desk", "ticklerd-scheduler"


class Kill:
    """One kill: a point, a seed, one process or the whole tree; how it comes about is the point's own function."""

    def __init__(self, office, point, seed, whole_tree):
        self.office, self.point, self.whole_tree = office, point, whole_tree
        self.rng = random.Random(f"{point} {seed} {whole_tree}")
        self.run = None
        self.again = lambda: None  # what an admin does whose command was cut short

    def at_point(self, trigger, most=1, of=""):
        """Arms the point, does what leads to it, and lets it happen."""
        self.office.arm(self.point + of, self.rng.randint(1, most), "stop" if self.whole_tree else "kill")
        trigger()
        self.office.passed()
        self.end_tree()

    def end_tree(self):
        if self.whole_tree:
            self.office.kill_tree()

    def end(self, *programs):
        """Ends processes from outside: those of a program, or all."""
        if self.whole_tree:
            self.office.kill_tree()
        else:
            self.office.kill(*programs)

    def new_run(self, is_letter=True):
        self.run = self.office.new_run(self.rng.randint(8, 16), is_letter)

    def planned(self):
        self.new_run()
        self.office.plan()


# --- the supervisor

def at_start(kill, most=1):
    """The house is shut in the middle of its work, and ends once more at its next start."""
    kill.planned()
    kill.office.kill_tree() if kill.whole_tree else kill.office.kill_supervisor()
    kill.at_point(kill.office.start_blind, most)


def while_forking(kill):
    at_start(kill, most=6)


def child_before_exec(kill):
    kill.planned()
    program = kill.rng.choice([WORKER, SCHEDULER, DESK])
    kill.at_point(lambda: kill.office.kill(program), of=f"@{kill.office.bin}/{program}")


def on_signal(number, most=1):
    def drive(kill):
        kill.planned()
        kill.at_point(lambda: kill.office.daemon.send_signal(number), most)
    return drive


def while_reaping(kill):
    kill.planned()
    kill.at_point(lambda: kill.office.kill(kill.rng.choice([WORKER, SCHEDULER])))


# --- planning

def planning(kill):
    """In the scheduler's own plan, or in that of an admin, who types it again."""
    kill.new_run()
    if kill.rng.random() < 0.5:
        kill.at_point(kill.office.plan_by_scheduler)
    else:
        kill.at_point(lambda: kill.office.command("run", "invoice_escalation"))
        kill.again = kill.office.plan


def between_planning_and_insert(kill):
    """Inside one statement: what is due is known, and the first row waits to be inserted."""
    kill.new_run()
    with kill.office.gate("plan"):
        kill.office.plan_by_scheduler()
        kill.office.waits_at("plan")
        kill.end(SCHEDULER)


# --- the scheduler

def after_planning(most=1):
    def drive(kill):
        kill.new_run()
        kill.at_point(kill.office.plan, most)
    return drive


def starts_counted(kill):
    """A worker dies with jobs in hand, and the scheduler while it writes that down."""
    kill.new_run()
    with kill.office.gate("claim"):
        kill.office.plan()
        kill.office.waits_at("claim")
        kill.at_point(lambda: kill.office.kill(WORKER))


def change_of_leader(number):
    def drive(kill):
        kill.planned()
        kill.at_point(lambda: [os.kill(pid, number) for pid in kill.office.pids(SCHEDULER)])
    return drive


# --- the worker

def of_a_subject(kill):
    kill.new_run()
    kill.at_point(kill.office.plan, of=f"@invoice:{kill.run.name}-{kill.rng.randint(1, kill.run.count)}")


def in_the_records_commit(kill):
    kill.new_run()
    with kill.office.gate("commit"):
        kill.office.plan()
        kill.office.waits_at("commit")
        kill.end(WORKER)


def between_row_and_head(kill):
    kill.new_run()
    with kill.office.gate("head"):
        kill.office.plan_by_scheduler()
        kill.office.waits_at("head")
        kill.end(SCHEDULER, WORKER)


def relay_holds(place):
    """The relay has heard the verb, and the worker dies before the answer."""
    def drive(kill):
        kill.new_run()
        kill.office.relay.hold(place, kill.rng.randint(1, 4))
        kill.office.plan()
        victim = kill.office.relay.holding(kill.office.pids(WORKER))
        kill.end_tree() if kill.whole_tree else os.kill(victim, signal.SIGKILL)
        kill.office.relay.let_go()
    return drive


# --- web hooks

def hook_holds(kill):
    kill.new_run(is_letter=False)
    kill.office.sink.hold(kill.rng.randint(1, 6))
    kill.office.plan()
    kill.office.sink.holding()
    kill.end(DESK)
    kill.office.sink.let_go()


def hook_answered(kill):
    kill.new_run(is_letter=False)
    kill.at_point(kill.office.plan, most=4)


# --- imports and migrations

def importing(kill):
    office = kill.office
    kill.run, folder = office.new_folder(kill.rng.randint(8, 16))
    words = ("import", "--dir", str(folder))
    most = 1 if kill.point in ("import.applied", "import.committed") else 3  # three files
    kill.at_point(lambda: office.command(*words), most)

    def again():
        found = office.one("SELECT count(*) FROM invoice WHERE ext_id LIKE %s", kill.run.name + "-%")
        assert found == (kill.run.count if kill.point == "import.committed" else 0), f"half an import: {found} invoices"
        office.admins(*words)
        office.plan()
    kill.again = again


def migrating(kill):
    migration(kill, lambda start: kill.at_point(start))


def within_a_migration(kill):
    """Between two statements of one schema file."""
    def drive(start):
        with kill.office.gate("ddl"):
            command = start()
            kill.office.waits_at("ddl")
            kill.office.kill_tree() if kill.whole_tree else command.kill()
    migration(kill, drive)


def migration(kill, drive):
    office, schema = kill.office, kill.office.root / "share/schema"
    kill.planned()
    number = len(list(schema.glob("*.sql"))) + 1
    (schema / f"{number:03}_kill.sql").write_text(
        f"CREATE TABLE kill_{number} (n int); INSERT INTO kill_{number} VALUES (1); CREATE INDEX ON kill_{number} (n);")
    drive(lambda: office.command("migrate"))

    def again():
        office.admins("migrate")
        assert office.one(f"SELECT count(*) FROM kill_{number}") == 1, "the schema file was applied in part, or twice"
        assert office.one("SELECT count(*) FROM migration WHERE number = %s", number) == 1
    kill.again = again
