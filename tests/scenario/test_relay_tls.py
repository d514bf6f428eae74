"""A relay with STARTTLS and a password: used when its certificate is good, and never in clear text when it is not."""
import datetime as dt
import os
import zoneinfo

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

import house as support
from house import House
from smtp_script import certificate

PASSWORD = "correct horse battery staple"


class Sink:
    """Keeps what arrives, and over what kind of line."""

    def __init__(self):
        self.letters, self.logins = [], []

    async def handle_DATA(self, server, session, envelope):
        self.letters.append((envelope.rcpt_tos[0], session.ssl is not None, session.authenticated))
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, auth_data):
        self.logins.append((session.ssl is not None, auth_data.login.decode(), auth_data.password.decode()))
        return AuthResult(success=auth_data.password.decode() == PASSWORD)


def office(house, port, password=PASSWORD, **relay):
    house.init()
    house.only("invoice_escalation", "task_desk")
    support.open_window(house)
    house.schedule("invoice_escalation", stop_if_data_older_than=None)
    secret = house.root / "smtp-password"
    secret.write_text(password)
    os.chmod(secret, 0o600)
    house.edit(house.dir / "config/ticklerd.yaml", lambda d: (
        d["mail"].update(relay={"url": f"smtp://127.0.0.1:{port}", "user": "agency", "password": f"file:{secret}",
                                "timeout": 5, **relay}), d["queue"].update(retry_first=1, retry_limit=2)))
    house.start()
    today = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
    house.tickler("import", "--dir", support.overdue_folder(house, 3, today))
    house.tickler("run", "invoice_escalation")


def with_relay(tls, function):
    with House() as house:
        sink = Sink()
        options = dict(tls_context=certificate(house.root), require_starttls=True, auth_require_tls=True) if tls else \
            dict(auth_require_tls=False)
        controller = Controller(sink, hostname="127.0.0.1", port=support.free_port(), authenticator=sink.authenticate,
                                auth_required=True, **options)
        controller.start()
        try:
            function(house, controller.port, sink)
        finally:
            controller.stop()


def test_starttls_and_password():
    def check(house, port, sink):
        office(house, port, ca_file=str(house.root / "cert.pem"))
        house.drain()
        assert len(sink.letters) == 3 and all(secure and known for _, secure, known in sink.letters), sink.letters
        assert set(sink.logins) == {(True, "agency", PASSWORD)}
        for path in [house.log, *house.dir.glob("run/*.log")]:
            assert PASSWORD not in path.read_text(errors="replace"), path
        assert PASSWORD not in " ".join(house.processes().values())
    with_relay(True, check)


def refused(house, sink):
    house.wait(lambda: house.one("SELECT count(*) FROM fired WHERE outcome = 'never'") == 3, "the tries to end", 60)
    assert not sink.letters
    assert house.one("SELECT count(*) FROM task WHERE step = 'contact'") == 3, "giving up tells a person"
    assert house.one("SELECT count(*) FROM suppression") == 0, "the relay's fault is not the address's"


def test_unknown_certificate():
    def check(house, port, sink):
        office(house, port)
        refused(house, sink)
        assert not sink.logins, "a password went to a relay that nobody vouches for"
    with_relay(True, check)


def test_no_starttls_no_letter():
    def check(house, port, sink):
        office(house, port)
        refused(house, sink)
        assert not sink.logins, "a password went in clear text"
    with_relay(False, check)


def test_wrong_password():
    def check(house, port, sink):
        office(house, port, password="wrong", ca_file=str(house.root / "cert.pem"))
        refused(house, sink)
    with_relay(True, check)


if __name__ == "__main__":
    support.run_tests(globals())
