"""Where a service departs from the general rule: one file a service, each departure with its documentation."""
