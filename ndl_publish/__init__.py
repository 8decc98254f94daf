"""Area statistics from linked early-years records, safe to publish and ready for the National Data Library."""

__version__ = "0.1.0"
