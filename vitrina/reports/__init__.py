"""Tables over seeds and HTML reports, created from the folders of runs."""
