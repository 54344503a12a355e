"""The front doors: `Lab` for a notebook with its shell, `Cluster` for your own manifests."""
