"""A worker that loses Redis while a task runs gives up the connection, then gives back and
acknowledges over it what it can; none of that may end it."""

import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from kombu import Connection, Consumer, Exchange, Queue
from kombu.common import ignore_errors
from kombu.message import Message

from devstack.process import Child, ProcessGroup
from tests.servers import start_valkey

PLAIN = "kombu.transport.redis:Transport"
WAIT_S = 10


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[tuple[str, Child, ProcessGroup]]:
    """A Redis of its own: its URL, its process and the group that ends it."""
    with ProcessGroup() as group:
        url = start_valkey(group, tmp_path)
        yield url, group._children[0], group


def taken(connection: Connection) -> Message:
    """A message that nobody has acknowledged yet, while the next is waited for."""
    queue = Queue("ticks", Exchange("ticks"), routing_key="tick")
    got: list[Message] = []
    channel = connection.default_channel
    connection.Producer(channel).publish(
        {}, exchange=queue.exchange, routing_key="tick", declare=[queue]
    )
    Consumer(channel, [queue], on_message=got.append).consume()
    # A worker listens on more than one channel; the first that can't be closed leaves others open.
    Consumer(connection.channel(), [Queue("orders")], on_message=got.append).consume()
    while not got:
        connection.drain_events(timeout=WAIT_S)
    with pytest.raises(TimeoutError):
        connection.drain_events(timeout=0.01)
    return got[0]


def lose(transport: str, broker: tuple[str, Child, ProcessGroup]) -> None:
    """What Celery's consumer does when the server went away, in its order."""
    url, server, group = broker
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    lost = Connection(url, transport=transport, transport_options=options)
    message = taken(lost)
    os.kill(server.pid, signal.SIGKILL)
    group.end(server)
    with ignore_errors(lost):
        lost.collect(socket_timeout=1)
    ignore_errors(lost, lost.close)
    message.ack_log_error(logging.getLogger(__name__), lost.connection_errors)


def test_losing_the_broker_ends_no_worker(
    broker: tuple[str, Child, ProcessGroup], caplog: pytest.LogCaptureFixture
) -> None:
    lose(settings.CELERY_BROKER_TRANSPORT, broker)
    [told] = [row for row in caplog.records if row.name == __name__]
    assert "Couldn't ack" in told.getMessage()
    assert "ConnectionError" in told.getMessage()


def test_kombus_own_transport_would_end_it(broker: tuple[str, Child, ProcessGroup]) -> None:
    with pytest.raises(AttributeError, match="hostname"):
        lose(PLAIN, broker)
