# mnist_server.py DIRECTORY: serves the files of DIRECTORY on 127.0.0.1, and prints the port that it is at. The first part
# of a path says how: whole, cut (breaks off in the middle of what is left), html (a page, whatever is asked for), wrong
# (another file), damaged, or missing. Each request is a line of DIRECTORY/requests: path, first byte, bytes given.

import gzip
import http.server
import pathlib
import sys

directory = pathlib.Path(sys.argv[1])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        _, mode, name = self.path.split("/")
        status, first, kind = 200, 0, "application/gzip"
        if mode == "html":
            body, kind = b"<!DOCTYPE html><html><body>Please log in.</body></html>", "text/html"
        elif mode == "missing":
            status, body = 404, b"There is no such file."
        elif mode == "wrong":
            body = gzip.compress(b"another file")
        else:
            body = (directory / name).read_bytes()
        if mode == "damaged":
            body = body[:-20] + bytes(20)
        if "Range" in self.headers and status == 200 and mode != "html":
            first = int(self.headers["Range"].removeprefix("bytes=").split("-")[0])
            status = 206 if first < len(body) else 416
        given = body[first:]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(given)))
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        if mode == "cut":
            given = given[: len(given) // 2]
        self.wfile.write(given)
        with open(directory / "requests", "a") as log:
            log.write(f"{self.path} {first} {len(given)}\n")

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
