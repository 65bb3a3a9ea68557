"""Pretrained networks: found, checked and built; the names of ImageNet's classes."""
