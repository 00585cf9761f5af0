"""The service that the apps call: a real HTTP server on the loopback interface, in threads of its own."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from journal import note


class Handler(BaseHTTPRequestHandler):
    """`/slow?ms=400` answers late, `/status/503` with that status, `/cookie` sets one, all else is echoed."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        url = urlsplit(self.path)
        query = dict(parse_qsl(url.query))
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        cookie, token = self.headers.get("cookie") or "", self.headers.get("x-token") or ""
        note("upstream", self.command, self.path, *filter(None, (body, cookie, token)))
        if ms := query.get("ms"):
            time.sleep(int(ms) / 1000)
        status = int(url.path.rpartition("/")[2]) if url.path.startswith("/status/") else 200
        said = {"path": url.path, "query": query, "body": body, "cookie": cookie, "token": token}
        payload = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(payload)))
        if url.path == "/cookie":
            self.send_header("set-cookie", "visitor=42; Path=/")
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Clients may hang up."""


class Upstream:
    def __enter__(self) -> Upstream:  # noqa: PYI034  # `Self` is younger than Python 3.10
        self.server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self.server.server_port}"
        self.url = f"http://{self.address}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
