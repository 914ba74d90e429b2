"""A worker in Python that shows its memory to the gateway: runtime protocol 1 with a shared key, and nothing else."""
import hmac, json, os, re, uuid
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = os.environ["RUNTIME_KEY"]
WORKER_ID = os.environ.get("WORKER_ID", str(uuid.uuid4()))
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)
now = lambda: datetime.now(timezone.utc).isoformat(timespec="milliseconds")
STARTED = now()
RUNNERS = {}  # chat id -> runner; your worker fills it when it takes a chat, and clears it when it is done

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def say(self, status, body, kind="application/json"):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def refuse(self, status, title):
        self.close_connection = True
        self.say(status, {"title": title, "status": status}, "application/problem+json")

    def is_let_in(self):
        token = self.headers.get("authorization", "")
        if hmac.compare_digest(token.encode(), f"Bearer {KEY}".encode()):
            return True
        self.refuse(401, "Send the shared key as a bearer token")

    def do_GET(self):
        if not self.is_let_in(): return
        if self.path.split("?")[0] != "/chat-debug/v1/replica":
            return self.refuse(404, "Nothing here")
        most = re.search(r"[?&]runners=(\d{1,4})(?:&|$)", self.path)
        listed = list(RUNNERS.items())[:min(int(most[1]), 1000) if most else 0]
        runners = [{**runner, "chatId": chat} for chat, runner in listed]
        self.say(200, {"workerId": WORKER_ID, "observedAt": now(), "startedAt": STARTED, "runners": runners})

    def do_POST(self):
        length = int(self.headers.get("content-length", 0))
        if not self.is_let_in(): return
        if self.path != "/chat-debug/v1/chats":
            return self.refuse(404, "Nothing here")
        if length > 65536:
            return self.refuse(413, "A question has at most 65536 bytes")
        try:
            ids = json.loads(self.rfile.read(length))["chatIds"]
            good = isinstance(ids, list) and len(ids) <= 100 and all(UUID.fullmatch(one) for one in ids)
            assert good
        except (ValueError, KeyError, TypeError, AssertionError):
            return self.refuse(400, "The body must be {\"chatIds\": [up to 100 UUIDs]}")
        chats = [{"chatId": one, "runners": [RUNNERS[one.lower()]] if one.lower() in RUNNERS else []} for one in ids]
        self.say(200, {"workerId": WORKER_ID, "observedAt": now(), "chats": chats})

    log_message = lambda *_: None

if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", 0))), Handler)
    print(f"worker {WORKER_ID} at http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
