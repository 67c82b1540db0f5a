"""The command line: composing and checking settings, the job of a sweep, the end of a sweep."""
