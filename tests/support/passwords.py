"""Hashing at a price that tests of everything but the hashing can pay."""

LIGHT = {"time_cost": 1, "memory_kib": 64, "lanes": 1}
