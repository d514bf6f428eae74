"""The office of a fault scene: a whole house with `letters` overdue invoices, each the cause of one letter."""
import contextlib
import datetime as dt
import os
import pathlib
import shutil
import sys
import zoneinfo

import house as support
from judge import History, Traces, in_maildir, of_server
from smtp_script import ScriptedServer, certificate

NO_BRAKES = dict(limits={"per_party_per_day": 1, "per_run": 0}, storm_brake=0, stop_if_data_older_than=None)


def merge(document, changes):
    """Changes keys of a nested document; None takes one out."""
    for key, value in changes.items():
        if isinstance(value, dict) and isinstance(document.get(key), dict):
            merge(document[key], value)
        else:
            document[key] = value


def debug_programs():
    """Where the programs with kill points are, or the scene says that it was skipped."""
    folder = pathlib.Path(os.environ.get("TICKLER_DEBUG_BIN", support.SOURCE / "build/debug/bin"))
    if not (folder / "ticklerd").exists():
        print("skipped: no build with kill points (preset debug)")
        sys.exit(77)
    os.environ["ASAN_OPTIONS"] = "detect_leaks=0"  # the commands end without tidying up; errors still end them
    return folder


class Office:
    def __init__(self, letters=200, full_letters=None, rooms=("invoice_escalation", "task_desk"), settings=None,
                 schedule=None, relay=None, build="release", environment=None, once=False, replace=None, servers=(),
                 relay_host="127.0.0.1"):
        """letters: overdue invoices, one facility each; full_letters: as many under TICKLER_TIER=full
        rooms: the others rest · settings: into ticklerd.yaml · schedule: into invoice_escalation.yaml
        relay: the script of the mail server (smtp_script.py; {} behaves well), over TLS where it speaks of STARTTLS;
          without it, letters go into the Maildir · relay_host: how ticklerd calls it
        build: release, or debug with kill points · environment: of ticklerd and its children; {root} and {bin} are
          the scene's folder and the programs'
        once: a kill point acts once over all processes
        replace: {program: shell text} instead of the real one
        servers: postgres, standby: of the scene's own, instead of the embedded one (fault_servers.py)"""
        if os.environ.get("TICKLER_TIER") == "full" and full_letters:
            letters = full_letters
        self.letters, self.rooms, self.settings, self.schedule = letters, rooms, settings or {}, schedule or {}
        self.environment, self.replace, self.once = environment or {}, replace or {}, once
        self.relay_host = relay_host
        self.servers = {name: None for name in servers}
        self.house = support.House(debug_programs() if build == "debug" else None)
        self.server = ScriptedServer(relay, tls="STARTTLS" in relay and certificate(self.house.root)) if relay is not None \
            else None
        self.stack = contextlib.ExitStack()
        self.history, self.before = History(), None
        for number in range(self.letters):
            self.history.expect("invoice_escalation", f"invoice:INV-{number:05}")

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            stack.enter_context(self.house)
            self.open(stack)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *why):
        return self.stack.__exit__(*why)

    def open(self, stack):
        if self.replace:
            self.replace_programs()
        if self.servers:
            import fault_servers
            fault_servers.open_servers(self, stack)
        if self.server:
            self.server.start()
            stack.callback(self.server.stop)
        self.house.init()
        self.configure()
        self.start()
        today = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
        self.house.tickler("import", "--dir", support.overdue_folder(self.house, self.letters, today))
        self.before = Traces(self.house)

    def replace_programs(self):
        programs = self.house.root / "bin"
        programs.mkdir()
        for program in self.house.bin.glob("tickler*"):
            shutil.copy2(program, programs)
        for name, text in self.replace.items():
            (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        self.house.bin = programs

    def configure(self):
        house = self.house
        house.only(*self.rooms)
        support.open_window(house)
        house.schedule("invoice_escalation", **NO_BRAKES)
        house.edit(house.dir / "config/schedules/invoice_escalation.yaml", lambda d: merge(d, self.schedule))
        settings = {"queue": {"retry_first": 1}}
        if self.server:
            settings["mail"] = {"relay": self.relay_settings()}
        merge(settings, self.settings)
        house.edit(house.dir / "config/ticklerd.yaml", lambda d: merge(d, settings))

    def relay_settings(self):
        relay = {"url": f"smtp://{self.relay_host}:{self.server.port}", "starttls": bool(self.server.tls), "timeout": 5}
        if self.server.tls:
            relay["ca_file"] = str(self.house.root / "cert.pem")
        if "AUTH" in self.server.script:
            secret = self.house.root / "smtp-password"
            secret.touch(mode=0o600)
            secret.write_text("correct horse")
            relay.update(user="agency", password=f"file:{secret}")
        return relay

    def start(self, wait=True):
        """Starts ticklerd in the scene's environment, which is its alone."""
        extra = {name: value.format(root=self.house.root, bin=self.house.bin)
                 for name, value in self.environment.items()}
        if self.once:
            extra["TICKLER_KILL_MARK"] = str(self.house.root / "acted")
        os.environ.update(extra)
        try:
            self.house.start(wait=wait)
        finally:
            for name in extra:
                del os.environ[name]

    def arrived(self):
        """Every letter that the relay or the Maildir has."""
        return of_server(self.server) if self.server else in_maildir(self.house)

    def arrived_count(self):
        """The same, counted cheaply: a wait asks often."""
        return len(self.server.letters) if self.server else len(self.house.maildir())
