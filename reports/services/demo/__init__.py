"""The demo world: fourteen companies, two months of documents, every state there is."""

from reports.services.demo.world import PASSWORD, USERNAME, build, is_built

__all__ = ["PASSWORD", "USERNAME", "build", "is_built"]
