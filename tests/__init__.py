"""Tests of bouncekit."""
