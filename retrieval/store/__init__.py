"""An index on disk: its versions, what each holds, what an ingest changes."""
