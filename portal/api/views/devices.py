"""Devices that keep private keys, and who held them."""

from __future__ import annotations

from rest_framework import generics, serializers

from devices.models import CustodyMove, Device
from devices.querysets import DeviceQuerySet
from portal.api.base import ByEntry, PortalView
from portal.api.filters import DeviceFilters
from portal.api.references import AgencyReference, SubscriberReference


class DeviceSerializer(serializers.ModelSerializer[Device]):
    """A device: where it is and how it is."""

    agency = AgencyReference(allow_null=True)
    subscriber = SubscriberReference(allow_null=True)

    class Meta:
        model = Device
        fields = [
            "uuid", "kind", "serial", "model", "carrier", "custody", "condition",
            "agency", "subscriber", "received_at",
        ]  # fmt: skip


class MoveSerializer(serializers.ModelSerializer[CustodyMove]):
    """One line of the custody ledger."""

    class Meta:
        model = CustodyMove
        fields = [
            "move", "from_custody", "to_custody", "from_condition", "to_condition",
            "document_label", "channel", "happened_on", "at",
        ]  # fmt: skip


class DeviceDetailSerializer(DeviceSerializer):
    """A device with its ledger, oldest line first."""

    moves = MoveSerializer(many=True)

    class Meta(DeviceSerializer.Meta):
        fields = [*DeviceSerializer.Meta.fields, "batch", "moves"]


class _Visible(PortalView):
    def get_queryset(self) -> DeviceQuerySet:
        if self.is_described:
            return Device.objects.none()
        return Device.objects.visible_to(self.actor).for_list()


class DeviceList(_Visible, generics.ListAPIView[Device]):
    """Devices, the latest in stock first."""

    serializer_class = DeviceSerializer
    filterset_class = DeviceFilters
    pagination_class = ByEntry


class DeviceDetail(_Visible, generics.RetrieveAPIView[Device]):
    """One device."""

    serializer_class = DeviceDetailSerializer
    lookup_field = "uuid"

    def get_queryset(self) -> DeviceQuerySet:
        return super().get_queryset().prefetch_related("moves")
