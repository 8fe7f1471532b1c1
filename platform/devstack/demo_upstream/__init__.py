"""The demo upstream: a small OpenAI-compatible server that says plainly it is no real model.

It owns made-up answers, honest token counts and every fault that a directive asks for; it never
imports Django or the product's apps. `docs/demo-upstream.md` lists what it can be told to do.
"""
