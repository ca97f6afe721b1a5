"""Athletes with known answers and the devices that replay them."""
