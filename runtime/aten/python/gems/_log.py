"""logging.getLogger("gems"): what the library says about kernels, and its warnings.

    DEBUG    a kernel came from the cache
    INFO     a kernel was compiled
    WARNING  as on stderr, and calls that were left to ATen since something failed

The library calls from a thread of its own that holds no lock, so that no handler can stop a kernel from becoming ready. At
exit the last messages are handed over before the interpreter ends; a process that ends by os._exit or a signal loses them.
"""

import atexit
import ctypes
import logging
import threading

from ._library import LogListener, library

LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING)

logger = logging.getLogger("gems")
# Without a handler of the program's, logging would print warnings, which stderr has already.
logger.addHandler(logging.NullHandler())


@LogListener
def _hear(level, time_s, thread, text):
    if not logger.isEnabledFor(LEVELS[level]):
        return
    record = logger.makeRecord(logger.name, LEVELS[level], "(unknown file)", 0, text.decode(errors="replace"), None, None)
    record.relativeCreated -= (record.created - time_s) * 1000
    record.created, record.msecs = time_s, int(time_s % 1 * 1000) + 0.0
    record.thread = thread
    record.threadName = next((each.name for each in threading.enumerate() if each.ident == thread), "(unknown)")
    logger.handle(record)


# Through CDLL, which gives up the interpreter's lock: the last messages are waited for, and _hear needs it.
_log_to = ctypes.CDLL(library._name, handle=library._handle).gems_torch_log_to
_log_to.restype, _log_to.argtypes = None, (LogListener,)
_log_to(_hear)
atexit.register(_log_to, LogListener())
