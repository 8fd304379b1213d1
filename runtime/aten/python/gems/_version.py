"""The version of gems: the one place that says it, also for CMake and the name of the wheel."""

__version__ = "0.1.0"
