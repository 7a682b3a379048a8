"""Metrics as Prometheus' own parser reads them."""

from prometheus_client.parser import text_string_to_metric_families

TF = ":tensorflow:serving:"
COUNT = f"{TF}request_count_total"
"""The parser ends every counter's name in _total; the server does not."""


def read(data):
    """Metrics as name -> labels -> value."""
    found = {}
    for family in text_string_to_metric_families(data.decode()):
        for sample in family.samples:
            key = frozenset(sample.labels.items())
            assert key not in found.setdefault(sample.name, {}), (
                f"{sample.name} {sample.labels} is there twice"
            )
            found[sample.name][key] = sample.value
    return found


def value(found, name, **labels):
    """The sum of the samples that have these labels."""
    return sum(
        number for key, number in found.get(name, {}).items() if frozenset(labels.items()) <= key
    )
