"""From a candidate to what is served: the gate, publication, versions, export."""
