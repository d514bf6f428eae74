"""Web hooks for tasks: signed as Standard Webhooks, tried again under the same id, refused to private addresses."""
import base64
import datetime as dt
import hashlib
import hmac
import http.server
import json
import os
import threading
import zoneinfo

import house as support
from house import House

SECRET = "whsec_" + base64.b64encode(b"twenty-four bytes or more").decode()


class Sink(http.server.ThreadingHTTPServer):
    """Answers the codes of its script, then 200; keeps every call."""

    def __init__(self, script=()):
        self.script, self.calls = list(script), []
        super().__init__(("127.0.0.1", 0), Answer)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.calls.append((dict(self.headers), body))
        self.send_response(self.server.script.pop(0) if self.server.script else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


def verify(headers, body):
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}"
    mac = hmac.new(base64.b64decode(SECRET[6:]), text.encode(), hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(mac).decode()


def office(house, url, private=True):
    house.init()
    house.only("invoice_escalation", "task_desk")
    support.open_window(house)
    house.schedule("invoice_escalation", stop_if_data_older_than=None)
    secret = house.root / "secret"
    secret.write_text(SECRET + "\n")
    os.chmod(secret, 0o600)
    house.edit(house.dir / "config/ticklerd.yaml", lambda d: (
        d.update(webhooks=[{"url": url, "secret": f"file:{secret}", "allow_private": private}]),
        d["queue"].update(retry_first=1)))
    house.start()
    house.wait(lambda: house.one("SELECT count(*) FROM step WHERE step = 'webhook'") == 1, "the hooks to be known")
    today = dt.datetime.now(zoneinfo.ZoneInfo("America/Chicago")).date()
    house.tickler("import", "--dir", support.overdue_folder(house, 1, today, 25))
    house.tickler("run", "invoice_escalation")


def test_created_and_closed_are_told_and_tried_again():
    sink = Sink([503, 429])
    with House() as house:
        office(house, f"http://127.0.0.1:{sink.server_port}/hook")
        house.wait(lambda: len(sink.calls) >= 3, "the third try", 60)
        ids = {headers["webhook-id"] for headers, _ in sink.calls}
        assert len(ids) == 1 and {body for _, body in sink.calls} == {sink.calls[0][1]}, "the same event each time"
        for headers, body in sink.calls:
            verify(headers, body)
        told = json.loads(sink.calls[0][1])
        assert told["type"] == "task.created" and told["data"]["about"] == "facility:F-00000", told
        assert "Clinic" not in sink.calls[0][1], "ids only: no names leave the house"
        house.wait(lambda: house.one("SELECT count(*) FROM event WHERE kind = 'webhook.sent'") == 1, "the record")
        house.tickler("task", told["data"]["task"], "done", "--outcome", "payment_sent")
        house.wait(lambda: len(sink.calls) >= 4, "the closing call")
        assert json.loads(sink.calls[3][1])["data"]["outcome"] == "payment_sent"


def test_a_refusing_hook_is_a_task():
    sink = Sink([410])
    with House() as house:
        office(house, f"http://127.0.0.1:{sink.server_port}/hook")
        house.wait(lambda: house.one("SELECT count(*) FROM task WHERE title = 'A web hook refuses our calls'") == 1, "the task")
        assert len(sink.calls) == 1


def test_private_addresses_are_not_called():
    sink = Sink()
    with House() as house:
        office(house, f"https://127.0.0.1:{sink.server_port}/hook", private=False)
        house.wait(lambda: house.sql("SELECT reason FROM job WHERE step = 'webhook_created' AND tries > 0")
                   or house.one("SELECT count(*) FROM event WHERE kind = 'webhook.failed'"), "the refusal")
        assert not sink.calls


if __name__ == "__main__":
    support.run_tests(globals())
