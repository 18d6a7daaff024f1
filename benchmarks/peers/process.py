"""A side in a process of its own, which answers lines with lines of JSON."""

import json
import select
import subprocess


class Gone(Exception):
    """The process has ended, or was ended since it took too long."""


class Process:
    def __init__(self, command, environment, log):
        self.start = lambda: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                              env=environment, bufsize=0)  # fmt: skip
        self.process = self.start()

    def ask(self, *words, limit=600):
        """The answer; Gone where there is none within `limit` seconds. The next question begins the process anew."""
        if self.process is None:
            self.process = self.start()
        try:
            self.process.stdin.write((" ".join(map(str, words)) + "\n").encode())
        except BrokenPipeError:
            raise Gone(self.end()) from None
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self.process.stdout], [], [], limit)[0]:
                self.end()
                raise Gone(f"took more than {limit} s")
            part = self.process.stdout.read(1 << 16)
            if not part:
                raise Gone(self.end())
            line += part
        return json.loads(line)

    def end(self):
        process, self.process = self.process, None
        if process is None:
            return ""
        process.stdin.close()
        try:
            status = process.wait(1)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        return f"ended with status {status}"
