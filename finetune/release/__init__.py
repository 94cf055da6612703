"""From a candidate version to what is served: the gate, publication, versions, export."""
