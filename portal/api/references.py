"""How other things are named inside an answer."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from portal.agencies.models import Agency, Subscriber


class AgencyReference(serializers.ModelSerializer[Agency]):
    """A body by its name."""

    class Meta:
        model = Agency
        fields = ["uuid", "name"]


class SubscriberReference(serializers.ModelSerializer[Subscriber]):
    """A subscriber by kind and name; never by number."""

    class Meta:
        model = Subscriber
        fields = ["uuid", "kind", "name"]


class ChoiceSerializer(serializers.Serializer[Any]):
    """A code and what people call it."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
