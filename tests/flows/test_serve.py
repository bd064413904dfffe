"""What `serve` does with its runs when it is told to end; the rest is in tests/e2e."""

import signal
import subprocess
import sys
from pathlib import Path

RUN = """
import pathlib, signal, sys, time
def tidy_up(*_):
    time.sleep(.2)
    pathlib.Path(sys.argv[2]).write_text("a checkpoint")
    sys.exit()
signal.signal(signal.SIGTERM, tidy_up)
print(flush=True)
time.sleep(600)
"""
SERVE = """
import signal, subprocess, sys, time
from flows.serve import after_the_runs
signal.signal(signal.SIGTERM, after_the_runs(lambda *_: sys.exit(0)))
run = subprocess.Popen([sys.executable, "-c", sys.argv[1], "prefect.engine", sys.argv[2]], stdout=subprocess.PIPE)
run.stdout.readline()
print("begun", flush=True)
time.sleep(600)
"""


def test_runs_tidy_up_before_serve_ends(tmp_path: Path) -> None:
    left = tmp_path / "left"
    process = subprocess.Popen([sys.executable, "-c", SERVE, RUN, str(left)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 0
    assert left.read_text() == "a checkpoint"
    process.stdout.close()
