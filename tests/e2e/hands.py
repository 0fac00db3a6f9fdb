"""What a person's hands do on a page: by mouse at a desk, by thumb on a phone, by keyboard alone at a desk.

A flow is written once, in these few verbs, and runs with each: what one of them cannot do, that person cannot do.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from playwright.sync_api import Browser, Locator, Page, expect

from tests.e2e.browsing import DESK, PHONE, a_page
from tests.e2e.serving import DemoServer, DemoUser
from tests.exploring import AT_LENGTH

if TYPE_CHECKING:
    from playwright._impl._api_structures import SetCookieParam

Words = str | re.Pattern[str]
"""A name or a label: all of it, or a pattern that is found in it."""

MOST_PRESSES = 150
NOON = 12
SMALLEST_TARGET = 24
"""Pixels in CSS, each way (WCAG 2.2, 2.5.8); links within a sentence may be as small as its letters."""

WHERE = """found => {
  const focused = document.activeElement;
  // The picker of a day is a stop of its own within the field, at which the field itself has not the focus.
  if (found.includes(focused) && focused.matches(":focus")) return "here";
  const isBehind = found[0].compareDocumentPosition(focused) & Node.DOCUMENT_POSITION_FOLLOWING;
  return isBehind && focused !== document.body ? "before" : "after";
}"""
LOOK = """each => {
  const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(each);
  const outline = outlineStyle === "none" || outlineWidth === "0px" ? "" : `${outlineWidth} ${outlineColor}`;
  return `${outline}|${boxShadow === "none" ? "" : boxShadow}`;
}"""
IN_SIGHT = """each => {
  const { left, right, top, bottom } = each.getBoundingClientRect();
  const x = (Math.max(left, 0) + Math.min(right, innerWidth)) / 2;
  const y = (Math.max(top, 0) + Math.min(bottom, innerHeight)) / 2;
  const shown = document.elementFromPoint(x, y);
  return shown !== null && (each.contains(shown) || shown.contains(each));
}"""
UNDER_A_THUMB = """each => {
  const target = each.closest("label") || each;
  const { width, height } = target.getBoundingClientRect();
  return getComputedStyle(target).display === "inline" ? [Infinity, Infinity] : [width, height];
}"""
FOCUSED = "(document.activeElement.innerText || document.activeElement.outerHTML).slice(0, 80)"


class Hands(ABC):
    """A person before a page. Each verb waits for what it is about, and does what this person can do to it."""

    name: str
    device: dict[str, Any]

    _remembered: ClassVar[dict[DemoUser, list[SetCookieParam]]] = {}
    """What a browser keeps of those who have signed in: to type a password each time takes longer than most flows."""

    def __init__(self, page: Page) -> None:
        self.page = page

    # -- what they do

    def press(self, name: Words, *, role: Any = "button", nth: int = 0) -> None:
        """Press a button, follow a link (``role="link"``), open or shut a summary (``role="summary"``).

        Where several bear the name, ``nth`` says which.
        """
        self._press(self._named(role, name).nth(nth))

    @abstractmethod
    def fill(self, label: Words, text: str) -> None:
        """Type into a field, in place of what is there; days and times as 2026-11-23 and 09:30."""

    @abstractmethod
    def choose(self, label: Words, option: str) -> None:
        """Choose one of a list that opens."""

    @abstractmethod
    def tick(self, label: Words) -> None:
        """Tick a box, or choose the one of several round ones."""

    @abstractmethod
    def untick(self, label: Words) -> None:
        """Take the tick out of a box."""

    @abstractmethod
    def _press(self, control: Locator) -> None: ...

    # -- what they see

    def arrives(self, heading: Words) -> None:
        """Stand before the page with that heading."""
        expect(self.page.get_by_role("heading", name=heading, exact=isinstance(heading, str)).first).to_be_visible()

    def sees(self, text: Words) -> None:
        """See a text on the page."""
        expect(self.page.get_by_text(text).first).to_be_visible()

    def is_told(self, text: Words) -> None:
        """Be told something, which a screen reader says by itself."""
        expect(self.page.get_by_role("status").filter(has_text=text)).to_be_visible()

    def is_refused(self, text: Words) -> None:
        """Be told at once what is wrong, which a screen reader says by itself."""
        expect(self.page.get_by_role("alert").filter(has_text=text)).to_be_visible()

    def come_in(self, user: DemoUser, *, heading: Words = "Integrations") -> None:
        """Be where one arrives, signed in: earlier, where the same person was there before with such hands."""
        self.page.context.add_cookies(self._remembered.get(user, []))
        self.page.goto("/app/")
        if "/sign-in" not in self.page.url:
            self.arrives(heading)
            return
        self.sign_in(user, heading=heading)
        self._remembered[user] = [
            {"name": each["name"], "value": each["value"], "domain": each["domain"], "path": each["path"]}
            for each in self.page.context.cookies()
        ]

    def sign_in(self, user: DemoUser, *, heading: Words = "Integrations") -> None:
        """Sign in with the web password."""
        self.page.goto("/app/sign-in")
        self.fill("User name", user.username)
        self.fill("Web password", user.web_password)
        self.press("Sign in")
        self.arrives(heading)

    # -- how they find it

    def _named(self, role: Any, name: Words) -> Locator:
        if role == "summary":
            found = self.page.locator("summary", has_text=name)
        else:
            found = self.page.get_by_role(role, name=name, exact=isinstance(name, str))
        expect(found.first).to_be_visible()
        return found

    def _labelled(self, label: Words) -> Locator:
        found = self.page.get_by_label(label, exact=isinstance(label, str))
        expect(found).to_be_visible()
        return found


class Mouse(Hands):
    """By mouse at a desk."""

    name = "mouse"
    device = DESK

    def fill(self, label: Words, text: str) -> None:
        field = self._labelled(label)
        self._press(field)
        field.fill(text)

    def choose(self, label: Words, option: str) -> None:
        self._labelled(label).select_option(label=option)

    def tick(self, label: Words) -> None:
        self._turn(self._labelled(label), wanted=True)

    def untick(self, label: Words) -> None:
        self._turn(self._labelled(label), wanted=False)

    def _turn(self, box: Locator, *, wanted: bool) -> None:
        if box.is_checked() is not wanted:
            self._press(box)
        expect(box).to_be_checked(checked=wanted)

    def _press(self, control: Locator) -> None:
        control.click()


class Thumb(Mouse):
    """By thumb on a phone: what is pressed is large enough, on a page that is no wider than the screen."""

    name = "thumb"
    device = PHONE

    def _press(self, control: Locator) -> None:
        width, height = control.evaluate(UNDER_A_THUMB)
        assert min(width, height) >= SMALLEST_TARGET, f"{control} is {width} by {height}"
        assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
        control.tap()


class Keyboard(Hands):
    """By keyboard alone at a desk: Tab leads there and is seen to, and from there Enter, Space, arrows and letters."""

    name = "keyboard"
    device = DESK

    def fill(self, label: Words, text: str) -> None:
        field = self._labelled(label)
        self._reach(field)
        kind = field.get_attribute("type")
        if kind in {"date", "time"}:
            self._type_parts(field, text)
            return
        self.page.keyboard.press("ControlOrMeta+a")
        if "\n" in text:
            # What has so many lines is pasted.
            self.page.keyboard.insert_text(text)
        else:
            self.page.keyboard.type(text)
        expect(field).to_have_value(text)

    def choose(self, label: Words, option: str) -> None:
        choice = self._labelled(label)
        self._reach(choice)
        self.page.keyboard.type(option)
        expect(choice.locator("option:checked")).to_have_text(option)

    def tick(self, label: Words) -> None:
        box = self._labelled(label)
        if box.get_attribute("type") == "radio":
            self._go_round(box)
        else:
            self._turn(box, wanted=True)
        expect(box).to_be_checked()

    def untick(self, label: Words) -> None:
        box = self._labelled(label)
        self._turn(box, wanted=False)
        expect(box).not_to_be_checked()

    def _turn(self, box: Locator, *, wanted: bool) -> None:
        self._reach(box)
        if box.is_checked() is not wanted:
            self.page.keyboard.press("Space")

    def _go_round(self, box: Locator) -> None:
        """Tab leads to the one of them that is chosen, or to the first or last; the arrows go on from there."""
        name = box.get_attribute("name")
        group = self.page.locator(f'input[type="radio"][name="{name}"]')
        self._reach(group)
        for _ in range(group.count()):
            if self._is_focused(box):
                break
            self.page.keyboard.press("ArrowDown")
        if not box.is_checked():
            self.page.keyboard.press("Space")

    def _type_parts(self, field: Locator, text: str) -> None:
        """Type a day or a time part by part: from the first one, as Chromium in American English asks for them."""
        if "-" in text:
            year, month, day = text.split("-")
            typed = f"{month}{day}{year}"
        else:
            hour, minute = text.split(":")
            typed = f"{int(hour) % 12 or 12:02}{minute}{'P' if int(hour) >= NOON else 'A'}"
        for _ in ("day", "month"):
            self.page.keyboard.press("ArrowLeft")
        self.page.keyboard.type(typed)
        expect(field).to_have_value(text)

    def _press(self, control: Locator) -> None:
        self._reach(control)
        is_link = control.evaluate("each => each.localName === 'a'")
        self.page.keyboard.press("Enter" if is_link else "Space")

    def _reach(self, control: Locator) -> None:
        """Press Tab, or Shift and Tab where it lies behind, until it has the focus, and look whether that shows."""
        where = control.evaluate_all(WHERE)
        key, unfocused = "Shift+Tab" if where == "before" else "Tab", "|"
        if where != "here":
            unfocused = control.first.evaluate(LOOK)
        for _ in range(MOST_PRESSES):
            if where == "here":
                break
            self.page.keyboard.press(key)
            where = control.evaluate_all(WHERE)
        else:
            at = self.page.evaluate(FOCUSED)
            raise AssertionError(f"{MOST_PRESSES} times {key} did not lead to {control}; the focus is at {at!r}")
        look, is_in_sight = self.page.evaluate(f"[{LOOK}, {IN_SIGHT}].map(asked => asked(document.activeElement))")
        assert look != unfocused, f"it cannot be seen that {control} has the focus"
        assert is_in_sight, f"{control} has the focus, and is out of sight or covered"

    def _is_focused(self, control: Locator) -> bool:
        found: bool = control.evaluate("each => each === document.activeElement")
        return found


HANDS: tuple[type[Hands], ...] = (Thumb, Keyboard)
if AT_LENGTH:
    # A mouse takes the thumb's way at the keyboard's desk: what it alone would find is little, for half as much again.
    HANDS = (Mouse, *HANDS)


def named(hands: Callable[..., Hands]) -> str:
    """What the tests of these hands are called."""
    return str(getattr(hands, "name", hands))


@contextmanager
def at_hand(kind: type[Hands], browser: Browser, server: DemoServer, **device: Any) -> Iterator[Hands]:
    """Somebody with such hands, before the server's front door."""
    with a_page(browser, server, **{**kind.device, **device}) as page:
        yield kind(page)
