"""The gate: the one entrance for edits, from whichever channel, and the rules that bind them (`design.md` §6).

Decides before it writes; a refusal is a committed fact, not an exception.
"""

from hxdav.services.gate.edits import CancelAppointment as CancelAppointment
from hxdav.services.gate.edits import Change as Change
from hxdav.services.gate.edits import MoveObject as MoveObject
from hxdav.services.gate.edits import PutAppointment as PutAppointment
from hxdav.services.gate.edits import PutObject as PutObject
from hxdav.services.gate.edits import RemoveObject as RemoveObject
from hxdav.services.gate.edits import RestoreVersion as RestoreVersion
from hxdav.services.gate.edits import read_body as read_body
from hxdav.services.gate.entrance import submit as submit
from hxdav.services.gate.entrance import submit_new as submit_new
