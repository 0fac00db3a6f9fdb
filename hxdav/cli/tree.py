"""Every command: its name, its line of help and its function, without loading any of them.

A line is the first one of the function's docstring; a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """A command: ``function`` is ``module:name`` below ``hxdav.cli``."""

    function: str
    line: str


@dataclass(frozen=True, slots=True)
class Group:
    """Commands under one name."""

    line: str
    commands: Mapping[str, Command | Group]


_PASSKEYS = Group(
    "What signs in beside the web password.",
    {
        "remove": Command(
            "passkeys:remove",
            "Take all passkeys and recovery codes away from a user, and sign them out everywhere.",
        ),
    },
)

_ACCOUNTS = Group(
    "Practice groups, clinics, users and practitioners.",
    {
        "apply": Command(
            "accounts:apply",
            "Make the accounts what FILE says; who is not in it is disabled, nobody is deleted.",
        ),
        "list": Command("accounts:list_", "List who can come in, and whose appointments are kept."),
        "invite": Command(
            "accounts:invite",
            "Make a one-time link with which a user sets the web password within seven days; it is shown this once.",
        ),
        "set-password": Command("accounts:set_password", "Take up an invitation: set the web password."),
        "suspend": Command(
            "accounts:suspend",
            "Stop all access by a user; passwords and calendars stay, and applying the accounts file does not lift it.",
        ),
        "unsuspend": Command(
            "accounts:unsuspend",
            "Let a suspended user come in again, with the passwords that they had.",
        ),
        "passkeys": _PASSKEYS,
    },
)

_INTEGRATIONS = Group(
    "Calendars of a practitioner; only the practitioner's own login connects them.",
    {
        "add": Command(
            "connecting:add",
            "Connect a calendar; what lies ahead moves to it from those that were disconnected.",
        ),
        "list": Command(
            "integrations:list_",
            "List all calendars, or with --as the practitioner's own, the disconnected ones included.",
        ),
        "status": Command(
            "watching:standings",
            "Show how each calendar stands: last sync, what waits and since when, what was left alone and why.",
        ),
        "explain": Command(
            "watching:explain",
            "Tell an appointment's story in every calendar: where it shows, where it does not, and why.",
        ),
        "verify": Command(
            "verifying:verify",
            "Compare a calendar elsewhere with ours, object by object, and list where they differ.",
        ),
        "sync-now": Command(
            "steering:sync_now",
            "Have a calendar in an account elsewhere looked at now, by the running server or worker.",
        ),
        "pause": Command(
            "steering:pause",
            "Let a calendar in an account elsewhere stand still, both ways; nothing is deleted.",
        ),
        "resume": Command(
            "steering:resume",
            "Let a paused calendar go on; what was deleted in it meanwhile waits for your answer.",
        ),
        "privacy": Command(
            "steering:privacy",
            "Say how much a calendar in an account elsewhere is told, which is no more than the practice allows.",
        ),
        "rename": Command("integrations:rename", "Give a calendar another name; calendar programs show it, too."),
        "remove": Command(
            "integrations:remove",
            "Disconnect a calendar: it stays listed, and can only be read; one elsewhere stays there as it is.",
        ),
        "suspend": Command(
            "integrations:suspend",
            "Stop all access to a calendar; it stays listed, and nothing in it is deleted.",
        ),
        "unsuspend": Command("integrations:unsuspend", "Open a suspended calendar again."),
        "approval-link": Command(
            "approving:approval_link",
            "Print the page on which an organisation's administrator lets its Office 365 accounts be connected.",
        ),
    },
)

_APP_PASSWORDS = Group(
    "Passwords for devices; only the practitioner's own login makes them.",
    {
        "create": Command("app_passwords:create", "Make an app password; it is shown now, and never again."),
        "list": Command(
            "app_passwords:list_",
            "List the user's app passwords and when each was last used; the passwords themselves nobody knows.",
        ),
        "revoke": Command("app_passwords:revoke", "Make an app password worthless, at once."),
    },
)

_APPOINTMENTS = Group(
    "Appointments, with the practice's authority.",
    {
        "list": Command("appointments:list_", "List the appointments that take place, by start."),
        "show": Command("appointments:show", "Show one appointment, with the calendar object that clients read."),
        "add": Command("bookings:add", "Add an appointment."),
        "edit": Command(
            "bookings:edit",
            "Change what is said of an appointment, and nothing else; an empty text takes that text away.",
        ),
        "cancel": Command(
            "appointments:cancel",
            "Cancel an appointment: it leaves every calendar, and its record stays.",
        ),
        "history": Command(
            "history:show_history",
            "Show who changed an appointment, when, from where and with which device, and what was removed and "
            "refused.",
        ),
        "restore": Command(
            "appointments:restore",
            "Bring an earlier version of an appointment back, after showing what that changes.",
        ),
    },
)

_NOTIFICATIONS = Group(
    "What practitioners have been told: what happened, and what to do.",
    {
        "list": Command("notifications:list_", "List what practitioners have been told, the latest first."),
    },
)

_AUDIT = Group(
    "The audit log: appended to, never changed, and never purged.",
    {
        "export": Command(
            "audit:export",
            "Export the audit log in the order in which it was written, its moments in UTC.",
        ),
    },
)

_REVIEW = Group(
    "Deletions that wait for review: more than three at once are nobody's slip of the finger.",
    {
        "list": Command("review:list_", "List the reviews that are open, the oldest first."),
        "show": Command(
            "review:show",
            "Show what was deleted outside, when, where and by which device, and until when it can be answered.",
        ),
        "apply": Command(
            "review:apply",
            "Let deletions come about: the appointments leave every calendar, those with patients are cancelled.",
        ),
        "keep": Command(
            "review:keep",
            "Keep appointments: they show again in the calendars in which they were deleted.",
        ),
    },
)

_CREDITS = Group(
    "What calendar synchronisation is paid with: a ledger for each practice group.",
    {
        "show": Command("credits:show", "Show the balance, then every entry of the ledger."),
        "add": Command("credits:add", "Enter credits; what is paused for want of them resumes at once."),
    },
)

_SUBSCRIPTIONS = Group(
    "Calendar synchronisation: bought for a practitioner, paid with the practice group's credits.",
    {
        "buy": Command(
            "subscriptions:buy",
            "Subscribe a practitioner from today; it renews itself until it is cancelled.",
        ),
        "cancel": Command(
            "subscriptions:cancel",
            "Let a subscription end with the period that is paid; one that is paused ends at once.",
        ),
        "list": Command(
            "subscriptions:list_",
            'List every practitioner\'s subscription; "paid until" is the first day that is not paid any more.',
        ),
    },
)

_SECRETS = Group(
    "Passwords and tokens of accounts elsewhere: how they are sealed.",
    {
        "rotate": Command(
            "sealing:rotate",
            "Seal every secret with a new key, then drop the old ones; the server may run, and this may be repeated.",
        ),
    },
)

_DB = Group(
    "The database.",
    {
        "upgrade": Command(
            "database:upgrade",
            "Bring the database to this version's schema; make it where there is none.",
        ),
        "check": Command(
            "database:check",
            "Say whether the database is at this version's schema, and its tables as they should be.",
        ),
        "reindex": Command(
            "database:reindex_all",
            "Index anew when appointments take place: where that was interrupted after a change of zone, or is "
            "doubted.",
        ),
    },
)

COMMANDS: Mapping[str, Command | Group] = {
    "serve": Command("serving:serve", "Serve the calendars until told to stop."),
    "worker": Command(
        "working:worker",
        "Do what is due by the clock until told to stop: settle removals, move horizons, renew, purge, mail.",
    ),
    "demo": Command("demo:demo", "Serve a demo practice; its passwords are the same on every start."),
    "import": Command(
        "importing:import_",
        "Import the events of a file as personal appointments. Prints a line for each, and why it was refused.",
    ),
    "export": Command("importing:export", "Write a practitioner's appointments to one iCalendar file."),
    "backup": Command(
        "backups:write",
        "Write everything but the keys to a file, as it is at one moment; the server may go on meanwhile.",
    ),
    "restore": Command(
        "backups:restore",
        "Put a backup back, all of it or nothing; every client lists its calendars anew after that.",
    ),
    "doctor": Command(
        "doctor:doctor",
        "Say what is wrong with this installation, and how to mend it; exit code 1 if anything is.",
    ),
    "accounts": _ACCOUNTS,
    "integrations": _INTEGRATIONS,
    "app-passwords": _APP_PASSWORDS,
    "appointments": _APPOINTMENTS,
    "notifications": _NOTIFICATIONS,
    "audit": _AUDIT,
    "review": _REVIEW,
    "credits": _CREDITS,
    "subscriptions": _SUBSCRIPTIONS,
    "secrets": _SECRETS,
    "db": _DB,
}
"""What ``hxdav`` does, by name, in the order in which the help lists it."""
