"""The catalog as code: a YAML file in, a list of changes, the database made so; and back.

file → `reader` → `document` → `diff` (against what `store` reads) → `store`. `export` goes the
other way. Only `store` touches the database; only `credentials` the environment.
"""
