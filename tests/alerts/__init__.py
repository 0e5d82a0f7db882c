"""The alert rules, checked by promtool and fired in a real Prometheus."""
