"""Command line: composes and checks settings, starts runs and sweeps. One module per subcommand."""
