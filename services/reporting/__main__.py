"""Reporting as a process of its own: python -m services.reporting."""

import os
import sys

from services.reporting.app import serve_reporting
from shared import logs, settings
from shared.http_server import run

if __name__ == "__main__":
    given = settings.from_environment(os.environ)
    logs.set_up(given.log_format)
    sys.exit(run(serve_reporting(given)))
