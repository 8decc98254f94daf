"""Secondary suppression: withhold further cells so that the primaries cannot be deduced by subtraction."""
