"""Tables over seeds and reports in HTML, made of the folders of runs."""
