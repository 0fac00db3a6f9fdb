"""The gate: the one entrance for edits from every channel, and the practice's rules for them (docs/gate.md).

It decides before it writes, and it commits a refusal like any other fact. Import from here only: the modules below are
the gate's own.
"""

from hxdav.gate.adoption import adoptable_appointment as adoptable_appointment
from hxdav.gate.context import GateContext as GateContext
from hxdav.gate.context import lock_practitioner as lock_practitioner
from hxdav.gate.context import window_of as window_of
from hxdav.gate.dispatch import submit as submit
from hxdav.gate.dispatch import submit_new as submit_new
from hxdav.gate.edits import CancelAppointment as CancelAppointment
from hxdav.gate.edits import Change as Change
from hxdav.gate.edits import MoveObject as MoveObject
from hxdav.gate.edits import PutAppointment as PutAppointment
from hxdav.gate.edits import PutObject as PutObject
from hxdav.gate.edits import RemoveObject as RemoveObject
from hxdav.gate.edits import RestoreVersion as RestoreVersion
from hxdav.gate.edits import read_body as read_body
from hxdav.gate.privacy import level_for as level_for
from hxdav.gate.recording import admit as admit
from hxdav.gate.recording import heal as heal
from hxdav.gate.removal_batches import AT_ONCE as AT_ONCE
from hxdav.gate.removal_batches import settle as settle
from hxdav.gate.removal_decisions import apply_removal as apply_removal
from hxdav.gate.removal_decisions import keep_removal as keep_removal
from hxdav.gate.removals import ask_review as ask_review
from hxdav.gate.undo import NOT_RESTORED as NOT_RESTORED
from hxdav.gate.undo import last_other as last_other
