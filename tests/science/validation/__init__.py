"""The engines put through the checks of ``physical_validation``.

``pip install physical_validation``, then ``python -m tests.science.validation``: some minutes
of MD with both engines, and a table. What came of it is in docs/physical-validation.md.
"""
