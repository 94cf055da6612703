"""The support desk's exports: read in any form, redacted, cleaned."""
