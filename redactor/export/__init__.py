"""The right recordings to the right person: catalog, requests, approvals, packages."""
