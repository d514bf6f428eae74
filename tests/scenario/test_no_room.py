"""No room: the Maildir's disk is full, the log's disk is full or the log at its size limit, no descriptor is left. Letters
wait and go once when there is room; what the log loses stops nobody; who cannot go on ends, and comes back.
"""
import os
import pathlib
import resource
import subprocess

import house as support
from judge import History, Judge, in_maildir
from test_failing_calls_live import SCHEDULER, WORKER, LiveOffice

LOG_LIMIT_KB = 64 * 1024


def open_descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


class FullOffice(LiveOffice):
    def judged(self):
        history = History()
        for number in range(1, self.written + 1):
            history.expect("invoice_escalation", f"invoice:I-{number}")
        Judge(self, history, in_maildir(self)).check()
        self.stop()
        Judge.nothing_left(self)

    def settled(self, what):
        self.wait(self.is_settled, what, 90)

    def with_no_descriptor(self, program, more):
        """Takes the descriptors that are free from a process, gives the house work, and gives them back."""
        pids = [self.daemon.pid] if program == "ticklerd" else self.pids(program)
        had = resource.prlimit(pids[0], resource.RLIMIT_NOFILE)
        for pid in pids:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (open_descriptors(pid) + more, had[1]))
        if program == SCHEDULER:  # it has to hear somebody new
            for worker in self.pids(WORKER):
                os.kill(worker, 9)
        self.write_letter()
        self.wait(lambda: self.is_settled() or not set(pids) & self.processes().keys() or
                  self.one("SELECT count(*) FROM job WHERE reason IS NOT NULL"), "what comes of it", 60)
        for pid in set(pids) & self.processes().keys():
            resource.prlimit(pid, resource.RLIMIT_NOFILE, had)
        self.settled(f"the letter after {program} had no descriptor left")


def test_the_maildirs_disk_is_full():
    with FullOffice() as office:
        office.open()
        for kind in ("write", "fsync", "open"):
            office.calls.arm(WORKER, kind, 1, forever=True)
            office.write_letter()
            office.wait(lambda: office.one("SELECT count(*) FROM job WHERE reason = 'the Maildir cannot be written'") or
                        office.calls.failed > 3, f"the letter to wait ({kind})")
            assert not office.is_settled()
            office.calls.disarm()
            office.settled(f"the letter when {kind} works again")
        assert "cannot write" in office.log.read_text(errors="replace")
        office.judged()


def test_the_logs_disk_is_full():
    with FullOffice() as office:
        office.open()
        office.stop()
        kept, office.log = office.log, pathlib.Path("/dev/full")
        try:
            office.start()
            os.kill(office.pids(WORKER)[0], 9)  # there is something to say
            office.write_letter()
            office.settled("a letter without a log")
        finally:
            office.log = kept
        office.judged()


def test_the_log_is_at_its_limit():
    """LimitFSIZE of a unit, or ulimit -f."""
    with FullOffice() as office:
        office.open()
        office.stop()
        office.log = office.root / "long.log"
        with open(office.log, "wb") as log:
            log.truncate(LOG_LIMIT_KB * 1024)
        limited = (LOG_LIMIT_KB * 1024, LOG_LIMIT_KB * 1024)
        with open(office.log, "ab") as log:
            office.daemon = subprocess.Popen([office.bin / "ticklerd", "--dir", office.dir], stdout=log, stderr=log,
                                             env=office.environment(),
                                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limited))
        office.wait(office.is_up, "the daemon to be up")
        os.kill(office.pids(WORKER)[0], 9)
        office.write_letter()
        office.settled("a letter with a full log")
        assert office.log.stat().st_size == LOG_LIMIT_KB * 1024
        office.log.unlink()
        office.judged()


def test_no_descriptor_is_left():
    with FullOffice() as office:
        office.open()
        office.write_letter()
        office.settled("a letter before")
        for program in (WORKER, SCHEDULER, "ticklerd"):
            for more in (0, 1):
                office.with_no_descriptor(program, more)
        office.wait(office.is_up, "the office")
        text = office.log.read_text(errors="replace")
        said, ended = text.count("Too many open files"), text.count("ended by signal 6")
        print(f"  6 times no descriptor left: {said} sentences, {ended} processes ended and were back")
        assert said, "nobody noticed"
        office.judged()


if __name__ == "__main__":
    support.run_tests(globals())
