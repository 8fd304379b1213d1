"""Looking up, compiling and loading kernels are ranges of torch.profiler, within the call that needs the kernel."""

import json

import pytest

from processes import python

PROFILE = """
import json, torch, gems
x = torch.ones(33)
found = []
for _ in range(2):
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile, gems.use_gems():
        torch.exp(x)
    events = sorted(profile.events(), key=lambda event: event.time_range.start)
    found.append([(event.name, event.cpu_parent and event.cpu_parent.name) for event in events if "gems" in event.name])
print(json.dumps(found))
"""
LOOK_UP, COMPILE, LOAD = "gems::look_up exp", "gems::compile exp", "gems::load gems_exp_f32"


@pytest.fixture
def profiled(tmp_path):
    def profiled(**environment):
        done = python(PROFILE, GEMS_CACHE_DIR=str(tmp_path / "cache"), **environment)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return profiled


def test_a_kernel_is_looked_up_compiled_and_loaded_once_within_its_call(profiled):
    assert profiled() == [[[name, "aten::exp"] for name in (LOOK_UP, COMPILE, LOAD)], []]


def test_a_kernel_of_the_cache_is_not_compiled(profiled):
    profiled()
    assert profiled() == [[[name, "aten::exp"] for name in (LOOK_UP, LOAD)], []]
