"""The periodic calls: `scheduler.jobs` is the table, `run` keeps calling. APScheduler only calls; the database rows say what is due."""

from scheduler.jobs import JOBS, House, Job
from scheduler.loop import once, run

__all__ = ["JOBS", "House", "Job", "once", "run"]
