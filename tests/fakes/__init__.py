"""In-memory worlds for tests: what is live, declared thing by thing."""
