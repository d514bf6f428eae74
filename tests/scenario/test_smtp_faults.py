"""A relay that misbehaves over several connections at once, and behind the letter: nothing is lost, nothing goes twice, and
what cannot be known becomes a task for a person (SC-07). Each verb has its scene: tests/scenario/faults/smtp_*.yaml."""
import contextlib
import datetime as dt
import os
import signal
import zoneinfo

import house as support
from house import House
from smtp_script import ScriptedServer

LETTERS = 60


def prepare(house, server, letters=LETTERS, before_start=None, timeout=5, **mail):
    house.init()
    house.only("invoice_escalation", "task_desk")
    support.open_window(house)
    house.schedule("invoice_escalation", limits={"per_party_per_day": 1, "per_run": 0}, storm_brake=0,
                   stop_if_data_older_than=None)

    def relay(document):
        document.setdefault("mail", {})["relay"] = {"url": f"smtp://127.0.0.1:{server.port}", "starttls": False,
                                                    "timeout": timeout}
        document["mail"].update(mail)
        document["queue"]["retry_first"] = 1
    house.edit(house.dir / "config/ticklerd.yaml", relay)
    if before_start:
        before_start(house)
    house.start()
    today = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
    house.tickler("import", "--dir", support.overdue_folder(house, letters, today))
    house.tickler("run", "invoice_escalation")


def drained(house, patience=150):
    house.drain(patience=patience)


def states(house):
    return dict(house.sql("SELECT state, count(*) FROM message GROUP BY 1"))


def judge(house, server, letters, unknown=0, failed=0):
    found = states(house)
    assert found.get("unknown", 0) == unknown and found.get("failed", 0) == failed, found
    assert sum(found.values()) == letters, found
    ids = [row["message_id"] for row in server.letters]
    assert len(ids) == len(set(ids)), "a letter was accepted twice"
    assert house.one("SELECT count(*) FROM fired WHERE worker = 'invoice_escalation'") == letters
    tasks = house.one("SELECT count(*) FROM task WHERE step = 'unknown'")
    assert tasks == unknown, f"{tasks} tasks for {unknown} letters in doubt"
    house.tickler("audit", "verify")


@contextlib.contextmanager
def scripted(script, letters=LETTERS, **expected):
    """A house whose letters went through this script, judged."""
    server = ScriptedServer(script).start()
    try:
        with House() as house:
            prepare(house, server, letters)
            drained(house)
            judge(house, server, letters, **expected)
            yield house, server
    finally:
        server.stop()


def test_what_was_said_before_the_letter_is_not_its_answer():
    """A relay that knows no EHLO, and then cuts the line behind the letter."""
    with scripted({"EHLO": ["502 what?"] * 2, "DOT": ["accept-cut"] * 2}, letters=10, unknown=2):
        pass


def test_SC_07_cut_after_the_letter_is_in_doubt():
    with scripted({"DOT": ["accept-cut"] * 3 + ["cut"] * 2}, unknown=5) as (_, server):
        assert len(server.letters) == LETTERS - 2, "three of the five in doubt had arrived"


class CountingServer(ScriptedServer):
    """Knows how many conversations it has had at once."""
    def __init__(self, script=None):
        super().__init__(script)
        self.open = self.most = 0

    def finish_request(self, request, client_address):
        with self.lock:
            self.open += 1
            self.most = max(self.most, self.open)
        try:
            super().finish_request(request, client_address)
        finally:
            with self.lock:
                self.open -= 1


def one_wide_worker(house):
    """One process with eight connections, and windows of a hundred letters."""
    def widen(document):
        document["rooms"]["invoice_escalation"] = 1
        document["queue"]["send_window"] = 100
        document["mail"]["relay"]["connections"] = 8
    house.edit(house.dir / "config/ticklerd.yaml", widen)


def over_eight_connections(script, letters=100, **expected):
    server = CountingServer(script).start()
    try:
        with House() as house:
            prepare(house, server, letters, before_start=one_wide_worker)
            drained(house)
            judge(house, server, letters, **expected)
            # After a refusal a connection is given up and another made: the server may hear of the first one's end late.
            assert 2 <= server.most <= 8 + expected.get("failed", 0), f"{server.most} connections at once"
            return server
    finally:
        server.stop()


def test_one_bad_address_among_100_on_eight_connections():
    server = over_eight_connections({"RCPT": ["250 ok"] * 40 + ["550 5.1.1 no such user"]}, failed=1)
    assert len(server.letters) == 99


def test_a_cut_on_one_connection_leaves_only_its_letter_in_doubt():
    server = over_eight_connections({"DOT": ["250 taken"] * 40 + ["accept-cut"]}, unknown=1)
    assert len(server.letters) == 100


def test_a_worker_killed_with_eight_letters_under_way():
    server = CountingServer({"DOT": ["250 taken"] * 10 + ["hang"] * 8}).start()
    try:
        with House() as house:
            prepare(house, server, 60, before_start=one_wide_worker, timeout=60)
            house.wait(lambda: len(server.letters) == 10 and not server.script["DOT"], "eight letters under way")
            in_doubt = states(house)["sending"]
            for pid in house.pids("ticklerd-invoice-escalation"):
                os.kill(pid, signal.SIGKILL)
            drained(house)
            assert server.most == 8 and in_doubt <= 60, (server.most, in_doubt)
            judge(house, server, 60, unknown=in_doubt)
    finally:
        server.stop()


def test_resend_policy_sends_the_same_bytes():
    server = ScriptedServer({"DOT": ["hang"]}).start()
    try:
        with House() as house:
            prepare(house, server, 10, if_unknown="resend")
            house.wait(lambda: len(server.letters) >= 1 or states(house).get("sending", 0) > 0, "the first letters")
            for pid in house.pids("ticklerd-invoice-escalation"):
                os.kill(pid, signal.SIGKILL)
            drained(house)
            by_id = {}
            for row in server.letters:
                by_id.setdefault(row["message_id"], set()).add(row["hash"])
            assert len(by_id) == 10 and all(len(hashes) == 1 for hashes in by_id.values()), by_id
    finally:
        server.stop()


if __name__ == "__main__":
    support.run_tests(globals())
