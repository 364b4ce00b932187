"""The Django project: admit, log, store, judge, show, export: the `boltseal-server` command."""
