"""Many runs as one: the plan of a sweep, its jobs, and how it goes."""
