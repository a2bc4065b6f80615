"""HealthSim: linked synthetic health data from a profile and a journey."""

__version__ = "0.1.0"
