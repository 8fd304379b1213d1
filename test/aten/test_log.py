"""logging.getLogger("gems") receives what GEMS_LOG prints, and warnings, whatever lock is held and until the very end."""

import re

import pytest

from processes import python

LISTEN = """
import logging
logging.basicConfig(level=logging.DEBUG, format="%(levelname)s %(name)s %(threadName)s %(message)s", stream=sys.stdout)
logging.getLogger("torch").setLevel(logging.ERROR)
"""
CALL = """
import torch, gems
with gems.use_gems():
    torch.exp(torch.ones(33))
"""
READY = r"exp gems_exp_f32 cpu, f32 -> f32, contiguous -> contiguous: {} in [\d.]+ ms, key [0-9a-f]{{16}}\n"
COMPILED, HIT = READY.format("miss, compiled"), READY.format("hit")


@pytest.fixture
def run(tmp_path):
    def run(code, **environment):
        done = python(code, **{"GEMS_CACHE_DIR": str(tmp_path / "cache"), **environment})
        assert done.returncode == 0, done.stderr
        return done

    return run


def matches(pattern, text):
    assert re.fullmatch(pattern, text), text
    return True


def test_compiled_kernels_are_info_and_kernels_of_the_cache_debug(run):
    assert matches("INFO gems MainThread " + COMPILED, run(LISTEN + CALL).stdout)
    assert matches("DEBUG gems MainThread " + HIT, run(LISTEN + CALL).stdout)


def test_without_logging_nothing_is_printed_but_what_is_asked_for(run):
    assert (run(CALL).stdout, run(CALL).stderr) == ("", "")
    done = run(CALL, GEMS_LOG="1")
    assert done.stdout == "" and matches("gems: " + HIT, done.stderr)


def test_stderr_goes_on_beside_logging(run):
    done = run(LISTEN + CALL, GEMS_LOG="1")
    assert matches("INFO gems MainThread " + COMPILED, done.stdout) and matches("gems: " + COMPILED, done.stderr)


def test_logging_may_be_configured_after_the_import_and_by_level(run):
    code = "import torch, gems\n" + LISTEN + "logging.getLogger('gems').setLevel(logging.WARNING)\n" + CALL
    assert run(code).stdout == ""
    assert matches("DEBUG gems MainThread " + HIT, run("import torch, gems\n" + LISTEN + CALL).stdout)


def test_warnings_of_the_library_are_warnings(run):
    done = run(LISTEN + CALL, GEMS_CACHE_MAXSIZE="much")
    text = "GEMS_CACHE_MAXSIZE=much is not understood; use bytes, or a number with K, M or G. Going on with 1073741824\n"
    assert f"WARNING gems MainThread {text}" in done.stdout
    assert done.stderr == f"gems: warning: {text}"
    # A program that does not log sees it once.
    assert run(CALL, GEMS_CACHE_MAXSIZE="much").stderr == f"gems: warning: {text}"


def test_a_call_left_to_aten_since_gems_failed_is_a_warning(run):
    forbid = "import ctypes\nif ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): print('old kernel'), sys.exit()\n"
    silent = "import warnings\nwarnings.simplefilter('ignore')\n"
    done = run(LISTEN + silent + "import torch, gems\n" + forbid + CALL, GEMS_STRICT="0")
    if done.stdout == "old kernel\n":
        pytest.skip("needs Linux 6.3: prctl(PR_SET_MDWE)")
    assert "WARNING gems MainThread op 'exp' failed and was left to ATen (GEMS_STRICT=1 raises instead): " in done.stdout


def test_a_record_has_the_thread_and_the_time_of_its_message(run):
    code = LISTEN.replace("%(message)s", "%(message)s at %(created)f %(msecs)d") + """
import threading, time, torch, gems
gems.enable()
heard = threading.Event()
class Heard(logging.Handler):
    def emit(self, record):
        heard.set()
logging.getLogger("gems").addHandler(Heard())
def work():
    torch.exp(torch.ones(33))
    heard.wait(30)
before = time.time()
thread = threading.Thread(target=work, name="worker")
thread.start(), thread.join()
print(before, time.time())
"""
    logged, bounds = sorted(run(code).stdout.splitlines(), key=lambda line: not line.startswith("INFO"))
    at, ms = re.fullmatch(r"INFO gems worker .* at ([\d.]+) (\d+)", logged).groups()
    first, last = map(float, bounds.split())
    assert first <= float(at) <= last and int(ms) == int(float(at) % 1 * 1000)


def test_a_handler_may_call_gems_and_be_slow(run):
    code = LISTEN + """
import threading, time, torch, gems
gems.enable()
class Slow(logging.Handler):
    def emit(self, record):
        time.sleep(0.3)
        if " gems_exp_f32 " in record.getMessage():
            torch.sin(torch.ones(33))  # which is logged, too
        if " gems_sin_f32 " in record.getMessage():
            done.set()
done = threading.Event()
logging.getLogger("gems").addHandler(Slow())
for op in (torch.exp, torch.cos, torch.neg):
    op(torch.ones(33))
assert done.wait(30)
"""
    printed = run(code).stdout
    assert [re.search(r" gems_(\w+)_f32 ", line)[1] for line in printed.splitlines()] == ["exp", "cos", "neg", "sin"]


def test_a_handler_may_wait_for_the_thread_whose_call_it_logs(run):
    code = LISTEN + """
import threading, torch, gems
gems.enable()
held = threading.Lock()
class Locked(logging.Handler):
    def emit(self, record):
        with held:
            print("had it")
logging.getLogger("gems").addHandler(Locked())
with held:
    torch.exp(torch.ones(33))
"""
    lines = run(code).stdout.splitlines()
    assert len(lines) == 2 and "had it" in lines


def test_the_last_message_is_heard_at_exit(run):
    code = LISTEN + """
import time, torch, gems
class Slow(logging.Handler):
    def emit(self, record):
        time.sleep(1)
        print("heard")
logging.getLogger("gems").addHandler(Slow())
with gems.use_gems():
    torch.exp(torch.ones(33))
"""
    lines = run(code).stdout.splitlines()
    assert len(lines) == 2 and "heard" in lines


def test_a_child_of_fork_logs(run):
    code = LISTEN + """
import os, torch, gems
gems.enable()
torch.exp(torch.ones(33))
sys.stdout.flush()
child = os.fork()
if child == 0:
    torch.sin(torch.ones(33))
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
"""
    printed = run(code).stdout
    assert (printed.count(" gems_exp_f32 "), printed.count(" gems_sin_f32 ")) == (1, 1)


def test_import_starts_no_thread(run):
    count = "len(__import__('os').listdir('/proc/self/task'))"
    done = run(f"import torch\nbefore = {count}\nimport gems\nprint({count} - before)")
    assert done.stdout == "0\n"


def test_importing_again_goes_on_logging(run):
    code = LISTEN + """
import torch, gems
for name in [name for name in sys.modules if name.split(".")[0] == "gems"]:
    del sys.modules[name]
import gc, gems
gc.collect()
""" + CALL
    assert matches("INFO gems MainThread " + COMPILED, run(code).stdout)
