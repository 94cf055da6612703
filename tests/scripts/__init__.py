"""Tests of the scripts that make calls."""
