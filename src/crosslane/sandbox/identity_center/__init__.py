"""IAM Identity Center in the sandbox: the roles of a sign-in, its OIDC service, its portal, and who says yes there."""
