"""Components for VITRina from outside."""
