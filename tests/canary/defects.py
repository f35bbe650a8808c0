"""The defects that are planted, each with the tests that must notice it.

Each is a mistake that somebody could make and no other guard would stop: the program starts, the
types fit, the figures look right. Add one where something broke once, or where nothing else would
tell. Quick tests are named rather than thorough ones.
"""

import defects_of_access
import defects_of_answers
import defects_of_charges
import defects_of_deliveries
import defects_of_figures
import defects_of_files
import defects_of_proof
import defects_of_puts

DEFECTS = (
    *defects_of_figures.DEFECTS,
    *defects_of_charges.DEFECTS,
    *defects_of_files.DEFECTS,
    *defects_of_deliveries.DEFECTS,
    *defects_of_proof.DEFECTS,
    *defects_of_puts.DEFECTS,
    *defects_of_access.DEFECTS,
    *defects_of_answers.DEFECTS,
)
