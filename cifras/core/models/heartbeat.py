"""Proof that schedule, broker and a worker are alive: the task that beats leaves the time here."""

from django.db import models


class Heartbeat(models.Model):
    """When the sweep `name` was last carried out."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%Y-%m-%d %H:%M:%S}"
