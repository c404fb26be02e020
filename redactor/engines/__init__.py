"""Who works on which recording when. :mod:`.base` has what one attempt is; the rest only schedules it."""
