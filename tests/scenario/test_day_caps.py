"""Caps of a day hold exactly, whatever Redis does meanwhile: flushed, killed, stopped. Judged by what the relay accepted."""
import datetime as dt
import os
import signal
import zoneinfo

import house as support
from house import House, write_csv
from smtp_script import ScriptedServer

CAP, LETTERS, WORKERS = 70, 160, 3


def open_office(house, server, mail_limits, of_person):
    """Three workers that send through the relay, and nothing but the caps in their way."""
    def settings(document):
        document["mail"].update(limits=mail_limits, relay={"url": f"smtp://127.0.0.1:{server.port}", "starttls": False})
        document["rooms"]["invoice_escalation"] = WORKERS
        document["queue"]["batch"] = 20  # so that all have their part at the same time
        document["people"]["letters_per_day"] = of_person
    house.init()
    house.only("invoice_escalation", "task_desk")
    house.edit(house.dir / "config/ticklerd.yaml", settings)
    support.open_window(house)
    house.schedule("invoice_escalation", limits={"per_party_per_day": 0, "per_run": 0}, storm_brake=0,
                   stop_if_data_older_than=None)
    house.start()
    shares = {line.split("--share ")[1].split()[0] for line in house.processes().values() if "--share " in line}
    assert shares == {str(WORKERS + 1)}, f"without Redis all workers of all rooms divide the limits: {shares}"


def overdue(house, letters):
    return support.overdue_folder(house, letters, dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date())


def redis_pid(house):
    return next((pid for pid, line in house.processes().items() if "redis-server" in line), None)


def next_day(house):
    """What was counted becomes yesterday's, and what waits for tomorrow is ready."""
    house.sql("DELETE FROM spent WHERE day < (SELECT max(day) FROM spent)")
    house.sql("UPDATE spent SET day = day - 1")
    house.sql("UPDATE job SET ready_at = now()")
    house.sql("NOTIFY tickler")


def settled(house):
    """No letter is under way, and each job that is left waits for the next day."""
    house.wait(lambda: house.one("SELECT count(*) FROM job WHERE ready_at < now() + interval '30 s'") == 0
               and house.one("SELECT count(*) FROM message WHERE state = 'sending'") == 0, "the day to be spent", 90)


def test_the_relays_day():
    server = ScriptedServer().start()
    try:
        with House() as house:
            open_office(house, server, {"per_second": 20, "per_day": CAP}, of_person=0)
            house.tickler("import", "--dir", overdue(house, LETTERS))
            house.tickler("run", "invoice_escalation")
            arrived = lambda: len(server.letters)
            house.wait(lambda: arrived() >= 10, "some letters")
            house.redis("FLUSHALL")
            house.wait(lambda: arrived() >= 25, "more letters")
            os.kill(redis_pid(house), signal.SIGKILL)
            house.wait(lambda: arrived() >= 40 and redis_pid(house), "letters without Redis, and Redis to be back")
            stopped = redis_pid(house)
            os.kill(stopped, signal.SIGSTOP)
            settled(house)
            assert arrived() == CAP == house.one("SELECT count FROM spent WHERE scope = 'relay'"), (arrived(), CAP)
            reasons = house.sql("SELECT DISTINCT reason FROM job")
            assert reasons == [("the relay's day is spent",)], reasons
            os.kill(stopped, signal.SIGCONT)
            next_day(house)
            settled(house)
            assert arrived() == 2 * CAP, arrived()
            next_day(house)
            house.drain()
            assert arrived() == LETTERS == len({row["message_id"] for row in server.letters}), arrived()
            print(f"  {CAP}, {CAP} and {LETTERS - 2 * CAP} letters on three days; Redis flushed, killed, stopped")
    finally:
        server.stop()


def test_a_persons_day():
    """Sixty facilities share three readers: each has three letters a day, however many workers write at once."""
    server = ScriptedServer().start()
    try:
        with House() as house:
            open_office(house, server, {"per_second": 20}, of_person=3)
            folder = overdue(house, 60)
            write_csv(folder / "contacts.csv", [dict(contact=f"C-{i}", facility=f"F-{i:05}", name="Bill", role="billing",
                                                     email=f"reader{i % 3}@shared.example") for i in range(60)])
            house.tickler("import", "--dir", folder)
            house.tickler("run", "invoice_escalation")
            for day in (1, 2):
                house.wait(lambda: server.letters or day > 1, "a letter")
                house.redis("FLUSHALL")
                settled(house)
                readers = sorted(row["to"] for row in server.letters)
                assert readers == sorted(f"reader{n}@shared.example" for n in range(3) for _ in range(3 * day)), readers
                next_day(house)
    finally:
        server.stop()


if __name__ == "__main__":
    support.run_tests(globals())
