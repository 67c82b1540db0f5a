"""A plugin for VITRina."""
