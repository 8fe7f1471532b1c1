"""Endpoints that take a form with files: it is received in full before anything is held or sent,
and gone when the Call has ended, however it ends."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

import msgspec

from relay.proxy.dialect import Dialect
from relay.proxy.dialects.decoding import complaint, wrong
from relay.proxy.endpoints.inference import Inference
from relay.proxy.errors import ApiError, Cause
from relay.proxy.exchange import Exchange
from relay.proxy.forms.form import Form
from relay.proxy.forms.receiving import receive
from relay.proxy.forms.wishes import take
from relay.proxy.request import Request

if TYPE_CHECKING:
    from relay.proxy.app import Relay

T = TypeVar("T")


class Read(Protocol):
    """Makes a request of a form; raises ApiError naming what is wrong."""

    async def __call__(self, exchange: Exchange, form: Form, /) -> Request: ...


@dataclass(frozen=True, slots=True)
class Uploads:
    """Implements `exchange.Endpoint`."""

    name: str
    read: Read
    dialect: Dialect = Dialect.CHAT

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`. The key is looked at before the form is taken."""
        await relay.authenticate(exchange)
        received = await receive(exchange.client, bytes_max=exchange.upload_bytes_max)
        try:
            form, exchange.wishes = take(received)
            request = await self.read(exchange, form)
            models = exchange.wishes.models
            further = [await self.read(exchange, form.asking(name)) for name in models]
            await relay.conduct(exchange, request, further)
        finally:
            received.close()


@dataclass(frozen=True, slots=True)
class JsonOrForm:
    """Implements `exchange.Endpoint` where a body comes either way: clients send a form where
    there is a file, some of them always."""

    json: Inference
    form: Uploads

    @property
    def name(self) -> str:
        """See `Endpoint.name`."""
        return self.json.name

    @property
    def dialect(self) -> Dialect:
        """See `Endpoint.dialect`."""
        return self.json.dialect

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`."""
        kind = exchange.client.headers.get(b"content-type", b"").lstrip().lower()
        chosen = self.form if kind.startswith(b"multipart/") else self.json
        await chosen.serve(relay, exchange)


def fields_of(form: Form, kind: type[T]) -> T:
    """The form's fields as a Struct; raises ApiError (400) that names the one that is wrong."""
    try:
        return msgspec.convert(form.texts(), kind, strict=False)
    except msgspec.ValidationError as error:
        raise complaint(str(error)) from None


def demand_files(form: Form, name: str, *, files_max: int = 1) -> None:
    """Raises ApiError unless there are files of this name, none empty and not too many."""
    found = form.files(name)
    if not found:
        raise ApiError(Cause.MISSING_PARAMETER, param=name, detail=name)
    if len(found) > files_max:
        raise wrong(name, f"must be {files_max} at most")
    if not all(file.size_bytes for file in found):
        raise wrong(name, "must not be empty")


def given_or_sold(given: str | None, exchange: Exchange, defaults: tuple[str, ...]) -> str:
    """The model that was asked for, else the first of `defaults` that the site sells.

    Raises ApiError: neither, or a name that cannot be one.
    """
    sold = [name for name in defaults if name in exchange.offers]
    model = given or next(iter(sold), "")
    if not model:
        raise ApiError(Cause.MISSING_PARAMETER, param="model", detail="model")
    if not model.isprintable():
        raise wrong("model", "must be printable text")
    return model
