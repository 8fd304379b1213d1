"""What `import gems` costs beside torch: processor time and resident memory."""

from processes import python

CODE = """
import resource, time
import torch
before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
import gems
seconds = time.process_time() - start
print(seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


def test_import_is_quick_and_small(tmp_path):
    # Bytecode is kept, as pip keeps that of an installed package. The least of five: other work on the machine only adds.
    kept = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(tmp_path)}
    measured = [tuple(map(float, python(CODE, **kept).stdout.split())) for _ in range(5)]
    assert min(seconds for seconds, _ in measured) < 0.1
    assert min(size_bytes for _, size_bytes in measured) < 80e6
