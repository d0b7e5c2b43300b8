"""Who may do what in the sandbox: signatures, the map from operations to IAM actions, the request context, and the
decision by ``crosslane.iam`` over every policy that the sandbox keeps.

``world.StoreWorld`` reads the policies, ``judge.judge`` decides, ``authorizer.Authorizer`` refuses. docs/sandbox-iam.md
says what is covered.
"""
