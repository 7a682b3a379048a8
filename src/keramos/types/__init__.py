"""Ground floor: the frozen values (parcels) that travel from room to room.

Enters and leaves: nothing; rooms build these values and read them.
May import: the standard library, numpy and ``keramos.errors``. No function here is longer than a
check.
"""
