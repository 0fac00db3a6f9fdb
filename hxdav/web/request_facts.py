"""What the log says of a page's request: the template of its route, and the number of whoever has signed in."""

from __future__ import annotations

from flask import Flask, Response, g, request

from hxdav.log import facts_of


def tell_request_facts(application: Flask) -> None:
    """Have the application fill in what the log says of each request."""
    application.after_request(_told)


def _told(response: Response) -> Response:
    facts = facts_of(request.environ)
    facts.route = request.url_rule.rule if request.url_rule else ""
    # Where Flask-Login keeps the visitor; to ask for them would look them up for a style sheet too.
    visitor = g.get("_login_user")
    if visitor is not None and visitor.is_authenticated:
        facts.user_id = visitor.signed_in.user.id
    return response
