"""What Radicale reads: the caller's tree behind its storage interface. Nothing can be written through it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, overload
from urllib.parse import quote

from radicale.item import Item
from radicale.storage import BaseCollection, BaseStorage

from hxdav.dav.addresses import ResourceKind, target_of
from hxdav.dav.objects import http_date, shown_text
from hxdav.dav.resources import Calendar, CalendarObjectResource, View
from hxdav.domain.ids import Modseq
from hxdav.errors import HxdavError, SyncTokenInvalid
from hxdav.store.feed import ShownObject

VIEW: ContextVar[View | None] = ContextVar("VIEW", default=None)
"""The tree of the request that this thread answers."""


class ReadOnly(HxdavError):
    """Somebody tried to write past the gate."""

    def __init__(self) -> None:
        super().__init__("Edits go through the gate.")


class CollectionFolder(BaseCollection):
    """The root or the home."""

    def __init__(self, path: str) -> None:
        self._path = path

    @property
    def path(self) -> str:
        """The path without slashes at its ends."""
        return self._path

    @overload
    def get_meta(self, key: None = None) -> Mapping[str, str]: ...
    @overload
    def get_meta(self, key: str) -> str | None: ...
    def get_meta(self, key: str | None = None) -> Mapping[str, str] | str | None:
        """The properties that Radicale may know: whether it is a calendar."""
        meta = self._meta()
        return meta if key is None else meta.get(key)

    def _meta(self) -> Mapping[str, str]:
        return {}

    def get_all(self) -> Iterable[Item]:
        """No objects."""
        return ()

    def get_multi(self, hrefs: Iterable[str]) -> Iterable[tuple[str, Item | None]]:
        """No objects."""
        return [(href, None) for href in hrefs]

    def upload(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not this way."""
        raise ReadOnly

    def delete(self, *_args: Any, **_kwargs: Any) -> None:
        """Not this way."""
        raise ReadOnly

    def set_meta(self, *_args: Any, **_kwargs: Any) -> None:
        """Not this way."""
        raise ReadOnly


class CalendarCollection(CollectionFolder):
    """A calendar."""

    def __init__(self, path: str, calendar: Calendar, view: View) -> None:
        super().__init__(path)
        self._calendar = calendar
        self._view = view

    @property
    def etag(self) -> str:
        """Made of the sync token."""
        return f'"{self._calendar.token}"'

    @property
    def last_modified(self) -> str:
        """Not told of a collection."""
        return ""

    def sync(self, old_token: str = "") -> tuple[str, Iterable[str]]:
        """The present token, and what changed since another, read when it is looked at."""
        try:
            after = self._view.since(self._calendar, old_token)
        except SyncTokenInvalid as invalid:
            raise ValueError(str(invalid)) from None
        return self._calendar.token, self._changed(after, is_first=not old_token)

    def _changed(self, after: Modseq, *, is_first: bool) -> Iterator[str]:
        feed, integration_id = self._view.tx.feed, self._calendar.integration.id
        changes = feed.listing(integration_id) if is_first else feed.changes(integration_id, after)
        yield from (change.href for change in changes)

    def get_all(self) -> Iterator[Item]:
        """Every object."""
        for shown in self._view.tx.feed.every_object(self._calendar.integration.id):
            yield self.item(shown)

    def get_multi(self, hrefs: Iterable[str]) -> Iterable[tuple[str, Item | None]]:
        """The objects at these hrefs."""
        wanted = list(hrefs)
        found = self._view.tx.feed.objects(self._calendar.integration.id, wanted)
        return [(href, self.item(found[href]) if href in found else None) for href in wanted]

    def item(self, shown: ShownObject) -> Item:
        """An object as Radicale has it: complete, so that it never reads the text."""
        url = self._calendar.url + quote(shown.href)
        self._view.look_at(CalendarObjectResource(url=url, calendar=self._calendar, shown=shown))
        return Item(
            collection=self,
            href=shown.href,
            last_modified=http_date(shown.changed_at),
            text=shown_text(shown),
            etag=shown.etag,
            uid=shown.shown_uid,
            name="VCALENDAR",
            component_name="VEVENT",
        )

    def _meta(self) -> Mapping[str, str]:
        return {
            "tag": "VCALENDAR",
            "D:displayname": self._calendar.integration.name,
            "C:supported-calendar-component-set": "VEVENT",
        }


class ReadOnlyStorage(BaseStorage):
    """Finds what is at a path in the caller's tree."""

    _is_collision_free = True
    _supports_unicode = True
    _supports_trailing_whitespace = True
    _supports_problematic_chars = True

    def discover(self, path: str, depth: str = "0", *_args: Any, **_kwargs: Any) -> Iterator[CollectionFolder | Item]:
        """What is at ``path`` and, unless ``depth`` is 0, what is in it; read as it is taken.

        Radicale looks for the caller's home before every request, and takes the first result only.
        """
        target = target_of(path)
        view = VIEW.get()
        if view is None:
            yield CollectionFolder(target.username)
        elif not target.slug:
            yield from self._folders(view, target.kind, depth)
        elif target.slug in view.calendars:
            collection = self._collection(view, target.slug)
            if target.kind is ResourceKind.OBJECT:
                yield from (found for _, found in collection.get_multi([target.href]) if found is not None)
            elif target.kind is ResourceKind.CALENDAR:
                yield collection
                yield from () if depth == "0" else collection.get_all()

    def _folders(self, view: View, kind: ResourceKind, depth: str) -> Iterator[CollectionFolder]:
        if kind is ResourceKind.ROOT:
            view.look_at(view.root)
            yield CollectionFolder("")
            if depth == "0":
                return
        view.look_at(view.home)
        yield CollectionFolder(view.username)
        if kind is ResourceKind.HOME and depth != "0":
            yield from (self._collection(view, slug) for slug in view.calendars)

    @contextmanager
    def acquire_lock(self, mode: str, user: str = "", *_args: object, **_kwargs: object) -> Iterator[None]:  # noqa: ARG002
        """Nothing to lock: the tree is a snapshot."""
        if mode != "r":
            raise ReadOnly
        yield

    def _collection(self, view: View, slug: str) -> CalendarCollection:
        calendar = view.calendars[slug]
        view.look_at(calendar)
        return CalendarCollection(f"{view.username}/{slug}", calendar, view)

    def create_collection(self, *_args: Any, **_kwargs: Any) -> Any:
        """Not this way."""
        raise ReadOnly

    def move(self, *_args: Any, **_kwargs: Any) -> None:
        """Not this way."""
        raise ReadOnly

    def verify(self) -> bool:
        """Nothing to verify here: ``hxdav db check`` does."""
        return True
