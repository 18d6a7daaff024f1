"""A side in a process of its own, which answers lines with lines of JSON."""

import json
import subprocess


class Gone(Exception):
    """The process has ended."""


class Process:
    def __init__(self, command, environment, log):
        self.log = log
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                                        env=environment)  # fmt: skip

    def ask(self, *words):
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise Gone(f"ended with status {self.process.wait()}") from None
        line = self.process.stdout.readline()
        if not line:
            raise Gone(f"ended with status {self.process.wait()}")
        return json.loads(line)

    def close(self):
        if self.process.poll() is None:
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
