"""Prefect flows, one file per deployment; a task is one call into the pipeline.

Prefect reads its settings when it is first imported, so they are set here: all that it keeps lies in our home folder, and it
reports nothing. What the environment says already stands.
"""

import os

from pipeline.domain.private_folder import private_folder
from pipeline.settings import Settings

HEARTBEAT_S = 30
"""Seconds between signs of life of a run, by which a server can tell one that was killed: as few as Prefect allows."""

_settings = Settings.load()
if "PREFECT_HOME" not in os.environ:
    os.environ["PREFECT_HOME"] = str(private_folder(_settings.home / "prefect"))
if _settings.log == "json":
    # Its formatter of that name becomes ours, in this process and in those that it starts.
    os.environ["PREFECT_LOGGING_FORMATTERS_JSON_CLASS"] = "pipeline.report.json_log.JsonFormatter"
    os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER"] = "json"
    os.environ["PREFECT_LOGGING_COLORS"] = "false"
os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
# A server of ours forgets runs that ended 90 days ago; unasked it forgets events only, and grows with every night.
os.environ.setdefault("PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED", "events,flow_runs")
os.environ.setdefault("PREFECT_FLOWS_HEARTBEAT_FREQUENCY", str(HEARTBEAT_S))
# A busy machine takes longer than the twenty seconds after which Prefect gives up its temporary server.
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "180")
