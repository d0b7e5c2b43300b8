"""A pipeline at work: starting it, following an execution, approving, logs. Values, and calls that read or act."""
