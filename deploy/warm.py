"""Import the libraries that the services import at their start, so that their bytecode lies beside them.

Not the services themselves: their changes would make this large layer of the image anew.
"""

# ruff: noqa: F401

import asyncpg
import click
import faststream.nats
import httptools
import httpx
import jwt
import litestar.exceptions
import litestar.handlers
import litestar.middleware.rate_limit
import litestar.openapi.config
import litestar.params
import litestar.plugins.prometheus
import msgspec
import multipart
import nats.aio.client
import nats.js.api
import opentelemetry.trace.propagation.tracecontext
import prometheus_client.core
import python_calamine
import rich.console
import rich.progress
import rich.table
import sqlalchemy.dialects.postgresql.asyncpg
import sqlalchemy.ext.asyncio
import structlog
import uvicorn.protocols.http.httptools_impl
