"""The command line: composes and checks settings, starts runs and sweeps; a module a subcommand."""
