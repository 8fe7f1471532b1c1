"""Logging of every process: one line an event to standard error, by allow-list of loggers.

Never logs a request body, a prompt, a header or a key: nothing in the code base hands one to a
logger, and libraries that would are kept at WARNING.
"""

import logging.config

QUIET = ("httpx", "httpcore", "asyncio", "urllib3", "daphne", "uvicorn.access", "django.server")


def configure(*, level: str) -> None:
    """Set up logging for this process; called once, by the settings."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"level": level, "handlers": ["stderr"]},
            "loggers": {name: {"level": "WARNING"} for name in QUIET},
        }
    )
