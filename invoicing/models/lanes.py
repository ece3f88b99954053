"""How many calls each worker may have under way at a provider."""

import uuid

from django.db import models


class LaneGrant(models.Model):
    """So many calls at once, granted to one worker until it gives them back or is no longer heard of."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    provider = models.CharField(max_length=20)
    environment = models.CharField(max_length=8)
    calls = models.PositiveSmallIntegerField()
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["provider", "environment"], name="lane_provider")]

    def __str__(self) -> str:
        return f"{self.provider} {self.environment}: {self.calls}"
