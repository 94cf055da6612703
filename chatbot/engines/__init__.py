"""The language models a reply can be generated with, each behind the `Engine` protocol."""
