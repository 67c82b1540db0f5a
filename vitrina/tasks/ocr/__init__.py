"""Reading: a text spelled out from its drawing, beside whatever else is asked of it."""
