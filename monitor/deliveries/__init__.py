"""Deliveries: offering each frozen message to its destination until it is accepted or visibly ends."""
