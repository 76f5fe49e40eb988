"""`cds conformance URL`: is this a CDS Hooks server? A client that checks any server against the specification.

Each check names the requirements it stands for by their numbers in the project's checklist (CH-nnn).
"""
