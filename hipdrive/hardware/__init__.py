"""What is in the room: rigs, plates and cameras."""
