"""Commands that are stopped, each a process of its own."""

import signal
import subprocess
import sys

import pytest

_SCRIPT = """
import sys, time
from pipeline.command import stopped
{before}
def {name}():
    try:
        print("begun", flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        {then}
try:
    stopped.stoppable({name})()
except RuntimeError as error:
    sys.exit(f"failed: {{error}}")
"""


def run(name: str, then: str, *, before: str = "", times: int = 1, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
    """Stop a command once it has begun; its status and what it told."""
    process = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT.format(name=name, then=then, before=before)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    for _ in range(times):
        process.send_signal(number)
        if times > 1:
            assert process.stdout.readline() == "tidying up\n"
    told = process.communicate()[1]
    return process.returncode, told


GOES_ON = "stopped. What was served still is; the same command goes on from here\n"


@pytest.mark.parametrize(
    ("name", "then", "told"),
    [
        ("similar", "raise", "stopped\n"),
        ("refresh", "raise", GOES_ON),
        ("refresh", "raise RuntimeError('the server is gone')", GOES_ON),
        ("refresh", "raise RuntimeError('the server is gone') from None", GOES_ON),
    ],
)
def test_a_command_that_is_stopped_says_so_in_a_line(name: str, then: str, told: str) -> None:
    assert run(name, then) == (130, told)


@pytest.mark.parametrize("times", [1, 2])
def test_one_that_is_told_to_end_does_so_as_well(times: int) -> None:
    """As a supervisor does it, and with the status that a shell gives to what SIGTERM ended; at once if it is told twice."""
    then = "raise" if times == 1 else r"sys.stdout.write('tidying up\ntidying up\n'); sys.stdout.flush(); time.sleep(600)"
    assert run("train", then, times=times, number=signal.SIGTERM) == (143, GOES_ON)


def test_one_that_tidies_up_for_too_long_is_ended() -> None:
    assert run("refresh", "time.sleep(600)", before="stopped.GRACE_S = 0.1") == (130, GOES_ON)


def test_who_asks_twice_is_not_kept_waiting() -> None:
    # Both lines at once: what is told when it is asked again may come before another one is written.
    then = r"sys.stdout.write('tidying up\ntidying up\n'); sys.stdout.flush(); time.sleep(600)"
    assert run("refresh", then, times=2) == (130, GOES_ON)


def test_an_error_of_a_command_that_nobody_stopped_stays_one() -> None:
    script = _SCRIPT.format(name="refresh", then="pass", before="").replace("time.sleep(600)", "raise RuntimeError('no')")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "failed: no\n")
