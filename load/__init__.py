"""Brings both witnesses into the warehouse: the GA4 export into raw_ga4, the shop's PostgreSQL into raw_backend."""
