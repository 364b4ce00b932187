"""Run collectors under limits, seal, spool, ship, schedule, enrol: the `boltseal` command."""
