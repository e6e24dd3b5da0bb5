"""From the CA to the agency: a shipment is sent and confirmed."""
